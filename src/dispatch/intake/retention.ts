/**
 * Forgets what has been kept long enough: the logs of ended jobs first, then the jobs, and decision records
 * where the router's owner wants them to go before their jobs. In small batches,
 * so that the store has time for others in between.
 */
import type { Clock } from '../../core/clock.ts'
import type { DecisionRecord } from '../../model/generated/decision.ts'
import type { JobStore, StoreChange } from '../../jobs/store.ts'
import type { Logger } from '../../observe/logger.ts'
import type { Startable } from '../../core/startable.ts'

export interface RetentionComponents {
  clock: Clock
  logger: Logger
  /** Milliseconds since 1970 that never jump. */
  nowMs: () => number
  /** Something still has to read it, whatever its age. */
  isNeeded: (jobId: string) => boolean
  store: Pick<JobStore, 'apply' | 'decisions' | 'forgettable' | 'job'>
}

export interface RetentionInit {
  /** @default as long as their jobs */
  keepDecisionsMs?: number | undefined
}

/** Nobody counts on the minute when something is kept for days. */
const SWEEP_MS = 60_000
const BATCH_JOBS = 100
const BATCH_DECISIONS = 1_000

/** What is still needed is looked at again after so long. */
const NEEDED_MS = 3_600_000

export class Retention implements Startable {
  readonly #components: RetentionComponents
  readonly #keepDecisionsMs: number | undefined
  #cancelTimer = (): void => {}
  #sweeping: Promise<void> | undefined
  #isStopped = false

  constructor(components: RetentionComponents, init: RetentionInit = {}) {
    this.#components = components
    this.#keepDecisionsMs = init.keepDecisionsMs
  }

  async start(): Promise<void> {
    this.#cancelTimer = this.#components.clock.every(SWEEP_MS, () => {
      // A sweep that takes longer than a minute is not joined by another.
      this.#sweeping ??= this.#sweep().finally(() => (this.#sweeping = undefined))
    })
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelTimer()
    await this.#sweeping
  }

  /** Never rejects. */
  async #sweep(): Promise<void> {
    try {
      await this.#forgetAll('logs')
      await this.#forgetAll('job')
      if (this.#keepDecisionsMs !== undefined) await this.#forgetDecisions(this.#keepDecisionsMs)
    } catch (cause) {
      this.#components.logger.error({ err: cause }, 'old jobs could not be forgotten')
    }
  }

  async #forgetAll(what: 'job' | 'logs'): Promise<void> {
    const { nowMs, store } = this.#components
    for (let count = BATCH_JOBS; count === BATCH_JOBS && !this.#isStopped;) {
      // oxlint-disable-next-line no-await-in-loop -- a batch is done before the next is asked for
      const ids = await store.forgettable(what, nowMs(), BATCH_JOBS)
      count = ids.length
      // oxlint-disable-next-line no-await-in-loop -- as above
      const changes = await Promise.all(ids.map(async (id) => await this.#changeFor(id, what)))
      // oxlint-disable-next-line no-await-in-loop -- as above
      if (count > 0) await store.apply(changes.flat())
    }
  }

  async #forgetDecisions(keepMs: number): Promise<void> {
    const { nowMs, store } = this.#components
    const beforeMs = nowMs() - keepMs
    const limit = BATCH_DECISIONS
    while (!this.#isStopped) {
      // oxlint-disable-next-line no-await-in-loop -- a batch is done before the next is asked for
      const [oldest] = await store.decisions({ sinceMs: 0, limit: 1 })
      if (oldest === undefined || (JSON.parse(oldest) as DecisionRecord).at_ms >= beforeMs) return
      // oxlint-disable-next-line no-await-in-loop -- as above
      await store.apply([{ kind: 'forgetDecisions', beforeMs, limit }])
    }
  }

  async #changeFor(jobId: string, what: 'job' | 'logs'): Promise<StoreChange[]> {
    if (what === 'logs') return [{ kind: 'forgetLogs', jobId }]
    const { isNeeded, nowMs, store } = this.#components
    if (!isNeeded(jobId)) return [{ kind: 'forget', jobId }]
    const job = await store.job(jobId)
    // Put off, so that it does not stand before all others at each sweep.
    return job === undefined
      ? []
      : [{ kind: 'job', job: { ...job, forgetAtMs: nowMs() + NEEDED_MS } }]
  }
}
