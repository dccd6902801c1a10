/** Brings what is at an https: address into a file, counts and hashes it on the way, and gives up what does not move. */
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { formatBytes, formatDuration } from '../../core/units.ts'
import { MeshError } from '../../core/errors.ts'
import { openWeb, unreachable } from './web-request.ts'
import { toStoreError } from '../store/disk-errors.ts'
import type { Clock } from '../../core/clock.ts'
import type { IncomingMessage } from 'node:http'
import type { WebRequestInit } from './web-request.ts'

export interface WebDownloadInit extends WebRequestInit {
  clock: Clock
  url: string
  /** Where it is to lie; a file that is there is written over. */
  path: string
  bytesMax: number
  onProgress: (bytes: number, totalBytes: number | undefined) => void
}

export interface WebDownloaded {
  /** Plain SHA-256, in hex. */
  sha256: string
  sizeBytes: number
}

/** A name, a connection, TLS and an answer; then between one piece and the next. */
const IDLE_MS_MAX = 60_000
/** Drop by drop nobody shall hold a place for ever: at a hundredth of a usual line, that is some ten GiB. */
const TOTAL_MS_MAX = 6 * 3_600_000
const WATCH_MS = 5_000

/** @throws MeshError as `openWeb` does; STORE_FULL, STORE_FAILED; the signal's reason */
export async function downloadWeb(init: WebDownloadInit): Promise<WebDownloaded> {
  const { clock, signal, url } = init
  const watch = new Watch(clock, url)
  const inTime = AbortSignal.any([signal, watch.signal])
  try {
    const answer = await openWeb(url, { ...init, signal: inTime })
    return await store(answer, { ...init, signal: inTime }, watch)
  } finally {
    watch.stop()
  }
}

async function store(
  answer: IncomingMessage,
  init: WebDownloadInit,
  watch: Watch
): Promise<WebDownloaded> {
  const { path, signal } = init
  const count = new Count(init, answer.headers['content-length'])
  const file = await open(path, 'w', 0o600).catch((cause: unknown) => {
    throw toStoreError(cause, path)
  })
  try {
    count.check()
    for await (const chunk of chunksOf(answer, count.url)) {
      watch.moved()
      count.add(chunk)
      await file.writeFile(chunk)
    }
    return count.result()
  } catch (cause) {
    signal.throwIfAborted()
    // What goes wrong on the way here says so itself.
    throw toStoreError(cause, path)
  } finally {
    answer.destroy()
    await file.close()
  }
}

async function* chunksOf(answer: IncomingMessage, url: URL): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) yield chunk
  } catch (cause) {
    throw unreachable(url, cause)
  }
}

/** How much has come, and what it is. */
class Count {
  readonly url: URL
  readonly #init: WebDownloadInit
  readonly #hash = createHash('sha256')
  readonly #totalBytes: number | undefined
  #sizeBytes = 0

  constructor(init: WebDownloadInit, contentLength: string | undefined) {
    this.#init = init
    this.url = new URL(init.url)
    this.#totalBytes = contentLength === undefined ? undefined : Number(contentLength)
  }

  /** @throws MeshError STORE_FULL, as soon as that can be known */
  check(): void {
    const { bytesMax } = this.#init
    if (Math.max(this.#totalBytes ?? 0, this.#sizeBytes) > bytesMax)
      throw tooLarge(this.url, bytesMax)
  }

  add(chunk: Buffer): void {
    this.#sizeBytes += chunk.length
    this.check()
    this.#hash.update(chunk)
    this.#init.onProgress(this.#sizeBytes, this.#totalBytes)
  }

  result(): WebDownloaded {
    return { sha256: this.#hash.digest('hex'), sizeBytes: this.#sizeBytes }
  }
}

/** Gives it up when nothing comes any more, or all takes too long. */
class Watch {
  readonly #controller = new AbortController()
  readonly #stops: readonly (() => void)[]
  readonly #clock: Clock
  #movedAtMs: number

  constructor(clock: Clock, url: string) {
    this.#clock = clock
    this.#movedAtMs = clock.monotonicMs()
    const { host } = new URL(url)
    const giveUp = (what: string, ms: number): void => {
      const message = `${host} ${what} ${formatDuration(ms)}`
      this.#controller.abort(
        new MeshError('FILE_UNAVAILABLE', message, { path: 'from', retryable: true })
      )
    }
    this.#stops = [
      clock.every(WATCH_MS, () => {
        const idleMs = clock.monotonicMs() - this.#movedAtMs
        if (idleMs >= IDLE_MS_MAX) giveUp('sent nothing for', IDLE_MS_MAX)
      }),
      clock.after(TOTAL_MS_MAX, () => giveUp('had not sent all after', TOTAL_MS_MAX))
    ]
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  moved(): void {
    this.#movedAtMs = this.#clock.monotonicMs()
  }

  stop(): void {
    for (const stop of this.#stops) stop()
  }
}

function tooLarge(url: URL, bytesMax: number): MeshError {
  const message = `what is at ${url.host} is larger than the ${formatBytes(bytesMax)} that there are for files here`
  return new MeshError('STORE_FULL', message, {
    path: 'from',
    hint: 'start the router with more --files-disk',
    retryable: false
  })
}
