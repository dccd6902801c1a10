/**
 * Writes what becomes of jobs. A change that a later one supersedes is tried once; what ends an item is
 * tried until it is stored, because nobody may hear of an end that a restart would not know of.
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
}

/** A full disk is looked at again after a second, later less often. */
const AGAIN_MS = 1_000
const AGAIN_MS_MAX = 30_000

export class JobWriter {
  readonly #components: JobWriterComponents
  readonly #controller = new AbortController()
  /** Ends of items that are being written. */
  readonly #open = new WeakMap<ActiveJob, Set<Promise<boolean>>>()

  constructor(components: JobWriterComponents) {
    this.#components = components
  }

  /** Gives up what could not be stored yet: a restarted router finds it unfinished. */
  stop(): void {
    this.#controller.abort(new MeshError('STOPPING', 'the router is stopping'))
  }

  /** Writes changes together with the job's row, where that has changed. Never rejects. */
  async write(job: ActiveJob, changes: readonly StoreChange[]): Promise<void> {
    await this.#tryWrite(job, changes, false)
  }

  /**
   * Writes what ends items. Resolves once it is in the store; to false if it will never be. A job's own
   * end is stored after those of all its items, or a restart would not look for the ones that are missing.
   */
  async writeEnd(job: ActiveJob, changes: readonly StoreChange[]): Promise<boolean> {
    const isLast = job.hasEnded
    const earlier = this.#open.get(job) ?? new Set()
    this.#open.set(job, earlier)
    const writing = this.#writeAfter(isLast ? [...earlier] : [], () =>
      this.#tryUntilWritten(job, changes, isLast)
    )
    earlier.add(writing)
    const isWritten = await writing
    earlier.delete(writing)
    return isWritten
  }

  async #writeAfter(
    earlier: readonly Promise<boolean>[],
    write: () => Promise<boolean>
  ): Promise<boolean> {
    if (earlier.length === 0) return await write()
    const all = await Promise.all(earlier)
    return all.includes(false) ? false : await write()
  }

  async #tryUntilWritten(
    job: ActiveJob,
    changes: readonly StoreChange[],
    isLast: boolean
  ): Promise<boolean> {
    const { signal } = this.#controller
    for (let delayMs = AGAIN_MS; ; delayMs = Math.min(delayMs * 2, AGAIN_MS_MAX)) {
      const error = await this.#tryWrite(job, changes, isLast)
      if (error === undefined) return true
      if (!error.retryable || signal.aborted) return false
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
    try {
      const row = job.hasEnded && !isLast ? [] : job.unsavedRow()
      await this.#components.store.apply([...changes, ...row])
      return undefined
    } catch (cause) {
      job.markUnsaved()
      const fields = { jobId: job.record.id, err: cause }
      this.#components.logger.error(fields, 'a change of a job could not be stored')
      return MeshError.from(cause, 'STORE_FAILED')
    }
  }
}
