/** What each end of an attempt means, for the item, its record and the worker. */
import { describe, expect, test } from 'vitest'
import {
  attemptEndOf,
  isLinkLoss,
  judgeAnswer,
  judgeError,
  judgeLoss,
  outcomeOf
} from '../../../src/dispatch/verdict.ts'
import { ERROR_CATALOGUE, MeshError } from '../../../src/core/errors.ts'
import { readReport } from '../../../src/dispatch/task-report.ts'
import { NO_FILES } from '../../../src/jobs/records.ts'
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
  ['WORKER_CORDONED', 'returned', 'refused', []],
  ['OWNER_REFUSED', 'returned', 'refused', []],
  ['TASK_UNKNOWN', 'returned', 'refused', []],
  ['NOT_A_MEMBER', 'returned', 'refused', []],
  ['REVOKED', 'returned', 'refused', []],
  ['CREDENTIAL_EXPIRED', 'returned', 'refused', []],
  ['COMMAND_FORBIDDEN', 'returned', 'refused', []],
  ['TASK_LOST', 'failed', 'lost', ['worker']],
  ['RESPONSE_INVALID', 'failed', 'lost', ['worker', 'network']],
  ['TASK_SUPERSEDED', 'failed', 'stopped', ['job']],
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

test.each<[ErrorCode, object | undefined, string, string[]]>([
  ['STORE_FULL', undefined, 'returned', []],
  ['STORE_FULL', { usage: { wall_ms: 5 } }, 'failed', ['worker']],
  ['STORE_FAILED', undefined, 'failed', ['worker']],
  ['STORE_FAILED', { usage: { wall_ms: 5 } }, 'failed', ['worker']],
  ['FILE_UNAVAILABLE', undefined, 'failed', ['network']]
])('%s as the answer of a worker with %j: %s, %j', (code, result, kind, blames) => {
  const verdict = judgeAnswer({
    error: new MeshError(code, 'why'),
    ...(result === undefined ? {} : { result: { ...result } })
  })
  expect(verdict.kind).toBe(kind)
  expect('blames' in verdict ? verdict.blames : []).toEqual(blames)
})

test.each<ErrorCode>([
  'RECEIPT_INVALID',
  'UNAUTHORISED',
  'JOB_NOT_FOUND',
  'COMMAND_NOT_SERVED',
  'CONFIG_INVALID'
])('%s as the answer of a worker is no fault of the job: no task ends with it', (code) => {
  const verdict = judgeAnswer({ error: new MeshError(code, 'why') })
  expect(verdict).toMatchObject({ kind: 'failed', blames: ['worker', 'network'] })
  expect(verdict).toHaveProperty('error.code', 'RESPONSE_INVALID')
  expect(verdict).toHaveProperty('error.message', expect.stringContaining(code))
})

test.each<ErrorCode>(['FIELD_INVALID', 'REQUEST_TOO_LARGE', 'FILE_CHANGED', 'TASK_FAILED'])(
  '%s as the answer of a worker is of the task',
  (code) => {
    const verdict = judgeAnswer({ error: new MeshError(code, 'why') })
    expect(verdict).toMatchObject({ kind: 'failed', blames: ['job'], error: { code } })
  }
)

const ended = { workerId: 'w', took: { latencyMs: 5 } }
const outcome = (code: ErrorCode) => outcomeOf(judgeError(new MeshError(code, 'why')), ended)

test('only what began and ended says something about the worker', () => {
  expect(outcome('WORKER_BUSY')).toBeUndefined()
  expect(outcome('SESSION_CLOSED')).toMatchObject({ kind: 'failed', blame: 'worker' })
  expect(outcome('TASK_FAILED')).toMatchObject({ kind: 'failed', blame: 'job' })
  const completed = judgeAnswer({ bulk: '{"a":[1]}' })
  expect(completed).toEqual({ kind: 'completed', output: '{"a":[1]}', files: NO_FILES })
  expect(outcomeOf(completed, ended)).toEqual({ kind: 'completed', workerId: 'w', latencyMs: 5 })
})

test('a refusal with figures of use was a task cut off', () => {
  const error = new MeshError('WORKER_STOPPING', 'why')
  const verdict = judgeAnswer({ error, result: { usage: { wall_ms: 3 } } })
  expect([verdict, attemptEndOf(verdict)]).toMatchObject([
    { kind: 'returned', hasBegun: true },
    'stopped'
  ])
})

test('of all that can go wrong, only the end of the link leaves open what the worker does', () => {
  const codes = (Object.keys(ERROR_CATALOGUE) as ErrorCode[]).filter((code) =>
    isLinkLoss(new MeshError(code, 'why'))
  )
  expect(codes.toSorted()).toEqual([
    'PEER_SILENT',
    'SESSION_CLOSED',
    'SESSION_CONGESTED',
    'STOPPING'
  ])
})

