/** A stream whose other end has said all that it says, and that keeps what is written to it. */
import { StreamMessageEvent } from '@libp2p/interface'
import type { Stream } from '@libp2p/interface'

export class FakeStream extends EventTarget {
  readonly #sent: Uint8Array[] = []
  readonly #whenClosed = Promise.withResolvers<string>()
  status = 'open'
  remoteWriteStatus = 'writable'
  readableEnded = false

  /** All that was written, once this end has closed or reset it. */
  get answer(): Promise<string> {
    return this.#whenClosed.promise
  }

  get asStream(): Stream {
    return this as unknown as Stream
  }

  /** The other end's bytes come, in two parts, and then its end. */
  say(bytes: Uint8Array): void {
    const half = bytes.byteLength >> 1
    this.dispatchEvent(new StreamMessageEvent(bytes.subarray(0, half)))
    this.dispatchEvent(new StreamMessageEvent(bytes.subarray(half)))
    this.remoteWriteStatus = 'closed'
    this.dispatchEvent(new Event('remoteCloseWrite'))
    this.readableEnded = true
    this.dispatchEvent(new Event('end'))
  }

  /** The other end's bytes come, and then the connection ends, as one does whose relay is gone: without a word. */
  cut(bytes: Uint8Array): void {
    if (bytes.byteLength > 0) this.dispatchEvent(new StreamMessageEvent(bytes))
    this.remoteWriteStatus = 'closed'
    this.readableEnded = true
    this.status = 'closed'
    this.dispatchEvent(new Event('end'))
    this.#whenClosed.resolve(Buffer.concat(this.#sent).toString())
    this.dispatchEvent(new Event('close'))
  }

  send(bytes: Uint8Array): boolean {
    this.#sent.push(bytes)
    return true
  }

  async closeRead(): Promise<void> {}

  async close(): Promise<void> {
    this.#end('closed')
  }

  abort(): void {
    this.#end('aborted')
  }

  #end(status: string): void {
    if (this.status !== 'open') return
    this.status = status
    this.#whenClosed.resolve(Buffer.concat(this.#sent).toString())
    this.dispatchEvent(new Event('close'))
  }
}
