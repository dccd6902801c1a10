/**
 * What workers say by themselves of the attempts they hold: progress and logs of those that are wanted,
 * and, after the two had lost each other, that they still hold others. Of those it is noted that the
 * worker came back too late; the worker may forget them.
 */
import { stepAttempt } from '../jobs/attempt-state.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { JobIntake } from './intake/job-intake.ts'
import type { JobStore } from '../jobs/store.ts'
import type { Logger } from '../observe/logger.ts'
import type { ReportTaskParams, ReportTaskResult } from '../model/generated/commands-report-task.ts'

export interface TaskNewsComponents {
  dispatcher: Pick<Dispatcher, 'attemptOf'>
  intake: Pick<JobIntake, 'resumed'>
  store: Pick<JobStore, 'apply' | 'attempts'>
  logger: Logger
  /** Milliseconds since 1970 that never jump. */
  nowMs: () => number
}

export class TaskNews {
  readonly #components: TaskNewsComponents

  constructor(components: TaskNewsComponents) {
    this.#components = components
  }

  async report(peer: string, news: ReportTaskParams): Promise<ReportTaskResult> {
    // Before the jobs of an earlier life are taken up, nobody knows what is wanted.
    await this.#components.intake.resumed
    const attempt = this.#components.dispatcher.attemptOf(peer, news)
    if (attempt !== undefined) return { is_wanted: true, log_next: attempt.report(news) }
    await this.#noteLate(peer, news)
    return { is_wanted: false }
  }

  async #noteLate(peer: string, news: ReportTaskParams): Promise<void> {
    const { logger, nowMs, store } = this.#components
    const { attempt: number, item: itemIndex, job_id: jobId, lease_id: leaseId, state } = news
    // That it was lost is what the record says already.
    if (state === 'lost') return
    const attempts = await store.attempts(jobId, { itemIndex, limit: number })
    const late = attempts.find(
      (attempt) => attempt.number === number && attempt.leaseId === leaseId
    )
    if (late?.state !== 'lost' || late.workerId !== peer) return
    const text =
      state === 'ended'
        ? 'the worker came back with a result, which is not used'
        : `the worker came back, its task was ${state}`
    const noted = stepAttempt(late, { kind: 'late', text }, nowMs())
    if (noted === late) return
    logger.info({ jobId, item: itemIndex, attempt: number, peer, state }, 'late word of an attempt')
    await store.apply([{ kind: 'attempt', attempt: noted }])
  }
}
