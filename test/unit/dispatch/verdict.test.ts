/** What each end of an attempt means, for the item, its record and the worker. */
import { expect, test } from 'vitest'
import { attemptEndOf, judgeAnswer, judgeError, outcomeOf } from '../../../src/dispatch/verdict.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { readReport } from '../../../src/dispatch/task-report.ts'
import type { ErrorCode } from '../../../src/core/errors.ts'

test.each<[ErrorCode, string, string, string[]]>([
  ['WORKER_BUSY', 'returned', 'refused', []],
  ['WORKER_STOPPING', 'returned', 'refused', []],
  ['ENGINE_UNAVAILABLE', 'returned', 'refused', []],
  ['RESOURCES_UNAVAILABLE', 'returned', 'refused', []],
  ['PEER_UNREACHABLE', 'returned', 'refused', []],
  ['TOO_MANY_REQUESTS', 'returned', 'refused', []],
  ['SESSION_CONGESTED', 'returned', 'refused', []],
  ['STOPPING', 'returned', 'refused', []],
  ['SESSION_CLOSED', 'failed', 'lost', ['worker', 'network']],
  ['PEER_SILENT', 'failed', 'lost', ['worker', 'network']],
  ['RESPONSE_TIMED_OUT', 'failed', 'lost', ['worker', 'network']],
  ['TASK_FAILED', 'failed', 'failed', ['job']],
  ['TASK_OUT_OF_MEMORY', 'failed', 'failed', ['job']],
  ['TASK_TIMED_OUT', 'failed', 'timed_out', ['job']],
  ['TOTAL_TIMED_OUT', 'failed', 'timed_out', ['job']],
  ['TASK_STOPPED', 'failed', 'stopped', ['job']],
  ['SANDBOX_CRASHED', 'failed', 'failed', ['worker']],
  ['FIELD_INVALID', 'failed', 'failed', ['job']],
  ['STORE_FAILED', 'failed', 'failed', ['router']],
  ['INTERNAL', 'failed', 'failed', ['router']]
])('%s: %s, the attempt is %s', (code, kind, state, blames) => {
  const verdict = judgeError(new MeshError(code, 'why'))
  expect([verdict.kind, attemptEndOf(verdict)]).toEqual([kind, state])
  expect('blames' in verdict ? verdict.blames : []).toEqual(blames)
})

const outcome = (code: ErrorCode) => outcomeOf(judgeError(new MeshError(code, 'why')), 'w', 5)

test('only what began and ended says something about the worker', () => {
  expect(outcome('WORKER_BUSY')).toBeUndefined()
  expect(outcome('SESSION_CLOSED')).toMatchObject({ kind: 'failed', blame: 'worker' })
  expect(outcome('TASK_FAILED')).toMatchObject({ kind: 'failed', blame: 'job' })
  const completed = judgeAnswer({ bulk: '{"a":[1]}' })
  expect(completed).toEqual({ kind: 'completed', output: '{"a":[1]}' })
  expect(outcomeOf(completed, 'w', 5)).toEqual({ kind: 'completed', workerId: 'w', latencyMs: 5 })
})

test('a refusal with figures of use was a task cut off', () => {
  const error = new MeshError('WORKER_STOPPING', 'why')
  const verdict = judgeAnswer({ error, result: { usage: { wall_ms: 3 } } })
  expect([verdict, attemptEndOf(verdict)]).toMatchObject([
    { kind: 'returned', hasBegun: true },
    'stopped'
  ])
})

test.each<[unknown, object]>([
  [undefined, { load: undefined, logs: '', usage: null }],
  [
    { logs: 5, usage: 'much', load: 7 },
    { load: 7, logs: '', usage: null }
  ],
  [
    { usage: null, logs: 'x' },
    { logs: 'x', usage: null }
  ],
  [{ usage: { cpu_ms: 5 } }, { usage: null }],
  [{ usage: { wall_ms: NaN } }, { usage: null }],
  [{ usage: { wall_ms: -1 } }, { usage: null }],
  [
    { usage: { wall_ms: 2, cpu_ms: '1', peak_memory_bytes: 9 } },
    { usage: { wallMs: 2, peakMemoryBytes: 9 } }
  ]
])('of a report like %j only what has the right shape is believed', (result, report) => {
  const answer = result === undefined ? {} : { result: result as Record<string, unknown> }
  expect(readReport(answer)).toMatchObject(report)
})

test('logs beyond the limit are cut off', () => {
  expect(readReport({ result: { logs: 'x'.repeat(100_000) } }).logs).toHaveLength(65_536)
})
