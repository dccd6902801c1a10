/**
 * Writes to one stream, gathering all that is written in one tick, at a pace that the other end keeps
 * up with. Why batches: each send costs an encryption and a system call, however small it is.
 * It waits for the `drain` event, because `stream.onDrain()` of @libp2p/utils 7.4 does not wait.
 */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import type { Stream } from '@libp2p/interface'
import type { TransferMeter } from './transfer-meter.ts'

/** As large as one encrypted message of the transport can be; larger ones are split there anyway. */
const CHUNK_BYTES = 64 * 1_024

/** Frames that may wait: small ones cost far more memory than their bytes. */
const FRAMES_MAX = 65_536

export class StreamWriter {
  readonly #stream: Stream
  readonly #meter: TransferMeter | undefined
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  #isScheduled = false
  #isBlocked = false
  #isEnded = false

  /** @param meter gets how fast the other end takes what waits for it */
  constructor(stream: Stream, meter?: TransferMeter) {
    this.#stream = stream
    this.#meter = meter
    stream.addEventListener('drain', () => {
      this.#isBlocked = false
      this.#flush()
    })
  }

  /** Bytes accepted but not yet handed to the stream. */
  get waitingBytes(): number {
    return this.#waitingBytes
  }

  /**
   * Queues bytes; they leave at the end of this tick or when the other end has room.
   * @throws MeshError SESSION_CONGESTED when too much waits already
   */
  write(bytes: Uint8Array): void {
    if (this.#isEnded) return
    const isFull =
      this.#waitingBytes + bytes.byteLength > LIMITS.sessionWriteBytesMax ||
      this.#waiting.length >= FRAMES_MAX
    if (isFull) {
      throw new MeshError('SESSION_CONGESTED', 'the other end does not read what is sent to it')
    }
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.byteLength
    if (this.#isScheduled || this.#isBlocked) return
    this.#isScheduled = true
    process.nextTick(() => {
      this.#isScheduled = false
      this.#flush()
    })
  }

  /** Sends what the stream takes at once, forgets the rest, and ignores all later writes. */
  end(): void {
    this.#flush()
    this.#isEnded = true
    this.#waiting = []
    this.#waitingBytes = 0
  }

  #flush(): void {
    try {
      while (
        this.#waiting.length > 0 &&
        !this.#isBlocked &&
        this.#stream.writeStatus === 'writable'
      ) {
        const chunk = this.#nextChunk()
        this.#waitingBytes -= chunk.byteLength
        this.#isBlocked = !this.#stream.send(chunk)
        this.#meter?.moved(chunk.byteLength)
        // Until the buffers are full nothing can be told; from then on they take what has gone.
        if (this.#isBlocked) this.#meter?.begin()
      }
      if (this.#waiting.length === 0) this.#meter?.idle()
    } catch (cause) {
      // The connection went away under the stream. Nobody waits for this flush; the stream's end tells.
      this.#stream.abort(MeshError.from(cause, 'SESSION_CLOSED'))
    }
  }

  /** As many whole frames as fit in a chunk, or a piece of one that doesn't. */
  #nextChunk(): Uint8Array {
    let count = 0
    let bytes = 0
    for (const frame of this.#waiting) {
      if (count > 0 && bytes + frame.byteLength > CHUNK_BYTES) break
      count += 1
      bytes += frame.byteLength
    }
    if (bytes <= CHUNK_BYTES) {
      const frames = this.#waiting.splice(0, count)
      return frames.length === 1 ? (frames[0] as Uint8Array) : Buffer.concat(frames, bytes)
    }
    const large = this.#waiting[0] as Uint8Array
    this.#waiting[0] = large.subarray(CHUNK_BYTES)
    return large.subarray(0, CHUNK_BYTES)
  }
}
