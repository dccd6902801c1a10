/** What counts where nobody is trusted yet: as in a fresh mesh, where colluders must not come to confirm each other. */
import { describe, expect, it } from 'vitest'
import { compileVerify } from '../../../src/model/verify-plan.ts'
import { judge } from '../../../src/verification/trial.ts'
import { printResult } from '../../../src/verification/comparison.ts'
import type { Judgement } from '../../../src/verification/trial.ts'

const PLAN = compileVerify({ mode: 'adaptive' })

/** Strangers that returned these, and so many who could vote yet. */
function judgeStrangers(outputs: readonly string[], groups = 20): Judgement {
  const votes = outputs.map((output, index) => ({
    attempt: index + 1,
    party: { workerId: `worker-${index}`, owner: undefined, addresses: [] },
    tier: 'probation' as const,
    print: printResult({ output, outputFile: null, outputs: null })
  }))
  return judge({ plan: PLAN, votes, openCount: 0, atHand: { groups, trusted: 0 } })
}

describe('strangers', () => {
  it('are asked until three more agree than agree on anything else', () => {
    expect(judgeStrangers(['1'])).toMatchObject({ kind: 'copies', count: 2 })
    expect(judgeStrangers(['1', '1'])).toMatchObject({ kind: 'copies', count: 1 })
    expect(judgeStrangers(['1', '1', '1'])).toMatchObject({ kind: 'accept', right: [1, 2, 3] })
    expect(judgeStrangers(['1', '2', '1', '1'])).toMatchObject({ kind: 'copies', count: 1 })
  })

  it('find wrong who is alone against four', () => {
    const judgement = judgeStrangers(['2', '1', '1', '1', '1'])
    expect(judgement).toMatchObject({ kind: 'accept', right: [2, 3, 4, 5], wrong: [1] })
  })

  it('decide nothing by three against two', () => {
    expect(judgeStrangers(['1', '1', '2', '2', '2'])).toMatchObject({ kind: 'undecided' })
  })

  it('are believed by three against two that differ, but find nobody right or wrong', () => {
    const judgement = judgeStrangers(['1', '2', '3', '3', '3'])
    expect(judgement).toMatchObject({ kind: 'accept', right: [], wrong: [] })
  })

  it('decide by any majority where they are the whole mesh', () => {
    const judgement = judgeStrangers(['1', '2', '1'], 0)
    expect(judgement).toMatchObject({ kind: 'accept', right: [1, 3], wrong: [2] })
  })
})
