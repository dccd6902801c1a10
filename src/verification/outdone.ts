/**
 * Whose failure another worker has shown to be its own. An error of the task itself says nothing about a worker, as
 * it may well be the task's fault, until the same task succeeds elsewhere. Pure.
 */
import type { ErrorCode } from '../core/errors.ts'

export interface FailedAttempt {
  attempt: number
  workerId: string
  code: ErrorCode
}

/** Ends that a task brings on itself, or its worker's machine does. */
const TASK_ENDS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'TASK_FAILED',
  'TASK_OUT_OF_DISK',
  'TASK_OUT_OF_MEMORY',
  'TASK_OUTPUT_TOO_LARGE',
  'TASK_TIMED_OUT'
])

/**
 * The failed attempts of an item that another worker completed, one for each worker that it outdid.
 * @param failed all of one item, which asks for the same each time: a task that reaches the network does not
 */
export function outdoneBy(
  winnerId: string,
  failed: readonly FailedAttempt[]
): readonly FailedAttempt[] {
  const outdone = new Map<string, FailedAttempt>()
  for (const one of failed) {
    if (one.workerId !== winnerId && TASK_ENDS.has(one.code)) outdone.set(one.workerId, one)
  }
  return [...outdone.values()]
}
