/** A job of a simulation, and one attempt to have it done. */
import type { DrawnJob } from './job-mix.ts'
import type { Expectation } from '../../selection/select.ts'

export interface SimJob extends DrawnJob {
  id: number
  /** Which router it came to. */
  router: number
  arrivedMs: number
  isDone: boolean
  /** Attempts begun so far, for the chance of each. */
  attemptCount: number
}

export interface AttemptInit {
  job: SimJob
  router: number
  worker: number
  sentMs: number
  /** Among all that this router has sent to this worker. */
  number: number
  /** As the router expects it; the worker reckons with the same. */
  expected: Expectation
}

export interface Attempt extends AttemptInit {
  /** Among those of its job, from 0. */
  index: number
  state: 'on-its-way' | 'waiting' | 'running' | 'ended'
  /** Its result is not wanted any more. */
  isStopped: boolean
  waitsSinceMs: number
  startedMs: number
  /** At full speed, as of `countedMs`. */
  leftMs: number
  countedMs: number
  /** Grows whenever its end is planned anew. */
  plan: number
}

/** Of who expects nothing. */
export const UNEXPECTED: Expectation = { runMs: 0, totalMs: 0 }

export function beginAttempt(init: AttemptInit): Attempt {
  const index = init.job.attemptCount
  init.job.attemptCount += 1
  return {
    ...init,
    index,
    state: 'on-its-way',
    isStopped: false,
    waitsSinceMs: 0,
    startedMs: 0,
    leftMs: 0,
    countedMs: 0,
    plan: 0
  }
}
