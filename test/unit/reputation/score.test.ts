/** From evidence to a score: known values, fading, and what a new identity gains. */
import { describe, expect, it } from 'vitest'
import {
  BAD_HALF_LIFE_MS,
  GOOD_HALF_LIFE_MS,
  NO_EVIDENCE,
  RELIABILITY_MIN,
  correctness,
  decay,
  expectedShare,
  lowerBound,
  reputationOf,
  shownShare,
  upperBound
} from '../../../src/reputation/score.ts'

describe('score', () => {
  it('lends a stranger 0.8, of which 0.4 counts', () => {
    expect(expectedShare({ good: 0, bad: 0 })).toBe(0.8)
    expect(lowerBound({ good: 0, bad: 0 })).toBeCloseTo(0.4, 12)
    // Not 0.4000000000000001.
    expect(shownShare(lowerBound({ good: 0, bad: 0 }))).toBe(0.4)
    expect(upperBound({ good: 0, bad: 0 })).toBe(1)
    expect(shownShare(reputationOf(NO_EVIDENCE))).toBe(0.36)
  })

  it('rises with what went well and falls with what did not', () => {
    expect(lowerBound({ good: 100, bad: 0 })).toBeCloseTo(0.981, 3)
    expect(lowerBound({ good: 100, bad: 2 })).toBeCloseTo(0.9557, 3)
    expect(lowerBound({ good: 0, bad: 2 })).toBeCloseTo(0.286, 3)
  })

  it('never falls below its floor', () => {
    expect(lowerBound({ good: 0, bad: 1e9 })).toBe(RELIABILITY_MIN)
  })

  it('puts one success above any stranger', () => {
    expect(lowerBound({ good: 0.001, bad: 0 })).toBeGreaterThan(lowerBound({ good: 0, bad: 0 }))
  })

  it('weighs a wrong result as ten right ones', () => {
    expect(correctness({ right: 0, wrong: 0 })).toBe(0.9)
    expect(correctness({ right: 90, wrong: 0 })).toBe(0.99)
    expect(correctness({ right: 0, wrong: 1 })).toBe(0.45)
  })

  it('refuses negative evidence as a bug', () => {
    expect(() => expectedShare({ good: -1, bad: 0 })).toThrow('never negative')
  })
})

describe('decay', () => {
  it('halves good in 6 hours and bad in 24', () => {
    const all = { good: 8, bad: 8, right: 8, wrong: 8, streak: 8 }
    expect(decay(all, GOOD_HALF_LIFE_MS)).toMatchObject({ good: 4, right: 4, streak: 4 })
    expect(decay(all, BAD_HALF_LIFE_MS)).toEqual({
      good: 0.5,
      bad: 4,
      right: 0.5,
      wrong: 4,
      streak: 0.5
    })
  })

  it('takes nothing when no time passed or the clock went back', () => {
    for (const elapsedMs of [0, -1, Number.NaN]) {
      const some = { ...NO_EVIDENCE, good: 3, bad: 2 }
      expect(decay(some, elapsedMs)).toEqual(some)
    }
  })
})
