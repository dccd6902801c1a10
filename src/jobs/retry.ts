/** Whether a failed attempt is worth another, and when: pure, with chance handed in. */
import type { Blame, ErrorData } from '../core/errors.ts'
import type { RetryPolicy } from '../model/job.ts'

export interface Failure {
  error: ErrorData
  /** Failures of this item before this one. */
  failureCount: number
}

/**
 * Milliseconds to wait before the next attempt; undefined when there shall be none.
 * Exponential with jitter: delay × 2^failures, cut at the policy's maximum, then up to `jitterRatio` of
 * it off by chance, so that tasks that failed together do not come back together.
 * @param draw from 0 (included) to 1 (excluded), by chance
 */
export function retryDelayMs(
  policy: RetryPolicy,
  failure: Failure,
  draw: number
): number | undefined {
  if (failure.failureCount + 1 >= policy.attemptsMax) return undefined
  if (!policy.on.includes(blameOf(failure.error))) return undefined
  const { delayMs, delayMsMax, isExponential, jitterRatio } = policy.backoff
  const fullMs = isExponential ? delayMs * 2 ** failure.failureCount : delayMs
  return Math.min(fullMs, delayMsMax) * (1 - jitterRatio * draw)
}

/** What a caller got wrong in a task is the job's fault when the task is all there is. */
function blameOf(error: ErrorData): Blame {
  return error.blame === 'caller' ? 'job' : error.blame
}
