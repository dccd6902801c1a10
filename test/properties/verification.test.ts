/** What must hold of verification for any results, workers and orders. fast-check prints its seed. */
import * as fc from 'fast-check'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import { areSame, isNear, printResult } from '../../src/verification/comparison.ts'
import { independentCount } from '../../src/verification/independence.ts'
import { judge } from '../../src/verification/trial.ts'
import type { Comparison } from '../../src/model/verify-plan.ts'
import type { Judgement, Trial, Vote } from '../../src/verification/trial.ts'

const JSON_COMPARE: Comparison = { kind: 'json' }

function print(value: unknown): Vote['print'] {
  const output = JSON.stringify(value) ?? 'null'
  return printResult({ output, outputFile: null, outputs: null })
}

interface Cast {
  value: number
  owner: string | undefined
  tier: Vote['tier']
}

function votesOf(casts: readonly Cast[]): Vote[] {
  return casts.map(({ owner, tier, value }, index) => ({
    attempt: index + 1,
    party: { workerId: `worker-${index}`, owner, addresses: [] },
    tier,
    print: print(value)
  }))
}

const comparison = fc.constantFrom<Comparison>(
  { kind: 'bytes' },
  { kind: 'json' },
  { kind: 'number', epsilon: 0.3 }
)

const cast: fc.Arbitrary<Cast> = fc.record({
  // With the measure above, neighbours among the numbers are the same, and those further away are not.
  value: fc.constantFrom(0, 0.25, 0.5, 0.75),
  owner: fc.constantFrom(undefined, 'a', 'b'),
  tier: fc.constantFrom('probation', 'trusted', 'quarantined')
})

const trial: fc.Arbitrary<Trial> = fc
  .record({
    casts: fc.array(cast, { maxLength: 7 }),
    agree: fc.integer({ min: 2, max: 4 }),
    more: fc.integer({ min: 0, max: 4 }),
    compare: comparison,
    openCount: fc.integer({ min: 0, max: 3 }),
    groups: fc.integer({ min: 0, max: 3 }),
    trusted: fc.integer({ min: 0, max: 2 })
  })
  .map(({ agree, casts, compare, groups, more, openCount, trusted }) => ({
    plan: { agree, copiesMax: agree + more, compare },
    votes: votesOf(casts),
    openCount,
    atHand: { groups: Math.max(groups, trusted), trusted }
  }))

