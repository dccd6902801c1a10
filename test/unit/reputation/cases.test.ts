/** What several attempts of one item say together. */
import { describe, expect, it } from 'vitest'
import { ItemCases } from '../../../src/reputation/cases.ts'
import type { AttemptOutcome } from '../../../src/reputation/outcomes.ts'
import type { ErrorCode } from '../../../src/core/errors.ts'

let attempts = 0

function on(workerId: string, itemIndex = 0): Pick<AttemptOutcome, 'workerId' | 'attempt'> {
  attempts += 1
  return { workerId, attempt: { jobId: 'j', itemIndex, attempt: attempts } }
}

function died(
  workerId: string,
  code: ErrorCode = 'SANDBOX_CRASHED',
  itemIndex = 0
): AttemptOutcome {
  return { ...on(workerId, itemIndex), kind: 'failed', blame: 'worker', code }
}

describe('a task that breaks whoever runs it', () => {
  it('is blamed on nobody from the second worker on, and the first is cleared', () => {
    const cases = new ItemCases()
    const first = died('a')
    expect(cases.settle(first, 10)).toEqual([first])
    expect(cases.settle(died('b', 'PEER_SILENT'), 20)).toMatchObject([
      { kind: 'cleared', workerId: 'a', of: 'crashed', blamedAtMs: 10 }
    ])
    expect(cases.settle(died('c'), 30)).toEqual([])
  })

  it('is blamed on one worker as often as it dies there alone', () => {
    const cases = new ItemCases()
    for (let count = 0; count < 3; count += 1) {
      expect(cases.settle(died('a'), count)).toHaveLength(1)
    }
    expect(cases.settle(died('b'), 9).map(({ kind, workerId }) => [kind, workerId])).toEqual([
      ['cleared', 'a'],
      ['cleared', 'a'],
      ['cleared', 'a']
    ])
  })

  it('is none once another worker completes it: two crashers do not excuse each other', () => {
    const cases = new ItemCases()
    cases.settle({ ...died('a'), receipt: 'signed' }, 10)
    cases.settle(died('b'), 20)
    const done: AttemptOutcome = { ...on('c'), kind: 'completed' }
    const settled = cases.settle(done, 30)
    expect(settled.map(({ kind, workerId }) => [kind, workerId])).toEqual([
      ['completed', 'c'],
      ['failed', 'a'],
      ['failed', 'b']
    ])
    expect(settled[1]?.receipt).toBeUndefined()
    expect(cases.settle({ ...on('d'), kind: 'completed' }, 40)).toHaveLength(1)
  })

  it('is told from others by its item, and from failures of other kinds', () => {
    const cases = new ItemCases()
    cases.settle(died('a'), 0)
    expect(cases.settle(died('b', 'SANDBOX_CRASHED', 1), 0)).toHaveLength(1)
    expect(cases.settle(died('b', 'RESULT_INVALID'), 0)).toHaveLength(1)
  })

  it('is remembered over a restart', () => {
    const cases = new ItemCases()
    cases.recall(died('a'), 10)
    expect(cases.settle(died('b'), 20)).toMatchObject([{ kind: 'cleared', blamedAtMs: 10 }])
    const later = new ItemCases()
    later.recall(died('a'), 10)
    const { attempt } = on('a')
    later.recall({ kind: 'cleared', workerId: 'a', attempt, of: 'crashed', blamedAtMs: 10 }, 20)
    expect(later.settle(died('c'), 30)).toEqual([])
  })
})

describe('an outcome that comes twice', () => {
  it('counts once, its verification apart', () => {
    const cases = new ItemCases()
    const about = on('a')
    const done: AttemptOutcome = { ...about, kind: 'completed' }
    const right: AttemptOutcome = { ...about, kind: 'right' }
    expect(
      [done, done, right, { ...right, kind: 'wrong' as const }].map(
        (one) => cases.settle(one, 0).length
      )
    ).toEqual([1, 0, 1, 0])
    const again = new ItemCases()
    again.recall(done, 0)
    expect(again.settle(done, 1)).toEqual([])
  })

  it('counts as often as it comes where nobody says which attempt it is about', () => {
    const cases = new ItemCases()
    const done: AttemptOutcome = { kind: 'completed', workerId: 'a' }
    expect([done, done].flatMap((one) => cases.settle(one, 0))).toHaveLength(2)
  })
})
