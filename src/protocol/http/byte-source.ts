/**
 * What comes on a stream, taken as it is needed: whole lines, or bytes. Nothing more is read from the other end while
 * enough waits here, so that whoever reads slowly is sent no faster.
 */
import { MeshError } from '../../core/errors.ts'
import { boundWindow } from './stream-window.ts'
import { deferred } from '../../core/abort.ts'
import type { Stream } from '@libp2p/interface'

/** Enough that reading never waits for a round trip at each part. */
const WAITING_BYTES_MAX = 256 * 1_024

const CR = 13
const LF = 10

export class ByteSource {
  readonly #stream: Stream
  #parts: Uint8Array[] = []
  #waitingBytes = 0
  /** Undefined while more may come; null for an end that the other side has said. */
  #ending: Error | null | undefined
  #wake = deferred<void>()

  constructor(stream: Stream) {
    this.#stream = stream
    boundWindow(stream)
    // A stream also ends when its connection is lost; only a close by the other end makes it whole.
    let isWhole = stream.remoteWriteStatus === 'closed' && stream.status === 'open'
    const onEnd = (): void => this.#end(isWhole ? null : cutOff())
    stream.addEventListener('message', ({ data }) => this.#add(data.subarray()))
    stream.addEventListener('remoteCloseWrite', () => (isWhole = true))
    // `end`, not `remoteCloseWrite`: the close may come before the last bytes have been read.
    stream.addEventListener('end', onEnd)
    stream.addEventListener('close', ({ error }) => {
      if (error !== undefined || !isWhole) this.#end(cutOff(error))
    })
    if (stream.readableEnded) onEnd()
  }

  /**
   * Up to the next line's end, without it.
   * @throws MeshError RESPONSE_INVALID for a longer one, SESSION_CLOSED where the stream ends within it
   */
  async line(bytesMax: number): Promise<string> {
    const parts: Uint8Array[] = []
    let bytes = 0
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- the next part comes after this one
      const part = await this.some(bytesMax + 2 - bytes)
      if (part === undefined) throw cutOff()
      const end = part.indexOf(LF)
      parts.push(end === -1 ? part : part.subarray(0, end))
      bytes += part.byteLength
      if (end !== -1) {
        this.#putBack(part.subarray(end + 1))
        return latin(parts)
      }
      if (bytes > bytesMax + 1) throw new MeshError('RESPONSE_INVALID', 'a line is too long')
    }
  }

  /** At least one byte and at most so many; undefined at the end. @throws MeshError SESSION_CLOSED for a stream that was cut off */
  async some(bytesMax: number): Promise<Uint8Array | undefined> {
    while (this.#parts.length === 0) {
      if (this.#ending === null) return undefined
      if (this.#ending !== undefined) throw this.#ending
      this.#wake = deferred()
      if (this.#stream.readStatus === 'paused') this.#stream.resume()
      // oxlint-disable-next-line no-await-in-loop -- until something is there
      await this.#wake.promise
    }
    const part = this.#parts.shift() as Uint8Array
    const taken = part.subarray(0, bytesMax)
    this.#waitingBytes -= part.byteLength
    this.#putBack(part.subarray(taken.byteLength))
    return taken
  }

  /** Whoever waits, and whoever asks later, gets this error. What still comes is let go. */
  fail(error: Error): void {
    this.#parts = []
    this.#waitingBytes = 0
    this.#end(error)
  }

  #add(bytes: Uint8Array): void {
    if (this.#ending !== undefined) return
    this.#parts.push(bytes)
    this.#waitingBytes += bytes.byteLength
    const isFull = this.#waitingBytes >= WAITING_BYTES_MAX
    if (isFull && this.#stream.readStatus === 'readable') this.#stream.pause()
    this.#wake.resolve()
  }

  #putBack(rest: Uint8Array): void {
    if (rest.byteLength === 0) return
    this.#parts.unshift(rest)
    this.#waitingBytes += rest.byteLength
  }

  #end(ending: Error | null): void {
    this.#ending ??= ending
    this.#wake.resolve()
  }
}

function cutOff(cause?: Error): MeshError {
  const message = 'the stream was cut off before the answer was whole'
  return new MeshError('SESSION_CLOSED', message, cause === undefined ? {} : { cause })
}

/** Headers are bytes, one letter each. */
function latin(parts: readonly Uint8Array[]): string {
  let text = ''
  for (const part of parts) for (const byte of part) text += String.fromCharCode(byte)
  return text.endsWith(String.fromCharCode(CR)) ? text.slice(0, -1) : text
}
