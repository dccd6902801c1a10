/** Whether a failed attempt is worth another, and when: pure, with chance handed in. */
import type { Blame } from '../core/errors.ts'
import type { RetryPolicy } from '../model/job.ts'

export interface Failure {
  /** Who may be at fault; several where nobody can tell, as with a lost worker. */
  blames: readonly Blame[]
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
  if (!failure.blames.some((blame) => policy.on.includes(blame))) return undefined
  const { delayMs, delayMsMax, isExponential, jitterRatio } = policy.backoff
  const fullMs = isExponential ? delayMs * 2 ** failure.failureCount : delayMs
  return Math.round(Math.min(fullMs, delayMsMax) * (1 - jitterRatio * draw))
}

/**
 * Whether a task that was cut off in the midst, by no fault of its own, may begin again. That costs no
 * attempt; only a job that allows no second one must not run twice.
 */
export function mayRunAgain(policy: RetryPolicy): boolean {
  return policy.attemptsMax > 1
}
