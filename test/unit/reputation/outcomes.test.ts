/** Which outcome counts how. */
import { describe, expect, it } from 'vitest'
import { ERROR_CATALOGUE } from '../../../src/core/errors.ts'
import { changeOf } from '../../../src/reputation/outcomes.ts'
import type { Blame, ErrorCode } from '../../../src/core/errors.ts'

const workerId = 'worker-a'
const codes = Object.keys(ERROR_CATALOGUE) as ErrorCode[]

describe('outcomes', () => {
  it('counts a completed task once', () => {
    expect(changeOf({ kind: 'completed', workerId })).toEqual({
      good: 1,
      bad: 0,
      text: 'completed a task'
    })
  })

  it.each(['SANDBOX_CRASHED', 'RESULT_INVALID', 'PEER_SILENT', 'RESPONSE_TIMED_OUT'] as const)(
    'counts %s double when the worker is to blame',
    (code) => {
      expect(changeOf({ kind: 'failed', workerId, blame: 'worker', code })).toEqual({
        good: 0,
        bad: 2,
        text: `failed a task: ${code}`
      })
    }
  )

  it('counts false bytes more than any failure', () => {
    expect(changeOf({ kind: 'lied', workerId })).toEqual({
      good: 0,
      bad: 4,
      text: 'gave false bytes of a file'
    })
  })

  it.each(['network', 'router', 'job', 'caller'] as const)(
    'counts nothing, whatever the code, when the blame is on %s',
    (blame: Blame) => {
      for (const code of codes) {
        expect(changeOf({ kind: 'failed', workerId, blame, code })).toBeUndefined()
      }
    }
  )

  it.each(['WORKER_BUSY', 'WORKER_STOPPING', 'ENGINE_UNAVAILABLE', 'TASK_STOPPED'] as const)(
    'counts nothing for %s, whoever gets the blame',
    (code) => {
      expect(changeOf({ kind: 'failed', workerId, blame: 'worker', code })).toBeUndefined()
    }
  )

  it('counts nothing for a task that ran out of its own time', () => {
    const { blame } = ERROR_CATALOGUE.TASK_TIMED_OUT
    expect(changeOf({ kind: 'failed', workerId, blame, code: 'TASK_TIMED_OUT' })).toBeUndefined()
  })
})
