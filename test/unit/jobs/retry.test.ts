/** Whether there is another attempt, and when. */
import { expect, test } from 'vitest'
import { compileJob } from '../../../src/model/job.ts'
import { mayRunAgain, retryDelayMs } from '../../../src/jobs/retry.ts'
import type { Blame } from '../../../src/core/errors.ts'
import type { JobDocument } from '../../../src/model/job.ts'
import type { RetryPolicy } from '../../../src/model/job.ts'

function policy(retry: JobDocument['retry'] = {}): RetryPolicy {
  return compileJob({ task: { engine: 'builtin', name: 'noop' }, retry }).retry
}

const worker = (failureCount: number) => ({ blames: ['worker'] as Blame[], failureCount })

test('attempts count the first one', () => {
  expect(retryDelayMs(policy({ attempts: 2 }), worker(0), 0)).toBeTypeOf('number')
  expect(retryDelayMs(policy({ attempts: 2 }), worker(1), 0)).toBeUndefined()
  expect(retryDelayMs(policy({ attempts: 1 }), worker(0), 0)).toBeUndefined()
  expect([1, 2, 3].map((attempts) => mayRunAgain(policy({ attempts })))).toEqual([
    false,
    true,
    true
  ])
})

test.each<[Blame[], boolean]>([
  [['worker'], true],
  [['network'], true],
  [['router'], true],
  [['job'], false],
  [['caller'], false],
  [['job', 'network'], true],
  [[], false]
])('by default, a failure blamed on %j is retried: %s', (blames, isRetried) => {
  expect(retryDelayMs(policy(), { blames, failureCount: 0 }, 0) !== undefined).toBe(isRetried)
})

test('delays double up to the most, or stay the same', () => {
  const backoff = { delay: '1s', max: '5s', jitter: 0 }
  const delays = (type: 'exponential' | 'fixed') =>
    [0, 1, 2, 3, 60].map((count) =>
      retryDelayMs(policy({ attempts: 100, backoff: { ...backoff, type } }), worker(count), 0)
    )
  expect(delays('exponential')).toEqual([1_000, 2_000, 4_000, 5_000, 5_000])
  expect(delays('fixed')).toEqual([1_000, 1_000, 1_000, 1_000, 1_000])
})

test('chance takes off up to the jitter, in whole milliseconds', () => {
  const jittery = policy({ backoff: { delay: '1s', jitter: 0.5 } })
  expect(retryDelayMs(jittery, worker(0), 0)).toBe(1_000)
  expect(retryDelayMs(jittery, worker(0), 0.333)).toBe(834)
  expect(retryDelayMs(jittery, worker(0), 0.999_999)).toBe(500)
})
