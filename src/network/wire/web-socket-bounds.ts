/**
 * Bounds on who connects by WebSocket: libp2p counts a connection once it has become one, and knows nothing of
 * sockets that say nothing, or of messages that have no end.
 */
import { LIMITS } from '../../core/limits.ts'
import type { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Listener } from '@libp2p/interface'
import type { Server, Socket } from 'node:net'

/** A socket that says nothing for so long does not ask for a WebSocket any more. */
const SILENT_MS = 10_000
/** Every libp2p sends far less at once: frames of noise have 64 KiB. */
const MESSAGE_BYTES_MAX = 4 * 2 ** 20

/** The parts of libp2p's listener that are bound. */
interface Parts {
  server: Server
  wsServer: EventEmitter & { options: { maxPayload: number } }
}

export function boundListener(listener: Listener): Listener {
  const { server, wsServer } = listener as unknown as Parts
  wsServer.options.maxPayload = MESSAGE_BYTES_MAX
  const pending = new Set<Socket>()
  server.on('connection', (socket) => {
    // An honest one needs its place for less than a second, so that the oldest goes.
    const [oldest] = pending
    if (pending.size >= LIMITS.pendingConnectionsMax && oldest !== undefined) {
      pending.delete(oldest)
      oldest.destroy()
    }
    pending.add(socket)
    // Lifted where the socket becomes a WebSocket.
    socket.setTimeout(SILENT_MS, () => socket.destroy())
    socket.once('close', () => pending.delete(socket))
  })
  wsServer.on('headers', (_headers, request: IncomingMessage) => pending.delete(request.socket))
  return listener
}
