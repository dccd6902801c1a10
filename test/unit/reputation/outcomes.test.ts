/** Which outcome counts how. */
import { describe, expect, it } from 'vitest'
import { ERROR_CATALOGUE } from '../../../src/core/errors.ts'
import { changeOf } from '../../../src/reputation/outcomes.ts'
import { BAD_HALF_LIFE_MS, NO_EVIDENCE } from '../../../src/reputation/score.ts'
import type { Blame, ErrorCode } from '../../../src/core/errors.ts'

const workerId = 'worker-a'
const codes = Object.keys(ERROR_CATALOGUE) as ErrorCode[]

describe('outcomes', () => {
  it('counts a completed task once', () => {
    expect(changeOf({ kind: 'completed', workerId }, 0)).toEqual({
      ...NO_EVIDENCE,
      good: 1,
      counter: 'completed',
      text: 'completed a task'
    })
  })

  it('counts a result as late that took more than five times as long as promised', () => {
    const late = { kind: 'completed', workerId, latencyMs: 5_001, promisedMs: 1_000 } as const
    expect(changeOf(late, 0)).toMatchObject({ good: 0.75, bad: 0.25, counter: 'late' })
    expect(changeOf({ ...late, latencyMs: 5_000 }, 0)).toMatchObject({ good: 1, bad: 0 })
    expect(changeOf({ ...late, promisedMs: undefined }, 0)).toMatchObject({ good: 1, bad: 0 })
  })

  it('calls nothing late that is late by less than a second', () => {
    const short = { kind: 'completed', workerId, promisedMs: 1 } as const
    expect(changeOf({ ...short, latencyMs: 1_001 }, 0)).toMatchObject({ counter: 'completed' })
    expect(changeOf({ ...short, latencyMs: 1_002 }, 0)).toMatchObject({ counter: 'late' })
  })

  it.each([
    ['SANDBOX_CRASHED', 'crashed'],
    ['RESULT_INVALID', 'invalid'],
    ['PEER_SILENT', 'lost'],
    ['RESPONSE_TIMED_OUT', 'lost'],
    ['STORE_FAILED', 'failed']
  ] as const)('counts %s double, as %s, when the worker is to blame', (code, counter) => {
    expect(changeOf({ kind: 'failed', workerId, blame: 'worker', code }, 0)).toEqual({
      ...NO_EVIDENCE,
      bad: 2,
      counter,
      text: `failed a task: ${code}`
    })
  })

  it('counts verified results apart from service, and what others did better once', () => {
    expect(changeOf({ kind: 'right', workerId }, 0)).toMatchObject({ right: 1, streak: 1, good: 0 })
    expect(changeOf({ kind: 'wrong', workerId }, 0)).toMatchObject({ wrong: 1, good: 0, bad: 0 })
    expect(changeOf({ kind: 'outdone', workerId }, 0)).toMatchObject({ good: 0, bad: 1 })
  })

  it('takes back what is left of a fault', () => {
    const cleared = { kind: 'cleared', workerId, of: 'crashed', blamedAtMs: 1_000 } as const
    expect(changeOf(cleared, 1_000)).toMatchObject({ bad: -2, uncounts: 'crashed' })
    expect(changeOf(cleared, 1_000 + BAD_HALF_LIFE_MS)).toMatchObject({ bad: -1 })
  })

  it('counts false bytes more than any failure', () => {
    expect(changeOf({ kind: 'lied', workerId }, 0)).toEqual({
      ...NO_EVIDENCE,
      bad: 4,
      counter: 'lied',
      text: 'gave false bytes of a file'
    })
  })

  it.each(['network', 'router', 'job', 'caller'] as const)(
    'counts nothing, whatever the code, when the blame is on %s',
    (blame: Blame) => {
      for (const code of codes) {
        expect(changeOf({ kind: 'failed', workerId, blame, code }, 0)).toBeUndefined()
      }
    }
  )

  it.each(['WORKER_BUSY', 'WORKER_STOPPING', 'ENGINE_UNAVAILABLE', 'TASK_STOPPED'] as const)(
    'counts nothing for %s, whoever gets the blame',
    (code) => {
      expect(changeOf({ kind: 'failed', workerId, blame: 'worker', code }, 0)).toBeUndefined()
    }
  )

  it('counts nothing for a task that ran out of its own time', () => {
    const { blame } = ERROR_CATALOGUE.TASK_TIMED_OUT
    expect(changeOf({ kind: 'failed', workerId, blame, code: 'TASK_TIMED_OUT' }, 0)).toBeUndefined()
  })
})
