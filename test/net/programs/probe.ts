/**
 * Plain TCP, for looking at the world itself. `serve PORT` tells each caller by which address and port it is seen, and
 * then says back what it hears. `ask LOCALPORT HOST PORT` prints what it is told, or why nobody answers; `hold HOST PORT`
 * stays connected, and sends on what comes by its stdin. `pour HOST PORT BYTES` prints how long so much takes there and back.
 */
import { connect, createServer } from 'node:net'
import { once } from 'node:events'

const ANSWER_TIMEOUT_MS = 2_000

const [verb = '', ...words] = process.argv.slice(2)

switch (verb) {
  case 'serve':
    await serve(Number(words[0]))
    break
  case 'ask':
    console.log(await ask(Number(words[0]), words[1] ?? '', Number(words[2])))
    break
  case 'hold':
    hold(words[0] ?? '', Number(words[1]))
    break
  case 'pour':
    console.log(await pour(words[0] ?? '', Number(words[1]), Number(words[2])))
    break
  default:
    throw new Error(`no such verb: ${verb}`)
}

async function serve(port: number): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.write(`${socket.remoteAddress} ${socket.remotePort}\n`)
    socket.pipe(socket)
  })
  server.listen(port, '::')
  await once(server, 'listening')
  console.log('listening')
}

async function ask(localPort: number, host: string, port: number): Promise<string> {
  const socket = connect({ host, port, ...(localPort === 0 ? {} : { localPort }) })
  const { promise, resolve } = Promise.withResolvers<string>()
  socket.once('data', (data) => resolve(String(data).trim()))
  socket.once('error', ({ message }) => resolve((/\bE[A-Z]+\b/.exec(message) ?? [message])[0]))
  socket.setTimeout(ANSWER_TIMEOUT_MS, () => resolve('silence'))
  const answer = await promise
  socket.destroy()
  return answer
}

function hold(host: string, port: number): void {
  const socket = connect({ host, port })
  socket.pipe(process.stdout)
  socket.on('close', () => console.log('closed'))
  process.stdin.pipe(socket)
}

async function pour(host: string, port: number, bytes: number): Promise<number> {
  const socket = connect({ host, port })
  await once(socket, 'data')
  const beginsAtMs = performance.now()
  let heard = 0
  socket.on('data', (chunk) => {
    heard += chunk.byteLength
    if (heard >= bytes) socket.end()
  })
  socket.write(Buffer.alloc(bytes))
  await once(socket, 'close')
  return performance.now() - beginsAtMs
}
