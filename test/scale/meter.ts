/**
 * What the process that it is loaded into costs: processor time, memory, sockets and what went over them, and what each
 * protocol sent and received. It is put into the program's own nodes as well (`meter-entry.ts`), which know nothing of it:
 * sockets tell of themselves, and of libp2p's streams the two methods are wrapped by which all bytes go.
 */
import { subscribe } from 'node:diagnostics_channel'
import { AbstractMessageStream, AbstractStream } from '@libp2p/utils'
import { collectGarbage } from '../bench/support/memory.ts'
import type { Socket } from 'node:net'

/** Since the process began, but for memory and sockets, which are those of now. */
export interface Figures {
  cpuMs: number
  rssBytes: number
  /** Once garbage is collected: objects, and buffers outside of the heap. */
  heapBytes: number
  /** Of TCP, open now. */
  sockets: number
  /** Through all sockets, with encryption and what the multiplexer needs. */
  socketBytes: Traffic
  protocols: Record<string, ProtocolFigures>
}

export interface Traffic {
  in: number
  out: number
}

/** What goes over streams of one protocol. A message is what is written at once. */
export interface ProtocolFigures {
  messages: Traffic
  bytes: Traffic
}

/** Of the processor, by looking. */
let lookedMs = 0
const open = new Set<Socket>()
const closedBytes: Traffic = { in: 0, out: 0 }
const protocols = new Map<string, ProtocolFigures>()

/** To be called once, before anything is connected. */
export function beginMetering(): void {
  subscribe('net.client.socket', (message) => noteSocket((message as { socket: Socket }).socket))
  subscribe('net.server.socket', (message) => noteSocket((message as { socket: Socket }).socket))
  countStreams()
}

export function readFigures(): Figures {
  const beganMs = cpuMs()
  collectGarbage()
  lookedMs += cpuMs() - beganMs
  const { external, heapUsed, rss } = process.memoryUsage()
  return {
    cpuMs: cpuMs() - lookedMs,
    rssBytes: rss,
    heapBytes: heapUsed + external,
    sockets: open.size,
    socketBytes: [...open].reduce(
      (sum, socket) => ({
        in: sum.in + socket.bytesRead,
        out: sum.out + socket.bytesWritten
      }),
      closedBytes
    ),
    protocols: Object.fromEntries(protocols)
  }
}

function cpuMs(): number {
  const { system, user } = process.cpuUsage()
  return (system + user) / 1_000
}

function noteSocket(socket: Socket): void {
  open.add(socket)
  socket.once('close', () => {
    open.delete(socket)
    closedBytes.in += socket.bytesRead
    closedBytes.out += socket.bytesWritten
  })
}

/** Of streams alone: a connection is a stream of bytes too, which carries all of them once more. */
function countStreams(): void {
  const { prototype } = AbstractMessageStream
  // oxlint-disable-next-line typescript/unbound-method -- called with the stream as their `this`
  const { onData, send } = prototype
  prototype.send = function countedSend(this: AbstractMessageStream, data) {
    note(this, 'out', data.byteLength)
    return send.call(this, data)
  }
  prototype.onData = function countedData(this: AbstractMessageStream, data) {
    note(this, 'in', data.byteLength)
    onData.call(this, data)
  }
}

function note(stream: AbstractMessageStream, direction: keyof Traffic, bytes: number): void {
  if (!(stream instanceof AbstractStream)) return
  const name = nameOf(stream.protocol)
  const figures = protocols.get(name) ?? { messages: nothing(), bytes: nothing() }
  protocols.set(name, figures)
  figures.messages[direction] += 1
  figures.bytes[direction] += bytes
}

/** `/taskmesh/session/1.0.0` is `session`; before both ends have agreed on one, it is `opening`. */
function nameOf(protocol: string): string {
  if (protocol === '') return 'opening'
  const [first = '', second = '', third = ''] = protocol.split('/').slice(1)
  if (first === 'meshsub') return 'gossip'
  if (first === 'taskmesh') return second
  return third === '' ? first : second
}

function nothing(): Traffic {
  return { in: 0, out: 0 }
}
