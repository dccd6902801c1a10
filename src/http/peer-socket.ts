/**
 * A stream of a peer as the socket that Node's HTTP server expects: read only as fast as it is taken, written at the
 * pace of the peer, with an end that comes. (The socket of @libp2p/http-utils waits for neither.)
 */
import { Duplex } from 'node:stream'
import { MeshError } from '../core/errors.ts'
import { boundWindow } from '../protocol/http/stream-window.ts'
import { closeWithin, writePaced } from '../protocol/stream-text.ts'
import type { Clock } from '../core/clock.ts'
import type { Stream } from '@libp2p/interface'

/** How long a peer that was answered may leave its side open. */
const CLOSE_TIMEOUT_MS = 5_000

type Done = (error?: Error | null) => void

export class PeerSocket extends Duplex {
  readonly peer: string
  /** What limits by address count by. */
  readonly remoteAddress: string
  readonly #stream: Stream
  readonly #clock: Clock
  #idleMs = 0
  #movedAtMs: number
  #cancelIdle: () => void = () => {}

  constructor(stream: Stream, peer: string, clock: Clock) {
    super({ allowHalfOpen: true, decodeStrings: true })
    this.peer = peer
    this.remoteAddress = peer
    this.#stream = stream
    this.#clock = clock
    this.#movedAtMs = clock.monotonicMs()
    boundWindow(stream)
    let isWhole = stream.remoteWriteStatus === 'closed' && stream.status === 'open'
    stream.addEventListener('message', ({ data }) => this.#take(data.subarray()))
    stream.addEventListener('remoteCloseWrite', () => (isWhole = true))
    stream.addEventListener('end', () => {
      if (isWhole) this.push(null)
      else this.destroy(cutOff())
    })
    stream.addEventListener('close', ({ error }) => {
      if (error !== undefined || !isWhole) this.destroy(cutOff(error))
    })
  }

  /** Node's server sets it anew at each turn; 0 ends it. */
  setTimeout(idleMs: number): this {
    this.#idleMs = idleMs
    this.#movedAtMs = this.#clock.monotonicMs()
    this.#cancelIdle()
    if (idleMs > 0) this.#watch(idleMs)
    return this
  }

  /** Ends once all is written, whatever the other side still sends. */
  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy())
  }

  override _read(): void {
    if (this.#stream.readStatus === 'paused') this.#stream.resume()
  }

  override _write(bytes: Uint8Array, _encoding: BufferEncoding, done: Done): void {
    this.#movedAtMs = this.#clock.monotonicMs()
    void settle(writePaced(this.#stream, bytes), done)
  }

  /** Head and body come apart; one write costs one encryption. */
  override _writev(parts: { chunk: Uint8Array }[], done: Done): void {
    this._write(Buffer.concat(parts.map(({ chunk }) => chunk)), 'utf8', done)
  }

  override _final(done: Done): void {
    void settle(this.#stream.close(), done)
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#cancelIdle()
    if (error !== null || !this.writableFinished) {
      this.#stream.abort(MeshError.from(error ?? cutOff()))
    } else void closeWithin(this.#stream, this.#clock, CLOSE_TIMEOUT_MS)
    done(error)
  }

  #take(bytes: Uint8Array): void {
    this.#movedAtMs = this.#clock.monotonicMs()
    if (this.destroyed || this.push(bytes)) return
    if (this.#stream.readStatus === 'readable') this.#stream.pause()
  }

  /** Looks again when it may have been long enough, not at every byte. */
  #watch(delayMs: number): void {
    this.#cancelIdle = this.#clock.after(delayMs, () => {
      const leftMs = this.#movedAtMs + this.#idleMs - this.#clock.monotonicMs()
      if (leftMs > 0) this.#watch(leftMs)
      else this.emit('timeout')
    })
  }
}

async function settle(work: Promise<void>, done: Done): Promise<void> {
  try {
    await work
  } catch (cause) {
    done(cause as Error)
    return
  }
  done()
}

function cutOff(cause?: Error): MeshError {
  const message = 'the peer has cut the stream off'
  return new MeshError('SESSION_CLOSED', message, cause === undefined ? {} : { cause })
}
