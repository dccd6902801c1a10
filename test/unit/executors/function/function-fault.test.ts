import { expect, it } from 'vitest'
import { errorOfFault, faultOfThrown } from '../../../../src/executors/function/function-fault.ts'

function dataOf(thrown: unknown): object {
  return errorOfFault(faultOfThrown(thrown)).toData()
}

const PLAIN = { code: 'TASK_FAILED', blame: 'job', retryable: false }

it.each([
  [new Error('no'), { message: 'no' }],
  [new RangeError(), { message: 'RangeError' }],
  ['a text', { message: 'a text' }],
  [undefined, { message: 'undefined' }],
  [{ why: 1 }, { message: '{"why":1}' }],
  [
    new TypeError('fetch failed', { cause: new Error('connection refused') }),
    { message: 'fetch failed: connection refused' }
  ],
  [
    Object.assign(new Error('no such file'), { code: 'ENOENT' }),
    { message: 'no such file', task_code: 'ENOENT' }
  ],
  [Object.assign(new Error('no'), { code: 7, blame: 'me', hint: 1 }), { message: 'no' }],
  [
    { message: 'no', code: 'A'.repeat(1_000) },
    { message: 'no', task_code: 'A'.repeat(128) }
  ]
])('reads %o', (thrown, data) => {
  expect(dataOf(thrown)).toEqual({ ...PLAIN, ...data })
})

it.each([
  ['job', false],
  ['worker', true],
  ['network', true]
])('takes a word on whose fault it is: %s', (blame, retryable) => {
  expect(dataOf(Object.assign(new Error('no'), { blame }))).toMatchObject({ blame, retryable })
})

it('keeps its stack to itself', () => {
  const error = errorOfFault(faultOfThrown(new Error('no')))
  expect(error.stack).toContain('function-fault.test')
  expect(JSON.stringify(error.toData())).not.toContain('function-fault.test')
})
