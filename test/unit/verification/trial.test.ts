/** Whose result counts: cases one by one. What holds of all is in `test/properties/verification.test.ts`. */
import { describe, expect, it } from 'vitest'
import { judge } from '../../../src/verification/trial.ts'
import { printResult } from '../../../src/verification/comparison.ts'
import type { Comparison } from '../../../src/model/verify-plan.ts'
import type { Judgement, Trial, Vote } from '../../../src/verification/trial.ts'

const JSON_VALUE: Comparison = { kind: 'json' }
const NEAR: Comparison = { kind: 'number', epsilon: 0.15 }
const NOBODY = { groups: 0, trusted: 0 }
const STRANGERS = { groups: 5, trusted: 0 }
const OTHERS = { groups: 5, trusted: 2 }

/** `t1`: a trusted worker says 1. `p`: one on probation. `q`: one that was found wrong. */
function vote(text: string, attempt: number): Vote {
  const tiers = { t: 'trusted', p: 'probation', q: 'quarantined' } as const
  const output = text.slice(1)
  return {
    attempt,
    party: { workerId: `worker-${attempt}`, owner: undefined, addresses: [] },
    tier: tiers[text[0] as keyof typeof tiers],
    print: printResult({ output, outputFile: null, outputs: null })
  }
}

function judged(votes: string, more: Partial<Trial & Trial['plan']> = {}): Judgement {
  const { agree = 2, compare = JSON_VALUE, copiesMax = 5, ...rest } = more
  return judge({
    plan: { agree, compare, copiesMax },
    votes: votes
      .split(' ')
      .filter(Boolean)
      .map((text, index) => vote(text, index + 1)),
    openCount: 0,
    atHand: OTHERS,
    ...rest
  })
}

describe('one result', () => {
  it('asks for another: a trusted worker’s, if it is a new one’s', () => {
    expect(judged('p1')).toEqual({ kind: 'copies', count: 1, trust: 'trusted_only' })
    expect(judged('t1')).toEqual({ kind: 'copies', count: 1, trust: 'trusted_first' })
    expect(judged('t1', { agree: 3 })).toMatchObject({ count: 2 })
    expect(judged('p1', { openCount: 1 })).toEqual({ kind: 'wait' })
  })

  it('asks for two more where nobody is trusted, and for one where there is no other', () => {
    expect(judged('p1', { atHand: STRANGERS })).toMatchObject({ count: 2, trust: 'trusted_first' })
    expect(judged('p1', { atHand: { groups: 1, trusted: 0 } })).toMatchObject({ count: 1 })
  })

  it('is none, of a worker that was found wrong meanwhile', () => {
    expect(judged('q1')).toMatchObject({ kind: 'copies', count: 2 })
    expect(judged('q1 q1 q1 q1')).toMatchObject({ kind: 'undecided', agreed: 0 })
    expect(judged('q1 t1')).toMatchObject({ kind: 'copies', count: 1 })
  })
})

describe('two that agree', () => {
  it('are enough if one of them is trusted', () => {
    const found = { kind: 'accept', attempt: 1, right: [1, 2], wrong: [], isTrusted: true }
    expect(judged('t1 t1')).toMatchObject({ ...found, copies: 2, agreed: 2 })
    // The trusted worker's is taken.
    expect(judged('p1 t1')).toMatchObject({ ...found, attempt: 2 })
  })

  it('are not if none is, and one could be asked', () => {
    expect(judged('p1 p1')).toEqual({ kind: 'copies', count: 1, trust: 'trusted_only' })
    expect(judged('p1 p1', { openCount: 1 })).toEqual({ kind: 'wait' })
  })

  it('are if there is nobody else, or may be no other copy', () => {
    expect(judged('p1 p1', { atHand: NOBODY })).toMatchObject({ right: [1, 2], isTrusted: false })
    // Strangers that were not outvoted because nobody was asked have proved nothing.
    expect(judged('p1 p1', { copiesMax: 2 })).toMatchObject({
      kind: 'accept',
      right: [],
      wrong: []
    })
  })
})

describe('two that do not agree', () => {
  it('are followed by a trusted worker’s', () => {
    expect(judged('t1 p2')).toEqual({ kind: 'copies', count: 1, trust: 'trusted_only' })
    expect(judged('t1 t2')).toEqual({ kind: 'copies', count: 1, trust: 'trusted_only' })
    expect(judged('t1 t2 t2')).toMatchObject({ attempt: 2, right: [2, 3], wrong: [1] })
  })

  it('cannot be decided by more strangers where somebody is trusted', () => {
    expect(judged('t1 p2 p2 p2')).toEqual({ kind: 'copies', count: 1, trust: 'trusted_only' })
    expect(judged('t1 p2 p2 t1')).toMatchObject({ attempt: 1, right: [1, 4], wrong: [2, 3] })
  })

  it('stay undecided once no copy is left, and nobody is wrong', () => {
    const lost = { kind: 'undecided', copies: 5, agreed: 1 }
    expect(judged('t1 t2 t3 t4 t5')).toEqual(lost)
    expect(judged('t1 t1 t2 t2', { copiesMax: 4 })).toMatchObject({ kind: 'undecided', agreed: 2 })
    // What cannot come any more is not waited for.
    expect(judged('t1 t2 t3', { agree: 3 })).toMatchObject({ kind: 'copies' })
    expect(judged('t1 t2 t3 t4', { agree: 3 })).toMatchObject({ kind: 'undecided' })
  })
})

describe('where one result is the same as two that are not the same as each other', () => {
  it('the one in the middle counts, and nobody near it is wrong', () => {
    const found = judged('t1.0 t1.1 t1.2 t9', { compare: NEAR })
    expect(found).toMatchObject({ kind: 'accept', attempt: 2, right: [1, 2, 3], wrong: [4] })
  })

  it('who is only near to somebody that is right is neither right nor wrong', () => {
    const found = judged('t1.0 t1.1 t1.2 t1.3', { compare: NEAR })
    const { right, wrong } = found as Extract<Judgement, { kind: 'accept' }>
    expect(right).toHaveLength(3)
    expect(wrong).toEqual([])
  })
})

describe('a job’s own function', () => {
  const compare: Comparison = { kind: 'function', name: 'same' }

  it('is asked about each two that are not equal, once', () => {
    const asked = judged('t1 t1 t2', { compare }) as Extract<Judgement, { kind: 'compare' }>
    const pairs = asked.pairs.map((pair) => pair.map(({ attempt }) => attempt))
    expect(pairs).toEqual([
      [1, 3],
      [2, 3]
    ])
  })

  it('decides', () => {
    expect(judged('t1 t2', { compare, sameByFunction: () => true })).toMatchObject({
      right: [1, 2]
    })
    expect(judged('t1 t2', { compare, sameByFunction: () => false })).toMatchObject({
      kind: 'copies'
    })
  })
})
