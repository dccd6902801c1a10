/**
 * Writes what becomes of jobs. How an attempt is getting on is tried once; what a restarted router must
 * know is tried until it is stored, each time with the records as they are by then.
 */
import { MeshError } from '../core/errors.ts'
import { sleep } from '../core/abort.ts'
import type { ActiveJob } from './active-job.ts'
import type { Clock } from '../core/clock.ts'
import type { JobStore, StoreChange } from '../jobs/store.ts'
import type { Logger } from '../observe/logger.ts'

export interface JobWriterComponents {
  store: JobStore
  clock: Clock
  logger: Logger
  /** Called when the store has caught up, after it was behind. */
  onCaughtUp: () => void
}

/** A full disk is looked at again after a second, later less often. */
const AGAIN_MS = 1_000
const AGAIN_MS_MAX = 30_000

interface Writes {
  all: Set<Promise<boolean>>
  failing: Set<Promise<boolean>>
}

/** So many writes may wait for the disk before nothing new begins: what runs has its own end to write, too. */
const PENDING_WRITES_MAX = 4_096

/** A store that fails says so for every change; nobody reads more than this. */
const COMPLAINT_PERIOD_MS = 1_000

export class JobWriter {
  readonly #components: JobWriterComponents
  readonly #controller = new AbortController()
  #pendingCount = 0
  #isBehind = false
  #complainedAtMs = -Infinity
  #unsaidCount = 0
  /** What is being written that must be, and what of that has failed before. */
  readonly #open = new WeakMap<ActiveJob, Writes>()

  constructor(components: JobWriterComponents) {
    this.#components = components
  }

  /** Whether the disk cannot follow; then nothing new should begin until `onCaughtUp`. */
  get isBehind(): boolean {
    return this.#isBehind
  }

  /** Gives up what could not be stored yet: a restarted router finds it unfinished. */
  stop(): void {
    this.#controller.abort(new MeshError('STOPPING', 'the router is stopping'))
  }

  /** Writes changes together with the job's row, where that has changed. Never rejects; says whether they are stored. */
  async write(job: ActiveJob, changes: readonly StoreChange[]): Promise<boolean> {
    return (await this.#tryWrite(job, changes, false)) === undefined
  }

  /**
   * Writes what a restarted router must know: ends of items and attempts, what people asked for and, before
   * it is sent, what must not run twice. Resolves once it is in the store; to false if it will never be. What
   * failed before is stored first, and a job's own end after all else of it: a restart would not look for
   * what is missing.
   * @param changes asked for at each try
   */
  async writeSurely(job: ActiveJob, changes: () => readonly StoreChange[]): Promise<boolean> {
    const isLast = job.hasEnded
    const open = this.#open.get(job) ?? { all: new Set(), failing: new Set() }
    this.#open.set(job, open)
    const writeNow = (): Promise<boolean> =>
      this.#tryUntilWritten(job, changes, { isLast, onFailed: () => open.failing.add(writing) })
    const earlier = isLast ? open.all : open.failing
    const writing =
      earlier.size === 0 ? writeNow() : this.#writeAfter([...earlier], writeNow, isLast)
    open.all.add(writing)
    const isWritten = await writing
    open.all.delete(writing)
    open.failing.delete(writing)
    return isWritten
  }

  async #writeAfter(
    earlier: readonly Promise<boolean>[],
    write: () => Promise<boolean>,
    isLast: boolean
  ): Promise<boolean> {
    const all = await Promise.all(earlier)
    return isLast && all.includes(false) ? false : await write()
  }

  async #tryUntilWritten(
    job: ActiveJob,
    changes: () => readonly StoreChange[],
    { isLast, onFailed }: { isLast: boolean; onFailed: () => void }
  ): Promise<boolean> {
    const { signal } = this.#controller
    for (let delayMs = AGAIN_MS; ; delayMs = Math.min(delayMs * 2, AGAIN_MS_MAX)) {
      const error = await this.#tryWrite(job, changes(), isLast)
      if (error === undefined) return true
      if (!error.retryable || signal.aborted) return false
      onFailed()
      try {
        await sleep(this.#components.clock, delayMs, { signal })
      } catch {
        // Only `stop` ends the wait early.
        return false
      }
    }
  }

  async #tryWrite(
    job: ActiveJob,
    changes: readonly StoreChange[],
    isLast: boolean
  ): Promise<MeshError | undefined> {
    this.#count(1)
    try {
      const row = job.hasEnded && !isLast ? [] : job.unsavedRow()
      await this.#components.store.apply([...changes, ...row])
      return undefined
    } catch (cause) {
      job.markUnsaved()
      this.#complain(job, cause)
      return MeshError.from(cause, 'STORE_FAILED')
    } finally {
      this.#count(-1)
    }
  }

  #count(change: 1 | -1): void {
    this.#pendingCount += change
    if (this.#pendingCount >= PENDING_WRITES_MAX) this.#isBehind = true
    if (!this.#isBehind || this.#pendingCount > PENDING_WRITES_MAX / 2) return
    this.#isBehind = false
    this.#components.onCaughtUp()
  }

  #complain(job: ActiveJob, cause: unknown): void {
    const nowMs = this.#components.clock.monotonicMs()
    if (nowMs - this.#complainedAtMs < COMPLAINT_PERIOD_MS) {
      this.#unsaidCount += 1
      return
    }
    const fields = { jobId: job.record.id, err: cause, othersBefore: this.#unsaidCount }
    this.#components.logger.error(fields, 'a change of a job could not be stored')
    this.#complainedAtMs = nowMs
    this.#unsaidCount = 0
  }
}
