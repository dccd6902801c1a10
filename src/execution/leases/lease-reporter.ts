/**
 * Tells routers how their tasks go on: while a task runs for longer than a moment, what it wrote and
 * how far it is; when a router comes back, what is held of it and what was lost. A report
 * that fails changes nothing: what it would have said goes with the next, or with the answer.
 */
import { messageOf } from '../../core/errors.ts'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { Lease } from './lease.ts'
import type { Logger } from '../../observe/logger.ts'
import type { LostLease } from './lost-leases.ts'
import type {
  ReportTaskParams,
  ReportTaskResult
} from '../../model/generated/commands-report-task.ts'
import type { RouterLinks } from './router-links.ts'

export interface LeaseReporterComponents {
  clock: Clock
  links: RouterLinks
  logger: Logger
}

export interface LeaseReporterInit {
  /** Called when a router says that it needs a lease no more. */
  onUnwanted: (lease: Lease) => void
  /** Called when a router no longer wants what was lost. One that does will ask for it, and release it. */
  onLostUnwanted: (lease: LostLease) => void
}

/** A task shorter than this is not reported, and a longer one at most so often. */
const PERIOD_MS = 500
/** How often running tasks are looked at. */
const TICK_MS = 250
/** Reports to one router at once after it came back; it has others to hear. */
const AT_ONCE_MAX = 16

export class LeaseReporter {
  readonly #components: LeaseReporterComponents
  readonly #init: LeaseReporterInit
  readonly #running = new Set<Lease>()
  #cancelTick: CancelTimer | undefined
  #isClosed = false

  constructor(components: LeaseReporterComponents, init: LeaseReporterInit) {
    this.#components = components
    this.#init = init
  }

  /** The lease's task has its slot, and is worked for from now on. May be called twice. */
  add(lease: Lease): void {
    if (this.#running.has(lease)) return
    lease.reports.sinceMs = this.#components.clock.monotonicMs()
    this.#running.add(lease)
    // Left to fire by itself when all are short: setting and cancelling one per task costs more.
    this.#cancelTick ??= this.#components.clock.after(TICK_MS, () => this.#tick())
  }

  remove(lease: Lease): void {
    this.#running.delete(lease)
  }

  /** The router has come (back): it is told of all that it may not know. */
  async tellAll(
    router: string,
    leases: readonly Lease[],
    lost: readonly LostLease[]
  ): Promise<void> {
    const reports = [
      ...lost.map((lease) => () => this.#reportLost(lease)),
      ...leases.map((lease) => () => this.#report(lease))
    ]
    let count = 0
    const work = async (): Promise<void> => {
      while (count < reports.length && this.#isConnected(router)) {
        const report = reports[count]
        count += 1
        await report?.()
      }
    }
    await Promise.all(Array.from({ length: Math.min(AT_ONCE_MAX, reports.length) }, work))
  }

  /** No timer outlives this. */
  close(): void {
    this.#isClosed = true
    this.#cancelTick?.()
    this.#cancelTick = undefined
  }

  #tick(): void {
    this.#cancelTick = undefined
    const nowMs = this.#components.clock.monotonicMs()
    for (const lease of this.#running) {
      if (this.#isDue(lease, nowMs)) void this.#report(lease)
    }
    if (this.#running.size === 0) return
    this.#cancelTick = this.#components.clock.after(TICK_MS, () => this.#tick())
  }

  #isDue({ reports, router }: Lease, nowMs: number): boolean {
    if (reports.isUnderWay || nowMs - reports.sinceMs < PERIOD_MS) return false
    // The first one goes out without news: the router learns that the task runs.
    const isFirst = reports.atMs === Number.NEGATIVE_INFINITY
    if (!isFirst && (!reports.hasNews || nowMs - reports.atMs < PERIOD_MS)) return false
    return this.#isConnected(router)
  }

  #isConnected(router: string): boolean {
    return !this.#isClosed && this.#components.links.isConnected(router)
  }

  async #report(lease: Lease): Promise<void> {
    const { reports, task } = lease
    const { state } = lease
    reports.isUnderWay = true
    reports.hasNews = false
    reports.atMs = this.#components.clock.monotonicMs()
    const news = state === 'ended' ? {} : newsOf(lease)
    const sentCount = task.log.nextNumber
    const answer = await this.#send(lease.router, { ...attemptOf(lease), state, ...news })
    reports.isUnderWay = false
    if (answer === undefined) return
    if (news.progress !== undefined) reports.progress = news.progress
    if (news.log !== undefined) task.log.acknowledge(answer.log_next ?? sentCount)
    if (!answer.is_wanted) return this.#init.onUnwanted(lease)
    // A router that lost some of the log gets it again.
    if (state !== 'ended' && !task.log.isAcknowledged) reports.hasNews = true
  }

  async #reportLost(lost: LostLease): Promise<void> {
    const { attempt, item, job_id, lease_id, router } = lost
    const answer = await this.#send(router, { lease_id, job_id, item, attempt, state: 'lost' })
    if (answer?.is_wanted === false) this.#init.onLostUnwanted(lost)
  }

  async #send(router: string, params: ReportTaskParams): Promise<ReportTaskResult | undefined> {
    const { links, logger } = this.#components
    try {
      return await links.report(router, params)
    } catch (cause) {
      const { attempt, item, job_id: jobId } = params
      const fields = { jobId, item, attempt, peer: router, why: messageOf(cause) }
      logger.debug(fields, 'task report failed')
      return undefined
    }
  }
}

function attemptOf({ assignment }: Lease): Omit<ReportTaskParams, 'state'> {
  const { attempt, item, job_id, lease_id } = assignment
  return { lease_id, job_id, item, attempt }
}

function newsOf({ reports, task }: Lease): Pick<ReportTaskParams, 'log' | 'progress'> {
  const log = task.log.pending()
  const { progress } = task
  return {
    ...(log === undefined ? {} : { log }),
    ...(progress === undefined || progress === reports.progress ? {} : { progress })
  }
}
