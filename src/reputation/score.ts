/**
 * How evidence becomes a score, in the manner of a beta distribution whose counts fade. Good is forgotten
 * faster than bad, so nobody lives on old merits for long, and who fails has to earn its way back.
 */
import { assert } from '../core/assert.ts'

const HOUR_MS = 3_600_000

export const GOOD_HALF_LIFE_MS = 6 * HOUR_MS
export const BAD_HALF_LIFE_MS = 24 * HOUR_MS

/** What everybody is lent: four good outcomes in five. Little enough for evidence to outweigh soon. */
const PRIOR_GOOD = 4
const PRIOR_COUNT = 5

/** Nobody falls to 0: what can never be chosen could never make up for it. */
export const REPUTATION_MIN = 0.02

/** What others are shown of a share: more digits would only be noise of the arithmetic. */
export function shownShare(share: number): number {
  return Math.round(share * 1e4) / 1e4
}

/** Faded counts of what spoke for and against a worker. */
export interface Evidence {
  good: number
  bad: number
}

/** What is left of evidence after a while; a clock that went backwards takes nothing away. */
export function decay({ good, bad }: Evidence, elapsedMs: number): Evidence {
  if (!(elapsedMs > 0)) return { good, bad }
  return {
    good: good * 2 ** (-elapsedMs / GOOD_HALF_LIFE_MS),
    bad: bad * 2 ** (-elapsedMs / BAD_HALF_LIFE_MS)
  }
}

/** The share of tasks that the worker is expected to see through, 0 to 1; 0.8 for a stranger. */
export function expectedShare({ good, bad }: Evidence): number {
  assert(good >= 0 && bad >= 0, 'evidence is never negative')
  return (good + PRIOR_GOOD) / (good + bad + PRIOR_COUNT)
}

/**
 * The expected share less one standard deviation: what scoring uses. A stranger has 0.4, and only
 * evidence lifts it, so a new identity never beats one that has proved itself.
 */
export function lowerBound(evidence: Evidence): number {
  const expected = expectedShare(evidence)
  const deviation = Math.sqrt((expected * (1 - expected)) / (evidence.good + evidence.bad + 1))
  return Math.max(REPUTATION_MIN, expected - deviation)
}
