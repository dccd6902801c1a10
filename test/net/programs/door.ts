/**
 * Lets whoever may use a socket in the file system reach a port of this machine: namespaces part networks, not files.
 * `door.ts SOCKET PORT`
 */
import { connect, createServer } from 'node:net'

const [path = '', port = ''] = process.argv.slice(2)

createServer((caller) => {
  const callee = connect({ host: '127.0.0.1', port: Number(port) })
  caller.on('error', () => callee.destroy())
  callee.on('error', () => caller.destroy())
  caller.pipe(callee).pipe(caller)
}).listen(path, () => console.log('open'))
