/**
 * `where.prefer`: soft wishes. The weights of all that a worker fulfils are added up to a strength from
 * -1 to 1 (100 is 1), and the score moves by that share of nine tenths of the way to 1, or to 0. So a
 * final score stays between 0 and 1, and equally preferred workers keep their order among each other.
 */
import { meets } from './placement-rules.ts'
import type { Placement } from '../model/job.ts'
import type { Candidate } from './candidate.ts'

/** Less than the whole way, or all workers preferred with 100 would score alike. */
const WAY_SHARE = 0.9

/** What to add to `score`. */
export function preferenceOf(
  candidate: Candidate,
  prefer: Placement['prefer'],
  score: number
): number {
  if (prefer.length === 0) return 0
  let weightSum = 0
  for (const { requirement, weight } of prefer) {
    if (meets(candidate, requirement)) weightSum += weight
  }
  const strength = Math.max(-1, Math.min(1, weightSum / 100))
  return strength * WAY_SHARE * (strength > 0 ? 1 - score : score)
}
