import { expect, it } from 'vitest'
import { LIMITS } from '../../../../src/core/limits.ts'
import { encodeResult } from '../../../../src/executors/function/function-result.ts'

const MAX = LIMITS.resultBytesMax

it.each([
  [undefined, 'null'],
  [null, 'null'],
  ['a', '"a"'],
  [{ at: new Date(0), gone: undefined }, '{"at":"1970-01-01T00:00:00.000Z"}'],
  [[1, undefined, Number.NaN], '[1,null,null]']
])('writes %j as JSON does', (value, output) => {
  expect(encodeResult(value)).toEqual({ output })
})

it('writes what is there twice, which is no circle', () => {
  const shared = { a: 1 }
  expect(encodeResult([shared, shared])).toEqual({ output: '[{"a":1},{"a":1}]' })
})

it('takes a result of the largest size, and none that is longer', () => {
  expect(encodeResult('x'.repeat(MAX - 2))).toHaveProperty('output')
  expect(encodeResult('x'.repeat(MAX - 1))).toMatchObject({
    fault: { code: 'TASK_OUTPUT_TOO_LARGE' }
  })
  expect(encodeResult('é'.repeat(MAX / 2))).toMatchObject({
    fault: { code: 'TASK_OUTPUT_TOO_LARGE' }
  })
})

it('does not write out what is far too long', () => {
  const unwritten = { toJSON: () => expect.unreachable('it is measured first') }
  const long = 'x'.repeat(MAX + 1)
  for (const value of [[long, unwritten], { [long]: 1, unwritten }, [[long], { unwritten }]]) {
    expect(encodeResult(value)).toMatchObject({ fault: { code: 'TASK_OUTPUT_TOO_LARGE' } })
  }
  const sparse: unknown[] = []
  sparse.length = 4_000_000_000
  expect(encodeResult(sparse)).toMatchObject({ fault: { code: 'TASK_OUTPUT_TOO_LARGE' } })
})

it.each([
  ['bytes', Buffer.from('a'), 'return them as base64 text'],
  ['bytes within', [{ image: new Uint8Array(1) }], 'return them as base64 text'],
  ['a nest without end', nest(100_000), 'Maximum call stack'],
  ['a BigInt', [1n], 'BigInt'],
  ['a function', () => 1, 'it is a function']
])('refuses %s', (_what, value, why) => {
  const result = encodeResult(value)
  expect(result).toMatchObject({ fault: { code: 'TASK_FAILED' } })
  expect('fault' in result && result.fault.message).toContain(why)
})

function nest(depth: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < depth; level += 1) value = [value]
  return value
}
