/** Process of wire.bench and jobs.bench: our frames over raw TCP or TLS, answered at once or passed on to another. */
import { connect, createServer } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { once } from 'node:events'
import { answerParent, readInit } from './support/child.ts'
import { ANSWER_TEXT } from './support/bodies.ts'
import { RawCaller, RawLink } from './support/raw-link.ts'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { Certificate } from './support/self-signed.ts'

export interface RawServerInit {
  /** TLS instead of TCP. */
  certificate?: Certificate
  /** Port of the server that requests are passed on to, bodies unread, as a router does. */
  forwardTo?: number
}

const { certificate, forwardTo } = readInit() as RawServerInit
const next = forwardTo === undefined ? undefined : await callerTo(forwardTo)
const bulk = new TextEncoder().encode(ANSWER_TEXT)

function serve(socket: Socket): void {
  const link = new RawLink(socket, (frame) => {
    if (frame.kind !== 'request') return
    const { bulk: body, command, id, params, to } = frame
    if (next === undefined) link.send({ kind: 'response', id, error: null, result: {}, bulk })
    else {
      next.request({ command, params, to, bulk: body }, (answer) => {
        if (answer.kind === 'response') link.send({ ...answer, id })
      })
    }
  })
}

async function callerTo(port: number): Promise<RawCaller> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return new RawCaller(socket)
}

const server: Server =
  certificate === undefined
    ? createServer(serve)
    : createTlsServer({ ...certificate, minVersion: 'TLSv1.3' }, serve)
server.listen(0, '127.0.0.1')
await once(server, 'listening')
answerParent({ port: () => (server.address() as AddressInfo).port })
