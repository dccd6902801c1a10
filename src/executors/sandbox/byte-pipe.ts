/**
 * The pipe beside the one for messages, for bytes that are too many to be text: what a task brings, and what it
 * leaves. Which bytes come next, and how many, is said in a message; without one nothing is read, so that a host
 * which writes here unasked fills no more than the pipe.
 */
import { createReadStream } from 'node:fs'
import { deferred } from '../../core/abort.ts'
import type { Deferred } from '../../core/abort.ts'
import type { Duplex } from 'node:stream'

/** Bytes at hand, or in a file that has so many. */
export type Attachment = Uint8Array | { source: string; sizeBytes: number }

/** Its descriptor in a host. */
export const BYTES_DESCRIPTOR = 4
const CHUNK_BYTES = 256 * 1_024

export class BytePipe {
  readonly #stream: Duplex
  #isOver = false
  /** Resolves with the next sign of life; to be taken before what may bring it. */
  #news: Deferred<void> = deferred()

  constructor(stream: Duplex) {
    this.#stream = stream
    const wake = (): void => {
      const { resolve } = this.#news
      this.#news = deferred()
      resolve()
    }
    const end = (): void => {
      this.#isOver = true
      wake()
    }
    stream.on('error', end)
    stream.on('close', end)
    stream.on('end', end)
    stream.on('drain', wake)
    stream.on('readable', wake)
  }

  /** @throws Error where the file has not so many bytes, or nobody is there to take them */
  async send(attachment: Attachment): Promise<void> {
    if (attachment instanceof Uint8Array) return await this.#write(attachment)
    const { sizeBytes, source } = attachment
    let leftBytes = sizeBytes
    for await (const chunk of createReadStream(source, { highWaterMark: CHUNK_BYTES })) {
      const bytes = chunk as Uint8Array
      leftBytes -= bytes.byteLength
      if (leftBytes < 0) break
      await this.#write(bytes)
    }
    if (leftBytes !== 0) throw new Error('a file changed while it was read')
  }

  /** The next so many bytes, in memory of their own. @throws Error where they never come */
  async receive(sizeBytes: number): Promise<Uint8Array<ArrayBuffer>> {
    const target = new Uint8Array(sizeBytes)
    for (let length = 0; length < sizeBytes;) {
      const news = this.#news.promise
      const chunk = this.#stream.read() as Uint8Array | null
      if (chunk === null) {
        if (this.#isOver) throw new Error('the pipe ended')
        await news
        continue
      }
      const part = chunk.subarray(0, sizeBytes - length)
      target.set(part, length)
      length += part.byteLength
      if (part.byteLength < chunk.byteLength) {
        this.#stream.unshift(chunk.subarray(part.byteLength))
      }
    }
    return target
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (this.#isOver) throw new Error('the pipe ended')
    this.#stream.write(bytes)
    while (this.#stream.writableNeedDrain && !this.#isOver) await this.#news.promise
  }
}
