/**
 * What says something about a worker: how its attempts ended, and that it gave false bytes. Only what the worker itself did wrong
 * counts against it: not a full queue, a lost link, a stop on request or a fault of the job, so that
 * one broken job cannot ruin everybody who tried it.
 */
import type { Blame, ErrorCode } from '../core/errors.ts'
import type { Evidence } from './score.ts'

export type AttemptOutcome =
  | { kind: 'completed'; workerId: string; latencyMs?: number | undefined }
  | { kind: 'failed'; workerId: string; blame: Blame; code: ErrorCode }
  /** A piece or a list of pieces that it gave of a file was not what its hash says. */
  | { kind: 'lied'; workerId: string }

/** What one outcome adds, and the words for it. */
export interface Change extends Evidence {
  text: string
}

/** A task done in time. */
export const GOOD_WEIGHT = 1
/** A task lost counts double: it cost a retry and somebody's patience. */
export const BAD_WEIGHT = 2
/** No accident on the way gives false bytes: its disk fails, or it wants to harm. What it computes is in doubt too. */
export const LIE_WEIGHT = 4

/** Codes by which a worker declines or is told to stop. They are no fault, whoever gets the blame. */
const DECLINES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'WORKER_BUSY',
  'WORKER_STOPPING',
  'WORKER_CORDONED',
  'OWNER_REFUSED',
  'ENGINE_UNAVAILABLE',
  'RESOURCES_UNAVAILABLE',
  'TASK_STOPPED',
  'TASK_SUPERSEDED',
  'TASK_UNKNOWN',
  'STOPPING'
])

/** Undefined when the outcome says nothing about the worker. */
export function changeOf(outcome: AttemptOutcome): Change | undefined {
  switch (outcome.kind) {
    case 'completed':
      return { good: GOOD_WEIGHT, bad: 0, text: 'completed a task' }
    case 'failed':
      return changeOfFailure(outcome.blame, outcome.code)
    case 'lied':
      return { good: 0, bad: LIE_WEIGHT, text: 'gave false bytes of a file' }
  }
}

function changeOfFailure(blame: Blame, code: ErrorCode): Change | undefined {
  switch (blame) {
    case 'worker':
      return DECLINES.has(code)
        ? undefined
        : { good: 0, bad: BAD_WEIGHT, text: `failed a task: ${code}` }
    case 'owner':
    case 'network':
    case 'router':
    case 'job':
    case 'caller':
      return undefined
  }
}
