/** What follows for an item from the end of its attempt. */
import { describe, expect, test } from 'vitest'
import { buildItem } from '../../conformance/job-store-records.ts'
import { compileJob } from '../../../src/model/job.ts'
import { consequenceOf } from '../../../src/dispatch/consequence.ts'
import { judgeAnswer, judgeError, judgeLoss } from '../../../src/dispatch/verdict.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { NO_FILES } from '../../../src/jobs/records.ts'
import type { Consequence } from '../../../src/dispatch/consequence.ts'
import type { ErrorCode } from '../../../src/core/errors.ts'
import type { ItemRecord } from '../../../src/jobs/records.ts'
import type { JobDocument } from '../../../src/model/job.ts'
import type { Verdict } from '../../../src/dispatch/verdict.ts'

interface Case {
  retry?: NonNullable<JobDocument['retry']>
  item?: Partial<ItemRecord>
  refusalCount?: number
  isChecked?: boolean
}

const ATTEMPT = 4

function after(
  verdict: Verdict,
  { retry = {}, item = {}, refusalCount = 0, isChecked = false }: Case = {}
): Consequence {
  const plan = compileJob({ task: { engine: 'builtin', name: 'noop' }, retry })
  const running = { state: 'running', attemptCount: ATTEMPT, workerId: 'w1' } as const
  const record = buildItem('j-1', 0, { ...running, ...item })
  const attempt = { attempt: ATTEMPT, workerId: 'w1', isChecked }
  return consequenceOf(verdict, record, { ...attempt, retry: plan.retry, refusalCount, draw: 0 })
}

const failure = (code: ErrorCode) => judgeError(new MeshError(code, 'why'))
const cutOff = judgeError(new MeshError('WORKER_STOPPING', 'why'), true)

test('a result completes the attempt it is from', () => {
  expect(after(judgeAnswer({ bulk: '1' }))).toEqual({
    event: { kind: 'completed', attempt: ATTEMPT, files: NO_FILES },
    delayMs: 0,
    isWorkerAvoided: false,
    isWorkerLeftOut: false
  })
})

test('a result that is to be checked completes nothing yet', () => {
  const { event } = after(judgeAnswer({ bulk: '1' }), { isChecked: true })
  expect(event).toEqual({ kind: 'delivered', attempt: ATTEMPT })
})

describe('a refusal', () => {
  test('costs nothing, and at first no time either', () => {
    const { delayMs, event } = after(failure('WORKER_BUSY'))
    expect(event).toMatchObject({
      kind: 'returned',
      attempt: ATTEMPT,
      error: { code: 'WORKER_BUSY' }
    })
    expect(delayMs).toBe(0)
  })

  test('waits twice as long each time, up to a second', () => {
    const delays = [1, 2, 3, 7, 8, 1_000_000].map(
      (refusalCount) => after(failure('WORKER_BUSY'), { refusalCount }).delayMs
    )
    expect(delays).toEqual([20, 40, 80, 1_000, 1_000, 1_000])
  })

  test.each<[ErrorCode, 'avoid' | 'never' | 'allow', boolean]>([
    ['WORKER_BUSY', 'avoid', false],
    ['WORKER_STOPPING', 'avoid', true],
    ['OWNER_REFUSED', 'avoid', true],
    ['OWNER_REFUSED', 'never', false],
    ['OWNER_REFUSED', 'allow', false]
  ])('%s with same_worker: %s has another worker preferred: %s', (code, word, isAvoided) => {
    expect(after(failure(code), { retry: { same_worker: word } }).isWorkerAvoided).toBe(isAvoided)
  })

  test('for now is none for good: the worker says when it is worth another try', () => {
    const forNow = new MeshError('OWNER_REFUSED', 'why', { retryAfterMs: 30_000 })
    expect(after(judgeError(forNow), { retry: { same_worker: 'avoid' } })).toMatchObject({
      event: { kind: 'returned' },
      isWorkerAvoided: false,
      isWorkerLeftOut: false
    })
  })

  test.each<[ErrorCode, boolean]>([
    ['OWNER_REFUSED', true],
    ['ENGINE_UNAVAILABLE', true],
    ['RESOURCES_UNAVAILABLE', true],
    ['WORKER_BUSY', false],
    ['WORKER_STOPPING', false],
    ['WORKER_CORDONED', false]
  ])('%s has the worker left out for a while: %s', (code, isLeftOut) => {
    expect(after(failure(code)).isWorkerLeftOut).toBe(isLeftOut)
  })

  test('is none of the one attempt that a job allows, if the task never began', () => {
    const once = { retry: { attempts: 1 } }
    expect(after(failure('WORKER_STOPPING'), once).event.kind).toBe('returned')
    expect(after(failure('TASK_UNKNOWN'), once).event.kind).toBe('returned')
    expect(after(cutOff, once).event).toMatchObject({ kind: 'failed', then: 'failed' })
    expect(after(cutOff, { retry: { attempts: 2 } }).event.kind).toBe('returned')
  })
})

