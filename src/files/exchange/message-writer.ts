/**
 * Writes messages to one piece stream at the pace of the other end: what is small waits in a short line,
 * blocks are made only when there is room for them. As in protocol/stream-writer.ts, `drain` is waited for.
 */
import { Uint8ArrayList } from 'uint8arraylist'
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { encodeMessage } from './messages.ts'
import { notePassing } from './passing-bytes.ts'
import type { PieceMessage } from './messages.ts'
import type { Stream } from '@libp2p/interface'

/**
 * With the muxer's header just four messages of the encrypter, and within the muxer's window: shorter ones
 * cost a window update and an encryption each, measured in test/bench.
 */
const CHUNK_BYTES = 4 * 65_519 - 12
/** Written in one turn of the event loop, which others wait for. */
const TURN_BYTES = CHUNK_BYTES

/** The head and the bytes of the next block; undefined where there is none now. */
export type BlockSource = () => readonly Uint8Array[] | undefined

export class MessageWriter {
  readonly #stream: Stream
  readonly #nextBlock: BlockSource
  readonly #waiting: Uint8Array[] = []
  #waitingBytes = 0
  /** What did not fit into the last chunk. */
  #left: Uint8Array[] = []
  #isScheduled = false
  #isBlocked = false
  #isEnded = false

  constructor(stream: Stream, nextBlock: BlockSource = () => undefined) {
    this.#stream = stream
    this.#nextBlock = nextBlock
    stream.addEventListener('drain', () => {
      this.#isBlocked = false
      this.wake()
    })
  }

  /** The other end has not taken what was sent. */
  get isBlocked(): boolean {
    return this.#isBlocked
  }

  /**
   * Queues a message; it leaves after this tick, before all blocks that have not been begun.
   * @throws MeshError SESSION_CONGESTED when too much waits already
   */
  write(message: PieceMessage): void {
    if (this.#isEnded) return
    const bytes = encodeMessage(message)
    if (this.#waitingBytes + bytes.byteLength > LIMITS.pieceWriteBytesMax) {
      throw new MeshError('SESSION_CONGESTED', 'the other end does not read what is sent to it')
    }
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.byteLength
    this.wake()
  }

  /** There may be a block to write. */
  wake(): void {
    if (this.#isScheduled || this.#isBlocked || this.#isEnded) return
    this.#isScheduled = true
    process.nextTick(() => this.#onTurn())
  }

  /** Sends the messages that the stream takes at once, and ignores all later ones. */
  end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#flush(Infinity)
  }

  #onTurn(): void {
    this.#isScheduled = false
    if (this.#isEnded || !this.#flush(TURN_BYTES)) return
    this.#isScheduled = true
    setImmediate(() => this.#onTurn())
  }

  /** @returns whether there is more to write that the stream would take */
  #flush(bytesMax: number): boolean {
    try {
      for (let bytes = 0; bytes < bytesMax; bytes += CHUNK_BYTES) {
        if (this.#isBlocked || this.#stream.writeStatus !== 'writable') return false
        const chunk = this.#nextChunk()
        if (chunk === undefined) return false
        notePassing(chunk.byteLength)
        this.#isBlocked = !this.#stream.send(chunk)
      }
    } catch (cause) {
      // Nobody waits for this turn; the stream's end tells.
      this.#stream.abort(MeshError.from(cause, 'SESSION_CLOSED'))
      return false
    }
    return true
  }

  #nextChunk(): Uint8Array | Uint8ArrayList | undefined {
    const chunk: Uint8Array[] = []
    let room = CHUNK_BYTES
    for (let part = this.#nextPart(); part !== undefined; part = this.#nextPart()) {
      chunk.push(part.subarray(0, room))
      if (part.byteLength >= room) {
        if (part.byteLength > room) this.#left.unshift(part.subarray(room))
        break
      }
      room -= part.byteLength
    }
    return chunk.length > 1 ? new Uint8ArrayList(...chunk) : chunk[0]
  }

  #nextPart(): Uint8Array | undefined {
    const left = this.#left.shift()
    if (left !== undefined) return left
    const message = this.#waiting.shift()
    if (message !== undefined) {
      this.#waitingBytes -= message.byteLength
      return message
    }
    if (this.#isEnded) return undefined
    this.#left = [...(this.#nextBlock() ?? [])]
    return this.#left.shift()
  }
}
