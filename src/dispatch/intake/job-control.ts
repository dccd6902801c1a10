/** What people do to jobs that have not ended, pending or active: stop them, hold them, release them. */
import { isTerminal } from '../../jobs/records.ts'
import { MeshError } from '../../core/errors.ts'
import { sleep } from '../../core/abort.ts'
import type { ActiveJob } from '../active-job.ts'
import type { Cause, Ending, JobRecord } from '../../jobs/records.ts'
import type { Clock } from '../../core/clock.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { JobReader } from '../views/job-reader.ts'
import type { JobView } from '../../model/generated/api-job.ts'
import type { PendingJobs } from './pending-jobs.ts'

export interface JobControlComponents {
  clock: Clock
  dispatcher: Pick<Dispatcher, 'endJob' | 'holdJob' | 'job' | 'releaseJob'>
  pending: PendingJobs
  reader: Pick<JobReader, 'describe' | 'find'>
}

/** How somebody wants a job stopped. */
export interface StopWish {
  reason: string
  /** How long its tasks may still go on; what the job says when absent. */
  killAfterMs?: number | undefined
}

/** Tasks that are still there after so long may take their time; whoever asked sees the job ending. */
const STOP_WAIT_MS = 15_000

export class JobControl {
  readonly #components: JobControlComponents

  constructor(components: JobControlComponents) {
    this.#components = components
  }

  /**
   * Resolves when its tasks are gone, or after some seconds with the job still ending. Said again with a
   * shorter time, it hurries them.
   * @throws MeshError JOB_NOT_FOUND, ID_AMBIGUOUS, JOB_ENDED
   */
  async stop(id: string, { killAfterMs, reason }: StopWish, by: string): Promise<JobView> {
    const { clock, dispatcher, pending, reader } = this.#components
    const job = await reader.find(id)
    const ending: Ending = {
      state: 'stopped',
      cause: { by, reason: 'STOP_REQUESTED', blame: 'caller', text: reason },
      error: new MeshError('TASK_STOPPED', reason).toData(),
      ...(killAfterMs === undefined ? {} : { killAfterMs })
    }
    if ((await pending.end(job.id, ending)) === undefined) {
      const waiting = new AbortController()
      const ended = dispatcher.endJob(this.#active(job), ending)
      const waited = sleep(clock, STOP_WAIT_MS, waiting).catch(() => {})
      await Promise.race([ended, waited])
      waiting.abort()
    }
    return await reader.describe(job.id)
  }

  /** Lets nothing more of it begin. @throws MeshError JOB_NOT_FOUND, ID_AMBIGUOUS, JOB_ENDED */
  async hold(id: string, reason: string | undefined, by: string): Promise<JobView> {
    const { dispatcher, pending, reader } = this.#components
    const job = await reader.find(id)
    const text = reason === undefined ? {} : { text: reason }
    const cause: Cause = { by, reason: 'HELD_BY_USER', ...text }
    if ((await pending.hold(job.id, cause)) === undefined) {
      const active = this.#active(job)
      if (!active.record.isOnHold) await dispatcher.holdJob(active, cause)
    }
    return await reader.describe(job.id)
  }

  /** @throws MeshError JOB_NOT_FOUND, ID_AMBIGUOUS, JOB_ENDED, JOB_NOT_HELD */
  async release(id: string, by: string): Promise<JobView> {
    const { dispatcher, pending, reader } = this.#components
    const job = await reader.find(id)
    const cause: Cause = { by, reason: 'RELEASED' }
    const waiting = pending.job(job.id)
    if (waiting?.isOnHold === false) throw notHeld(waiting)
    if ((await pending.release(job.id, cause)) === undefined) {
      const active = this.#active(job)
      const { counts, isOnHold } = active.record
      if (!isOnHold && counts.held === 0) throw notHeld(active.record)
      await dispatcher.releaseJob(active, cause)
    }
    return await reader.describe(job.id)
  }

  /** @throws MeshError JOB_ENDED */
  #active(job: JobRecord): ActiveJob {
    const active = this.#components.dispatcher.job(job.id)
    if (active !== undefined && !active.hasEnded) return active
    const { id, state } = active?.record ?? job
    if (isTerminal(state)) {
      throw new MeshError('JOB_ENDED', `${id} has already ended: it is ${state}`)
    }
    throw new MeshError('STOPPING', `${id} is not in hand now: the router is starting or stopping`)
  }
}

function notHeld({ id, state }: JobRecord): MeshError {
  return new MeshError('JOB_NOT_HELD', `${id} is not held: it is ${state}`)
}
