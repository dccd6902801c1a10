/** A job's two clocks: the total time since it was queued or released, and the time in which nothing of it could run. */
import { formatDuration } from '../core/units.ts'
import { MeshError } from '../core/errors.ts'
import { Timetable } from '../core/timetable.ts'
import type { ActiveJob } from './active-job.ts'
import type { Clock } from '../core/clock.ts'
import type { Selection } from '../selection/select.ts'

export interface DeadlinesComponents {
  clock: Clock
  /** Milliseconds since 1970 that never jump. */
  nowMs: () => number
  /** What selection would do with the job's next waiting item. */
  outlook: (job: ActiveJob) => Selection | undefined
  onExpired: (job: ActiveJob, error: MeshError) => void
}

export class Deadlines {
  readonly #components: DeadlinesComponents
  readonly #timetable: Timetable<ActiveJob>
  /** Jobs that are being ended: their workers may take their time. */
  readonly #expired = new WeakSet<ActiveJob>()

  constructor(components: DeadlinesComponents) {
    this.#components = components
    const { clock, nowMs } = components
    this.#timetable = new Timetable({ clock, nowMs, onDue: (job) => this.#onDue(job) })
  }

  /**
   * Begins both, for a job that is taken up. The total time goes on while the router is away; what a
   * restart finds waiting gets its whole queue time anew, as its workers come back only now.
   */
  begin(job: ActiveJob): void {
    job.waitingSinceMs = this.#components.nowMs()
    this.watch(job)
  }

  /** To be told whenever something of the job began, ended, was held or released. */
  watch(job: ActiveJob): void {
    const dueMs = Math.min(totalDueMs(job), queueDueMs(job))
    const isOver = job.hasEnded || this.#expired.has(job)
    if (isOver || dueMs === Infinity) this.#timetable.delete(job)
    else this.#timetable.set(job, dueMs)
  }

  clear(): void {
    this.#timetable.clear()
  }

  #onDue(job: ActiveJob): void {
    const { nowMs, onExpired } = this.#components
    this.#expired.add(job)
    const isTotal = totalDueMs(job) <= nowMs()
    onExpired(job, isTotal ? totalError(job) : this.#queueError(job))
  }

  #queueError(job: ActiveJob): MeshError {
    const outlook = this.#components.outlook(job)
    const isBetween = outlook === undefined || outlook.outlook === 'can_start'
    const why = isBetween ? whyBetween(job) : outlook.summarise()
    const waited = formatDuration(job.plan.timeouts.queueMs)
    return new MeshError('QUEUE_TIMED_OUT', `nothing of the job could run for ${waited}: ${why}`, {
      path: 'timeouts.queue',
      hint: 'see `taskmesh job plan` for what is missing, or wait longer with timeouts.queue'
    })
  }
}

/** Somebody could take it, or it waits before its next attempt. */
function whyBetween({ lastRefusal }: ActiveJob): string {
  return lastRefusal === undefined
    ? 'it waits for its next attempt'
    : `the last worker that was asked did not take it: ${lastRefusal}`
}

/** What waits for its owner waits as long as it takes. */
function totalDueMs({ plan, record }: ActiveJob): number {
  if (record.state === 'held') return Infinity
  return (record.queuedAtMs ?? record.createdAtMs) + plan.timeouts.totalMs
}

/**
 * While nothing of a job is with a worker, its queue time counts; being refused does not set it back, being held
 * stops it. An item runs on while its result waits for another copy.
 */
function queueDueMs({ openCount, plan, record, waitingSinceMs }: ActiveJob): number {
  const isWaiting = openCount === 0 && record.counts.queued + record.counts.running > 0
  return isWaiting ? waitingSinceMs + plan.timeouts.queueMs : Infinity
}

function totalError({ plan }: ActiveJob): MeshError {
  const message = `the job was not done within its total time of ${formatDuration(plan.timeouts.totalMs)}`
  return new MeshError('TOTAL_TIMED_OUT', message, { path: 'timeouts.total' })
}
