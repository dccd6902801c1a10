/**
 * `where.prefer`: soft wishes. The weights of all that a worker fulfils are added up to a strength from -1 to
 * 1 (100 is 1), and its cost is taken ten to that power less: fully preferred, it may be ten times as far off.
 */
import { meets } from './placement-rules.ts'
import { toFigure } from './figures.ts'
import type { Placement } from '../model/job.ts'
import type { Candidate } from './candidate.ts'

/** What to multiply a cost with: 0.1 for the most preferred, 10 for the least, 1 without wishes. */
export function preferenceFactor(candidate: Candidate, prefer: Placement['prefer']): number {
  if (prefer.length === 0) return 1
  let weightSum = 0
  for (const { requirement, weight } of prefer) {
    if (meets(candidate, requirement)) weightSum += weight
  }
  const strength = Math.max(-1, Math.min(1, weightSum / 100))
  return toFigure(10 ** -strength)
}
