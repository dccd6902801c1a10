/**
 * Brings files from the web into the library, for jobs that name them by address and SHA-256: each once, for
 * however many jobs want it, a few at the same time, within the disk that there is for files.
 */
import { join } from 'node:path'
import { mkdir, rm } from 'node:fs/promises'
import { downloadWeb } from './web-download.ts'
import { KnownWebFiles } from './known-web-files.ts'
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { SharedAmount } from '../../core/shared-amount.ts'
import { SharedWork } from '../../core/shared-work.ts'
import { steadyTime } from '../../core/clock.ts'
import { toSafeName } from '../../model/safe-name.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { Clock } from '../../core/clock.ts'
import type { FileLibrary } from '../store/library.ts'
import type { Logger } from '../../observe/logger.ts'
import type { Startable } from '../../core/startable.ts'
import type { WebReach } from './web-request.ts'

export interface WebLibraryComponents {
  clock: Clock
  library: FileLibrary
  logger: Logger
}

export interface WebLibraryInit {
  /** A folder of its own, on the disk of the library. */
  folder: string
  reach: WebReach
  /** Certificates that count in the place of those of the system, in PEM. @default none */
  ca?: string
}

export interface WebSource {
  url: string
  /** Plain SHA-256 of what must be there, in hex. */
  sha256: string
  /** The input in its document, for errors. */
  path: string
}

export interface WebFetchOptions extends AbortOptions {
  /** For so long it has to stay once it is here. */
  keepMs: number
  onProgress?: (bytes: number, totalBytes: number | undefined) => void
}

/** For whom the library keeps them. */
const KEPT_FOR = 'web'

interface Fetch {
  work: SharedWork<string>
  listeners: Set<NonNullable<WebFetchOptions['onProgress']>>
}

export class WebLibrary implements Startable {
  readonly #components: WebLibraryComponents
  readonly #init: WebLibraryInit
  readonly #known: KnownWebFiles
  readonly #nowMs: () => number
  readonly #places = new SharedAmount(LIMITS.webFetchesMax)
  /** By address and SHA-256. */
  readonly #fetches = new Map<string, Fetch>()
  #partCount = 0

  constructor(components: WebLibraryComponents, init: WebLibraryInit) {
    this.#components = components
    this.#init = init
    this.#known = new KnownWebFiles(join(init.folder, 'known.json'), components.logger)
    this.#nowMs = steadyTime(components.clock)
  }

  async start(): Promise<void> {
    const { folder } = this.#init
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await rm(this.#partFolder, { recursive: true, force: true })
    await mkdir(this.#partFolder, { mode: 0o700 })
    await this.#known.load()
  }

  async stop(): Promise<void> {
    const reason = new MeshError('STOPPING', 'this node is stopping')
    await Promise.all([...this.#fetches.values()].map(({ work }) => work.stop(reason)))
  }

  /**
   * Brings it here, unless it is here already; gives its id.
   * @throws MeshError FIELD_INVALID where the address is refused or has something else, STORE_FULL where it is
   * too large, FILE_UNAVAILABLE, which is retryable where another try may go better; the signal's reason
   */
  async fetch(source: WebSource, options: WebFetchOptions): Promise<string> {
    const { library } = this.#components
    try {
      this.#checkAllowed()
      const known = this.#known.get(source.sha256)
      const isHere = known !== undefined && library.get(known)?.isComplete === true
      const id = isHere ? known : await this.#join(source, options)
      this.#keep(id, options.keepMs)
      return id
    } catch (cause) {
      options.signal?.throwIfAborted()
      throw placed(MeshError.from(cause), source.path)
    }
  }

  get #partFolder(): string {
    return join(this.#init.folder, 'parts')
  }

  #checkAllowed(): void {
    if (this.#init.reach !== 'off') return
    throw new MeshError('FIELD_INVALID', 'this router fetches nothing from the web', {
      path: 'from',
      hint: 'add the file with `taskmesh files add` and write mesh:sha256:…, or start the router with --https-inputs public',
      blame: 'job'
    })
  }

  async #join(source: WebSource, { onProgress, signal }: WebFetchOptions): Promise<string> {
    const key = `${source.sha256} ${source.url}`
    const running = this.#fetches.get(key)
    const isRunning = running !== undefined && !running.work.isGivenUp
    const fetch = isRunning ? running : this.#begin(key, source)
    if (onProgress !== undefined) fetch.listeners.add(onProgress)
    try {
      return await fetch.work.join({ signal })
    } finally {
      if (onProgress !== undefined) fetch.listeners.delete(onProgress)
    }
  }

  #begin(key: string, source: WebSource): Fetch {
    const listeners: Fetch['listeners'] = new Set()
    const onProgress = (bytes: number, totalBytes: number | undefined): void => {
      for (const listener of listeners) listener(bytes, totalBytes)
    }
    const work = new SharedWork(async (signal) => {
      try {
        return await this.#places.use(1, async () => await this.#bring(source, signal, onProgress))
      } finally {
        if (this.#fetches.get(key) === fetch) this.#fetches.delete(key)
      }
    })
    const fetch: Fetch = { work, listeners }
    this.#fetches.set(key, fetch)
    return fetch
  }

  async #bring(
    { sha256, url }: WebSource,
    signal: AbortSignal,
    onProgress: (bytes: number, totalBytes: number | undefined) => void
  ): Promise<string> {
    signal.throwIfAborted()
    const { clock, library, logger } = this.#components
    const { ca, reach } = this.#init
    this.#partCount += 1
    const path = join(this.#partFolder, String(this.#partCount))
    const bytesMax = library.totals().budgetBytes
    const begunAtMs = clock.monotonicMs()
    try {
      const download = { clock, url, path, bytesMax, ca, signal, onProgress }
      const got = await downloadWeb({ ...download, reach: reach === 'any' ? 'any' : 'public' })
      if (got.sha256 !== sha256) throw otherContent(url, sha256, got.sha256)
      const { id } = await library.addFile({ path, name: nameOf(url), canMove: true }, { signal })
      await this.#known.add(sha256, id)
      const ms = clock.monotonicMs() - begunAtMs
      logger.info(
        { fileId: id, bytes: got.sizeBytes, ms, host: new URL(url).host },
        'file from the web'
      )
      return id
    } finally {
      await rm(path, { force: true })
    }
  }

  /** Another job may want it for longer. */
  #keep(id: string, keepMs: number): void {
    const { library } = this.#components
    const untilMs = Math.max(this.#nowMs() + keepMs, library.keptUntil(id, KEPT_FOR) ?? 0)
    library.keep(id, { keptFor: KEPT_FOR, untilMs })
  }
}

function nameOf(url: string): string {
  const last = new URL(url).pathname.split('/').at(-1) ?? ''
  try {
    return toSafeName(decodeURIComponent(last))
  } catch {
    return toSafeName(last)
  }
}

function otherContent(url: string, wanted: string, found: string): MeshError {
  const message = `what is at ${url} has SHA-256 ${found}, and not ${wanted}`
  return new MeshError('FIELD_INVALID', message, {
    path: 'sha256',
    hint: 'see whether the file was replaced by another version, and write the SHA-256 of the right one',
    blame: 'job'
  })
}

/** Errors of a fetch name a field of the input; it is the same fetch for inputs of several jobs. */
function placed(
  { blame, cause, code, hint, message, path, retryable }: MeshError,
  place: string
): MeshError {
  const where = path === undefined ? place : `${place}.${path}`
  return new MeshError(code, message, { path: where, hint, blame, retryable, cause })
}