describe('a trial', () => {
  it('decides the same in whatever order the votes came', () => {
    const shuffled = trial.chain((one) =>
      fc.tuple(
        fc.constant(one),
        fc.shuffledSubarray([...one.votes], { minLength: one.votes.length })
      )
    )
    fc.assert(
      fc.property(shuffled, ([one, votes]) => {
        expect(judge({ ...one, votes })).toEqual(judge(one))
      })
    )
  })

  it('accepts nothing without enough equal votes of workers that do not vouch for each other', () => {
    fc.assert(
      fc.property(trial, (one) => {
        const judgement = judge(one)
        if (judgement.kind !== 'accept') return
        const winner = one.votes.find(({ attempt }) => attempt === judgement.attempt) as Vote
        const agreeing = one.votes.filter(
          ({ print: other, tier }) =>
            tier !== 'quarantined' && areSame(winner.print, other, one.plan.compare) === true
        )
        const count = independentCount(agreeing.map(({ party }) => party))
        expect(count).toBeGreaterThanOrEqual(one.plan.agree)
        expect(judgement.agreed).toBe(count)
        const attempts = agreeing.map(({ attempt }) => attempt)
        expect([[], attempts]).toContainEqual(judgement.right)
      })
    )
  })

  it('calls nobody wrong who returned the same as somebody who is right', () => {
    fc.assert(
      fc.property(trial, (one) => {
        const judgement = judge(one)
        if (judgement.kind !== 'accept') return
        const byAttempt = new Map(one.votes.map((vote) => [vote.attempt, vote]))
        for (const attempt of judgement.wrong) {
          for (const other of judgement.right) {
            const [wrong, right] = [byAttempt.get(attempt), byAttempt.get(other)] as [Vote, Vote]
            expect(areSame(wrong.print, right.print, one.plan.compare)).toBe(false)
          }
        }
      })
    )
  })

  it('never asks for more copies than there may be', () => {
    fc.assert(
      fc.property(trial, (one) => {
        const judgement = judge(one)
        if (judgement.kind !== 'copies') return
        expect(judgement.count).toBeGreaterThan(0)
        const copies = one.votes.length + one.openCount + judgement.count
        expect(copies).toBeLessThanOrEqual(one.plan.copiesMax)
      })
    )
  })

  it('never lets colluders of one group outvote two honest workers that do not vouch for each other', () => {
    const tier = fc.constantFrom<Vote['tier']>('probation', 'trusted')
    const colluders = fc.array(tier, { maxLength: 6 })
    fc.assert(
      fc.property(colluders, fc.tuple(tier, tier), fc.nat(6), (cheats, honest, before) => {
        const casts: Cast[] = cheats.map((one) => ({ value: 1, owner: 'cheat', tier: one }))
        const others = honest.map((one) => ({ value: 0, owner: undefined, tier: one }))
        const votes = votesOf(casts.toSpliced(Math.min(before, casts.length), 0, ...others))
        const plan = { agree: 2, copiesMax: 9, compare: JSON_COMPARE }
        const judgement = judge({ plan, votes, openCount: 0, atHand: { groups: 0, trusted: 0 } })
        expect(judgement.kind).toBe('accept')
        const { attempt, wrong } = judgement as Extract<Judgement, { kind: 'accept' }>
        expect(votes[attempt - 1]?.print).toEqual(print(0))
        expect(wrong).toHaveLength(cheats.length)
      })
    )
  })

  it('comes to an end: asked copies that all arrive lead to a decision', () => {
    fc.assert(
      fc.property(
        fc.array(cast, { minLength: 15, maxLength: 15 }),
        comparison,
        (casts, compare) => {
          const all = votesOf(casts)
          const plan = { agree: 3, copiesMax: 9, compare }
          let count = 1
          for (let round = 0; round < 20; round += 1) {
            const votes = all.slice(0, count)
            const atHand = { groups: all.length - count, trusted: 1 }
            const judgement = judge({ plan, votes, openCount: 0, atHand })
            if (judgement.kind === 'accept' || judgement.kind === 'undecided') return
            expect(judgement.kind).toBe('copies')
            count += (judgement as Extract<Judgement, { kind: 'copies' }>).count
          }
          expect.fail('it went on and on')
        }
      )
    )
  })
})

describe('a comparison', () => {
  const kinds: Comparison[] = [
    { kind: 'bytes' },
    { kind: 'json' },
    { kind: 'number', epsilon: 1e-9 }
  ]

  it.each(kinds)('by $kind takes a value for the same as itself', (kind) => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(areSame(print(value), print(value), kind)).toBe(true)
      })
    )
  })

  it.each(kinds)('by $kind says the same from both sides', (kind) => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (left, right) => {
        const [one, other] = [print(left), print(right)]
        expect(areSame(one, other, kind)).toBe(areSame(other, one, kind))
      })
    )
  })

  it('by json does not look at the order of keys', () => {
    const dictionary = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 8 })
    fc.assert(
      fc.property(dictionary, (value) => {
        const turned = Object.fromEntries(Object.entries(value).toReversed())
        expect(areSame(print(turned), print(value), JSON_COMPARE)).toBe(true)
      })
    )
  })

  it('by json tells values apart that are not equal', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (left, right) => {
        // -0 is 0 once it is JSON.
        const [one, other] = [left, right].map(
          (value) => JSON.parse(JSON.stringify(value)) as unknown
        )
        const areEqual = isDeepStrictEqual(one, other)
        expect(areSame(print(left), print(right), JSON_COMPARE)).toBe(areEqual)
      })
    )
  })

  it('by number takes what is within the measure, near zero and far from it', () => {
    const number = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e12, max: 1e12 })
    fc.assert(
      fc.property(number, fc.double({ min: -0.4, max: 0.4, noNaN: true }), (value, share) => {
        const epsilon = 1e-3
        const near = value + share * epsilon * Math.max(1, Math.abs(value))
        const far = value + 3 * epsilon * Math.max(1, Math.abs(value))
        expect(isNear(value, near, epsilon)).toBe(true)
        expect(isNear(value, far, epsilon)).toBe(false)
      })
    )
  })
})
