/**
 * Our frames over a bare socket, gathered per tick: what the session would be without libp2p, noise,
 * yamux, checks, timers and cancellation. The limit that the session is held against.
 */
import { FrameReader } from '../../../src/protocol/frame-reader.ts'
import { decodeFrame, encodeFrame } from '../../../src/protocol/frames.ts'
import type { Socket } from 'node:net'
import type { Frame } from '../../../src/protocol/frames.ts'

export class RawLink {
  readonly #socket: Socket
  #waiting: Uint8Array[] = []

  constructor(socket: Socket, onFrame: (frame: Frame) => void) {
    this.#socket = socket
    socket.setNoDelay(true)
    const reader = new FrameReader()
    socket.on('data', (bytes: Buffer) => {
      for (const payload of reader.push(bytes)) onFrame(decodeFrame(payload))
    })
    // The other process ends first when the bench stops.
    socket.on('error', () => socket.destroy())
  }

  send(frame: Frame): void {
    this.#waiting.push(encodeFrame(frame))
    if (this.#waiting.length > 1) return
    process.nextTick(() => {
      const bytes = this.#waiting.length === 1 ? this.#waiting[0] : Buffer.concat(this.#waiting)
      this.#waiting = []
      this.#socket.write(bytes as Uint8Array)
    })
  }
}

/** Matches answers to requests by their number. */
export class RawCaller {
  readonly #link: RawLink
  readonly #waiting = new Map<number, (frame: Frame) => void>()
  #nextId = 1

  constructor(socket: Socket) {
    this.#link = new RawLink(socket, (frame) => {
      if (frame.kind !== 'response') return
      this.#waiting.get(frame.id)?.(frame)
      this.#waiting.delete(frame.id)
    })
  }

  request(
    request: Omit<Frame & { kind: 'request' }, 'id' | 'kind'>,
    onResponse: (frame: Frame) => void
  ): void {
    const id = this.#nextId
    this.#nextId += 1
    this.#waiting.set(id, onResponse)
    this.#link.send({ kind: 'request', id, ...request })
  }
}
