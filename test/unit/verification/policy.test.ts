/** What is checked, by mode and record; whose failures another worker has shown to be its own. */
import { expect, test } from 'vitest'
import { outdoneBy } from '../../../src/verification/outdone.ts'
import { checkedShare } from '../../../src/verification/policy.ts'
import type { Standing } from '../../../src/verification/policy.ts'

const NEW: Standing = { tier: 'probation', checkProbability: 1 }
const PROVEN: Standing = { tier: 'trusted', checkProbability: 0.04 }
const CAUGHT: Standing = { tier: 'quarantined', checkProbability: 1 }

test('how often a result is checked', () => {
  expect(checkedShare({ mode: 'none', share: 0.05 }, NEW)).toBe(0)
  expect(checkedShare({ mode: 'quorum', share: 0.05 }, PROVEN)).toBe(1)
  expect(checkedShare({ mode: 'spot', share: 0.05 }, NEW)).toBe(0.05)
  expect(checkedShare({ mode: 'spot', share: 0.05 }, CAUGHT)).toBe(1)
  expect(checkedShare({ mode: 'adaptive', share: 0.05 }, NEW)).toBe(1)
  expect(checkedShare({ mode: 'adaptive', share: 0.05 }, PROVEN)).toBe(0.04)
})

test('a failure is a worker’s own once another one completes the task', () => {
  const failed = [
    { attempt: 1, workerId: 'one', code: 'TASK_FAILED' },
    { attempt: 2, workerId: 'winner', code: 'TASK_FAILED' },
    { attempt: 3, workerId: 'two', code: 'TASK_OUT_OF_MEMORY' },
    { attempt: 4, workerId: 'one', code: 'TASK_TIMED_OUT' },
    { attempt: 5, workerId: 'three', code: 'PEER_SILENT' },
    { attempt: 6, workerId: 'four', code: 'TASK_STOPPED' }
  ] as const
  expect(outdoneBy('winner', failed).map(({ attempt }) => attempt)).toEqual([4, 3])
  expect(outdoneBy('winner', [])).toEqual([])
})
