/**
 * What a node does with files because somebody asked for it and did not stay: fetching one, reading one anew.
 * How it goes, and what came of it, can be asked for until something else is to be remembered.
 */
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { TreeFetch } from './tree-fetch.ts'
import type { Clock } from '../../core/clock.ts'
import type { FetchProgress } from './tree-fetch.ts'
import type { FetchInit, FileService } from './file-service.ts'

export interface FileErrandsComponents {
  clock: Clock
  service: Pick<FileService, 'download' | 'fetch' | 'library'>
  /** A file has come that was asked for, of a folder with all that is in it. */
  onFetched: (id: string, keepUntilMs: number) => void
}

/** What came of reading a file anew. */
export interface FileCheckState {
  outcome: 'running' | 'right' | 'wrong'
  bytes: number
}

interface Fetch {
  controller: AbortController
  keepUntilMs: number
  ended: Promise<void>
  progress: FetchProgress | undefined
}

interface Check {
  state: FileCheckState
  ended: Promise<void>
  hasEnded: boolean
  failure?: MeshError
  controller: AbortController
}

/** Why fetches have failed, of the latest. */
const FAILURES_KEPT = 1_000

export class FileErrands {
  readonly #components: FileErrandsComponents
  readonly #fetches = new Map<string, Fetch>()
  readonly #failures = new Map<string, MeshError>()
  readonly #checks = new Map<string, Check>()

  constructor(components: FileErrandsComponents) {
    this.#components = components
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {
    const all = [...this.#fetches.values(), ...this.#checks.values()]
    for (const { controller } of all) controller.abort()
    await Promise.all(all.map(({ ended }) => ended))
  }

  /** Begins to fetch a file, or a folder with all that is in it, if it is not being fetched for somebody like this already. @throws MeshError TOO_MANY_REQUESTS */
  fetch(id: string, init: FetchInit, keepUntilMs: number): void {
    const known = this.#fetches.get(id)
    if (known !== undefined) {
      known.keepUntilMs = Math.max(known.keepUntilMs, keepUntilMs)
      return
    }
    checkRoom(this.#fetches.size, 'fetched')
    const controller = new AbortController()
    const fetching: Fetch = {
      controller,
      keepUntilMs,
      ended: Promise.resolve(),
      progress: undefined
    }
    this.#failures.delete(id)
    this.#fetches.set(id, fetching)
    fetching.ended = this.#fetch(id, init, fetching)
  }

  /** Ends what `fetch` began; others who wait for the file go on. */
  async stopFetch(id: string): Promise<void> {
    const fetching = this.#fetches.get(id)
    fetching?.controller.abort(new MeshError('STOPPING', 'the file is no longer wanted'))
    await fetching?.ended
    this.#failures.delete(id)
  }

  /** How far it is with what `fetch` began. */
  progress(id: string): FetchProgress | undefined {
    return this.#fetches.get(id)?.progress
  }

  /** Why it was not to be had the last time. */
  failure(id: string): MeshError | undefined {
    return this.#failures.get(id)
  }

  /**
   * Reads a file anew, or goes on with that, for as long as the asker has patience.
   * @throws MeshError FILE_NOT_FOUND, TOO_MANY_REQUESTS
   */
  async check(id: string, patience: Promise<void>): Promise<FileCheckState> {
    const check = this.#checks.get(id) ?? this.#beginCheck(id)
    await Promise.race([check.ended, patience])
    const { failure, state } = check
    if (failure !== undefined || state.outcome !== 'running') this.#checks.delete(id)
    if (failure !== undefined) throw failure
    return { ...state }
  }

  #beginCheck(id: string): Check {
    const ended = [...this.#checks].filter(([, { hasEnded }]) => hasEnded)
    checkRoom(this.#checks.size - ended.length, 'read anew')
    // Nobody has come back to ask what came of it.
    if (ended.length > LIMITS.fileErrandsMax) this.#checks.delete(ended[0]?.[0] ?? '')
    const { library } = this.#components.service
    const controller = new AbortController()
    const state: FileCheckState = { outcome: 'running', bytes: 0 }
    const onProgress = (bytes: number): void => void (state.bytes = bytes)
    const check: Check = { state, ended: Promise.resolve(), controller, hasEnded: false }
    check.ended = library
      .verify(id, { signal: controller.signal, onProgress })
      .then((isRight) => void (state.outcome = isRight ? 'right' : 'wrong'))
      .catch((cause: unknown) => void (check.failure = MeshError.from(cause)))
      .finally(() => (check.hasEnded = true))
    this.#checks.set(id, check)
    return check
  }

  async #fetch(id: string, init: FetchInit, fetching: Fetch): Promise<void> {
    const { onFetched, service } = this.#components
    const { signal } = fetching.controller
    const tree = new TreeFetch(this.#components, {
      ids: [id],
      peers: init.peers ?? [],
      onProgress: (progress) => (fetching.progress = progress)
    })
    try {
      await service.fetch(id, init, { signal })
      await tree.run({ signal })
      onFetched(id, fetching.keepUntilMs)
    } catch (cause) {
      this.#remember(id, MeshError.from(cause))
    } finally {
      tree.letGo()
      this.#fetches.delete(id)
    }
  }

  #remember(id: string, failure: MeshError): void {
    this.#failures.set(id, failure)
    const [oldest] = this.#failures.keys()
    if (this.#failures.size > FAILURES_KEPT && oldest !== undefined) this.#failures.delete(oldest)
  }
}

function checkRoom(count: number, what: string): void {
  if (count < LIMITS.fileErrandsMax) return
  throw new MeshError('TOO_MANY_REQUESTS', `${count} files are being ${what} already`, {
    hint: 'wait until one of them is done'
  })
}
