/** A job's two clocks: the total time since it was submitted, and the time in which nothing of it could run. */
import { formatDuration } from '../core/units.ts'
import { MeshError } from '../core/errors.ts'
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

  constructor(components: DeadlinesComponents) {
    this.#components = components
  }

  /**
   * Both, for a job that is taken up. The total time goes on while the router is away; what a restart
   * finds waiting gets its whole queue time anew, as its workers come back only now.
   */
  begin(job: ActiveJob): void {
    const { clock, nowMs, onExpired } = this.#components
    const { totalMs } = job.plan.timeouts
    const leftMs = Math.max(0, job.record.createdAtMs + totalMs - nowMs())
    job.cancelTotalTimer = clock.after(leftMs, () => {
      const message = `the job was not done within its total time of ${formatDuration(totalMs)}`
      onExpired(job, new MeshError('TOTAL_TIMED_OUT', message, { path: 'timeouts.total' }))
    })
    job.waitingSinceMs = nowMs()
    this.watchQueue(job)
  }

  /** While nothing of a job runs, its queue time counts; being refused does not set it back. */
  watchQueue(job: ActiveJob): void {
    job.cancelQueueTimer()
    if (job.hasEnded || job.record.counts.running > 0) return
    const { clock, nowMs, onExpired } = this.#components
    const leftMs = Math.max(0, job.waitingSinceMs + job.plan.timeouts.queueMs - nowMs())
    job.cancelQueueTimer = clock.after(leftMs, () => onExpired(job, this.#queueError(job)))
  }

  cancel(job: ActiveJob): void {
    job.cancelTotalTimer()
    job.cancelQueueTimer()
  }

  #queueError(job: ActiveJob): MeshError {
    const outlook = this.#components.outlook(job)
    const isBetween = outlook === undefined || outlook.outlook === 'can_start'
    const why = isBetween ? 'it waits for its next attempt' : outlook.summarise()
    const waited = formatDuration(job.plan.timeouts.queueMs)
    return new MeshError('QUEUE_TIMED_OUT', `nothing of the job could run for ${waited}: ${why}`, {
      path: 'timeouts.queue',
      hint: 'see `taskmesh job plan` for what is missing, or wait longer with timeouts.queue'
    })
  }
}