test.each<ErrorCode>(['SESSION_CLOSED', 'PEER_GONE', 'STOPPING', 'TOTAL_TIMED_OUT'])(
  'a worker that did not come back is lost, whatever ended the waiting: %s',
  (code) => {
    const verdict = judgeLoss(new MeshError(code, 'why'))
    expect(attemptEndOf(verdict)).toBe('lost')
    expect(verdict).toMatchObject({
      kind: 'failed',
      blames: ['worker', 'network'],
      error: { code, blame: 'worker', message: 'the worker was lost: why' }
    })
  }
)

test.each<[string | undefined, ErrorCode, string]>([
  [undefined, 'RESULT_INVALID', 'worker'],
  ['', 'RESULT_INVALID', 'worker'],
  ['{"a":', 'RESULT_INVALID', 'worker'],
  [`${'['.repeat(65)}${']'.repeat(65)}`, 'TASK_FAILED', 'job'],
  [JSON.stringify('x'.repeat(4 * 2 ** 20)), 'TASK_OUTPUT_TOO_LARGE', 'job']
])('a result that cannot be used (%#) is %s, and the %s’s fault', (bulk, code, blame) => {
  const verdict = judgeAnswer(bulk === undefined ? {} : { bulk })
  expect(verdict).toMatchObject({ kind: 'failed', error: { code, blame }, attemptState: 'failed' })
})

const log = { from: 2, entries: [{ ms: 3, stream: 'out', text: 'hello' }] }

test.each<[unknown, object]>([
  [undefined, { load: undefined, log: undefined, usage: null, ranMs: undefined }],
  [
    { log: 5, usage: 'much', load: 7, progress: 'half', phases: 3 },
    { load: 7, log: undefined, usage: null, progress: undefined, ranMs: undefined }
  ],
  [
    { log, usage: null },
    { log, usage: null }
  ],
  [{ log: { from: -1, entries: [] } }, { log: undefined }],
  [{ log: { from: 0, entries: [{ ms: 1, stream: 'in', text: '' }] } }, { log: undefined }],
  [{ usage: { cpu_ms: 5 } }, { usage: null }],
  [{ usage: { wall_ms: NaN } }, { usage: null }],
  [{ usage: { wall_ms: -1 } }, { usage: null }],
  [
    { usage: { wall_ms: 2, cpu_ms: '1', peak_memory_bytes: 9 } },
    { usage: { wallMs: 2, peakMemoryBytes: 9 } }
  ],
  [{ progress: { ratio: 0.5, text: 'half' } }, { progress: { ratio: 0.5, text: 'half' } }],
  [{ progress: { ratio: 1.1, text: 7 } }, { progress: undefined }],
  [{ progress: { text: 'x'.repeat(300) } }, { progress: { text: 'x'.repeat(200) } }],
  [{ phases: { ran_ms: 12 } }, { ranMs: 12 }],
  [{ phases: { ran_ms: '12' } }, { ranMs: undefined }]
])('of a report like %j only what has the right shape is believed', (result, report) => {
  const answer = result === undefined ? {} : { result: result as Record<string, unknown> }
  expect(readReport(answer)).toMatchObject(report)
})

describe('files of an answer', () => {
  const file = { name: 'thumbs', file: `sha256:${'a'.repeat(64)}`, size: 3, kind: 'folder' }

  test('come with the result, and only what is known of them', () => {
    const answer = { bulk: '1', result: { outputs: [{ ...file, path: '/etc' }] } }
    const files = { outputs: [file], outputFile: null }
    expect(judgeAnswer(answer)).toEqual({ kind: 'completed', output: '1', files })
    expect(judgeAnswer({ bulk: '1', result: { outputs: [] } })).toMatchObject({ files: NO_FILES })
  })

  test('one may be in the place of the result', () => {
    const answer = { result: { output_file: file } }
    const files = { outputs: null, outputFile: file }
    expect(judgeAnswer(answer)).toEqual({ kind: 'completed', output: null, files })
    expect(judgeAnswer({ bulk: 'no json', ...answer })).toMatchObject({ output: null })
  })

  test.each([
    ['no list', { outputs: file }],
    ['too many', { outputs: Array.from({ length: 65 }, () => file) }],
    ['one without an id', { outputs: [{ ...file, file: 'sha256:ab' }] }],
    ['one of negative size', { outputs: [{ ...file, size: -1 }] }],
    ['one without a name', { outputs: [{ ...file, name: '' }] }],
    ['one of another kind', { output_file: { ...file, kind: 'link' } }]
  ])('%s makes the answer worthless, which is the worker’s fault', (_name, result) => {
    const verdict = judgeAnswer({ bulk: '1', result })
    expect(verdict).toMatchObject({ kind: 'failed', error: { code: 'RESULT_INVALID' } })
    expect(verdict).toMatchObject({ blames: ['worker'] })
  })
})