describe('a failure', () => {
  test('of the worker is tried again elsewhere, after its delay', () => {
    expect(after(failure('SANDBOX_CRASHED'))).toMatchObject({
      event: { kind: 'retried', attempt: ATTEMPT, error: { code: 'SANDBOX_CRASHED' } },
      delayMs: 1_000,
      isWorkerAvoided: true
    })
  })

  test('of the job is final', () => {
    expect(after(failure('TASK_FAILED'))).toMatchObject({
      event: { kind: 'failed', error: { code: 'TASK_FAILED' }, then: 'failed' },
      delayMs: 0
    })
  })

  test('is final once the attempts are used up, whatever the number of refusals', () => {
    const retry = { attempts: 2 }
    expect(after(failure('SANDBOX_CRASHED'), { retry }).event.kind).toBe('retried')
    const used = { retry, item: { failureCount: 1 } }
    expect(after(failure('SANDBOX_CRASHED'), used).event.kind).toBe('failed')
  })

  test('is held for somebody to look, where the job says so', () => {
    const retry = { then: 'hold', attempts: 1 } as const
    expect(after(failure('TASK_FAILED'), { retry }).event).toMatchObject({
      kind: 'failed',
      then: 'held'
    })
    expect(after(cutOff, { retry }).event).toMatchObject({ kind: 'failed', then: 'held' })
  })

  test('a lost worker may be the network’s fault as well', () => {
    const lost = judgeLoss(new MeshError('PEER_SILENT', 'why'))
    expect(after(lost, { retry: { on: ['network'] } }).event.kind).toBe('retried')
    expect(after(lost, { retry: { on: ['worker'] } }).event.kind).toBe('retried')
    expect(after(lost, { retry: { on: ['router'] } }).event.kind).toBe('failed')
    expect(after(lost, { retry: { attempts: 1 } }).event.kind).toBe('failed')
  })
})

describe('a task that breaks sandboxes', () => {
  const crash = failure('SANDBOX_CRASHED')
  const retry = { attempts: 100 }

  test('may be the worker’s bad luck once, and twice on the same one', () => {
    expect(after(crash, { retry }).event.kind).toBe('retried')
    expect(after(crash, { retry, item: { crashedOn: ['w1'] } }).event.kind).toBe('retried')
  })

  test('is at fault itself when it does so on two', () => {
    const { event } = after(crash, { retry, item: { crashedOn: ['w2'] } })
    expect(event).toMatchObject({
      kind: 'failed',
      then: 'failed',
      error: { code: 'TASK_BREAKS_SANDBOXES', blame: 'job', retryable: false }
    })
  })

  test('is not what a task does that fails otherwise', () => {
    const item = { crashedOn: ['w2'] }
    expect(after(failure('RESULT_INVALID'), { retry, item }).event.kind).toBe('retried')
  })

  test('is held where failures are', () => {
    const held = { ...retry, then: 'hold' } as const
    const { event } = after(crash, { retry: held, item: { crashedOn: ['w2'] } })
    expect(event).toMatchObject({ then: 'held', error: { code: 'TASK_BREAKS_SANDBOXES' } })
  })
})
