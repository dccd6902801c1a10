/**
 * How evidence becomes a score, in the manner of a beta distribution whose counts fade. Good is forgotten
 * faster than bad, so nobody lives on old merits for long, and who fails has to earn its way back.
 * Beside whole steps of arithmetic there are only square roots, which IEEE 754 makes exact everywhere, and
 * powers of two, which V8 computes in software: the same evidence gives the same score on every machine.
 */
import { assert } from '../core/assert.ts'

const HOUR_MS = 3_600_000

export const GOOD_HALF_LIFE_MS = 6 * HOUR_MS
export const BAD_HALF_LIFE_MS = 24 * HOUR_MS

/** What everybody is lent: four good outcomes in five. Little enough for evidence to outweigh soon. */
export const PRIOR_GOOD = 4
export const PRIOR_COUNT = 5

/** Nobody falls to 0: what can never be chosen could never make up for it. */
export const RELIABILITY_MIN = 0.02

/** Nine verified results in ten, lent as well; a wrong one weighs as ten right ones. */
export const PRIOR_RIGHT = 9
export const WRONG_WEIGHT = 10

/** What others are shown of a share: more digits would only be noise of the arithmetic. */
export function shownShare(share: number): number {
  return Math.round(share * 1e4) / 1e4
}

/** Faded counts of how dependably a worker sees tasks through. */
export interface Service {
  good: number
  bad: number
}

/** Faded counts of all that spoke for and against a worker. */
export interface Evidence extends Service {
  /** Results that were verified. */
  right: number
  wrong: number
  /** Results verified right since the last wrong one; it fades, too. */
  streak: number
}

export const NO_EVIDENCE: Evidence = { good: 0, bad: 0, right: 0, wrong: 0, streak: 0 }

/** What is left of evidence after a while; a clock that went backwards takes nothing away. */
export function decay(evidence: Evidence, elapsedMs: number): Evidence {
  const { right, wrong, streak } = evidence
  const goodLeft = goodLeftAfter(elapsedMs)
  return {
    ...decayService(evidence, elapsedMs),
    right: right * goodLeft,
    wrong: wrong * badLeftAfter(elapsedMs),
    streak: streak * goodLeft
  }
}

/** The same of service alone. */
export function decayService({ bad, good }: Service, elapsedMs: number): Service {
  return { good: good * goodLeftAfter(elapsedMs), bad: bad * badLeftAfter(elapsedMs) }
}

/** The share of a fault that is left after a while. */
export function badLeftAfter(elapsedMs: number): number {
  return elapsedMs > 0 ? 2 ** (-elapsedMs / BAD_HALF_LIFE_MS) : 1
}

/** The share of tasks that the worker is expected to see through, 0 to 1; 0.8 for a stranger. */
export function expectedShare({ good, bad }: Service): number {
  assert(good >= 0 && bad >= 0, 'evidence is never negative')
  return (good + PRIOR_GOOD) / (good + bad + PRIOR_COUNT)
}

/** How far the expected share may be off: one standard deviation, less the more is known. */
function deviationOf(service: Service): number {
  const expected = expectedShare(service)
  return Math.sqrt((expected * (1 - expected)) / (service.good + service.bad + 1))
}

/**
 * The expected share less one standard deviation: what people are shown. A stranger has 0.4, and only
 * evidence lifts it, so a new identity never beats one that has proved itself.
 */
export function lowerBound(service: Service): number {
  return Math.max(RELIABILITY_MIN, expectedShare(service) - deviationOf(service))
}

/** Of whom less than so much service is left, too little is known to believe the best. */
const KNOWN_SERVICE = 10
/** What is known of the fleet counts like so many tasks of a worker's own. */
const FLEET_TASKS = 5

/**
 * The share of tasks that placement expects a worker to see through. Of one that is hardly known it is the lower
 * bound, so that a new name costs little. Of a known one the bound would still hold the fewer tasks of two good
 * workers against one of them for hundreds of tasks, and whoever was first would get them all: it is judged by
 * what it did, with the fleet's own share in place of what it did not do yet (empirical Bayes).
 * @param fleetShare expected share of all workers together
 */
export function prospectOf(service: Service, fleetShare: number): number {
  const { bad, good } = service
  const bound = lowerBound(service)
  if (good + bad < KNOWN_SERVICE) return bound
  return Math.max(bound, (good + FLEET_TASKS * fleetShare) / (good + bad + FLEET_TASKS))
}

/** The other end of the interval. */
export function upperBound(service: Service): number {
  const upper = expectedShare(service) + deviationOf(service)
  return Math.max(RELIABILITY_MIN, Math.min(1, upper))
}

/** What verified results say: 0.9 for who was never verified, towards 1 by right ones, down by each wrong one. */
export function correctness({ right, wrong }: Pick<Evidence, 'right' | 'wrong'>): number {
  return (right + PRIOR_RIGHT) / (right + WRONG_WEIGHT * wrong + PRIOR_RIGHT + 1)
}

/** The reputation that is shown, 0 to 1: 0.36 for a stranger. */
export function reputationOf(evidence: Evidence): number {
  return lowerBound(evidence) * correctness(evidence)
}

function goodLeftAfter(elapsedMs: number): number {
  return elapsedMs > 0 ? 2 ** (-elapsedMs / GOOD_HALF_LIFE_MS) : 1
}
