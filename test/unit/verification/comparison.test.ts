/** What the same is: by each measure, of values and of files. */
import { expect, test, vi } from 'vitest'
import { areSame, printResult } from '../../../src/verification/comparison.ts'
import type { Comparison } from '../../../src/model/verify-plan.ts'
import type { OutputFile } from '../../../src/model/job.ts'
import type { TaskResult } from '../../../src/verification/comparison.ts'

const BYTES: Comparison = { kind: 'bytes' }
const JSON_VALUE: Comparison = { kind: 'json' }
const NUMBER: Comparison = { kind: 'number', epsilon: 1e-6 }
const FUNCTION: Comparison = { kind: 'function', name: 'same' }

function compare(left: string, right: string, comparison: Comparison): boolean | undefined {
  const [one, other] = [left, right].map((output) => resultOf({ output }))
  return compareResults(one, other, comparison)
}

function compareResults(
  left: TaskResult | undefined,
  right: TaskResult | undefined,
  comparison: Comparison
): boolean | undefined {
  const [one, other] = [left, right].map((result) => printResult(result as TaskResult))
  return areSame(one as never, other as never, comparison)
}

function resultOf(part: Partial<TaskResult>): TaskResult {
  return { output: null, outputFile: null, outputs: null, ...part }
}

function fileOf(letter: string, name = 'out'): OutputFile {
  return { name, file: `sha256:${letter.repeat(64)}`, size: 1, kind: 'file' }
}

test.each<[string, string, Comparison, boolean | undefined]>([
  ['{"a":1,"b":2}', '{"b":2,"a":1}', BYTES, false],
  ['{"a":1,"b":2}', '{"a":1,"b":2}', BYTES, true],
  ['{"a":1,"b":2}', '{"b":2,"a":1}', JSON_VALUE, true],
  ['[1,2]', '[2,1]', JSON_VALUE, false],
  ['{"a":[{"x":1,"y":2}]}', '{"a":[{"y":2,"x":1}]}', JSON_VALUE, true],
  ['1', '1.0', JSON_VALUE, true],
  ['-0', '0', JSON_VALUE, true],
  ['100', '1e2', JSON_VALUE, true],
  ['1', '"1"', JSON_VALUE, false],
  ['null', 'false', JSON_VALUE, false],
  ['{}', '[]', JSON_VALUE, false],
  ['{"__proto__":1}', '{}', JSON_VALUE, false],
  // Read as a number it would be the infinite, which JSON writes as null.
  ['1e400', 'null', JSON_VALUE, false],
  ['1e400', '1e500', JSON_VALUE, false],
  ['1e400', '1e400', JSON_VALUE, true],
  ['1e400', '5', NUMBER, false],
  ['1e400', '1e500', NUMBER, false],
  ['1', '1.0000009', NUMBER, true],
  ['1', '1.000002', NUMBER, false],
  ['1000000', '1000000.9', NUMBER, true],
  ['0', '0.0000009', NUMBER, true],
  ['0', '-0.000002', NUMBER, false],
  ['{"a":[1,{"b":2}]}', '{"a":[1.0000001,{"b":1.9999999}]}', NUMBER, true],
  ['{"a":1}', '{"b":1}', NUMBER, false],
  ['{"a":1}', '{"a":1,"b":1}', NUMBER, false],
  ['[1]', '{"0":1}', NUMBER, false],
  ['[1,1]', '[1]', NUMBER, false],
  ['"a"', '"b"', NUMBER, false],
  ['{"__proto__":1}', '{"toString":1}', NUMBER, false],
  ['1', '2', FUNCTION, undefined],
  ['{"a":1,"b":2}', '{"b":2,"a":1}', FUNCTION, true]
])('%s and %s by %o: %s', (left, right, comparison, expected) => {
  expect(compare(left, right, comparison)).toBe(expected)
})

test.each([BYTES, JSON_VALUE, NUMBER, FUNCTION])('files count by their content, by %o', (kind) => {
  const output = '1'
  const [a, b] = [fileOf('a', 'one'), fileOf('b', 'two')]
  const result = resultOf({ output, outputs: [a, b] })
  expect(compareResults(result, resultOf({ output, outputs: [b, a] }), kind)).toBe(true)
  const changed = resultOf({ output, outputs: [a, fileOf('c', 'two')] })
  expect(compareResults(result, changed, kind)).toBe(false)
  const named = resultOf({ output, outputs: [a, fileOf('b', 'three')] })
  expect(compareResults(result, named, kind)).toBe(false)
  expect(compareResults(result, resultOf({ output }), kind)).toBe(false)
})

test.each([BYTES, JSON_VALUE, NUMBER, FUNCTION])(
  'a result that is a file is compared as one, by %o',
  (kind) => {
    const long = resultOf({ outputFile: fileOf('a') })
    expect(compareResults(long, resultOf({ outputFile: fileOf('a') }), kind)).toBe(true)
    expect(compareResults(long, resultOf({ outputFile: fileOf('b') }), kind)).toBe(false)
    expect(compareResults(long, resultOf({ output: '1' }), kind)).toBe(false)
    // A file of its own is not the same as one in the place of the result.
    const left = resultOf({ output: 'null', outputs: [fileOf('a')] })
    expect(compareResults(long, left, kind)).toBe(false)
  }
)

test('by number, each result is read once, however many it is compared to', () => {
  const prints = Array.from({ length: 15 }, (_, index) =>
    printResult(resultOf({ output: `[${index}.5,{"b":1,"a":[2]}]` }))
  )
  const parse = vi.spyOn(JSON, 'parse')
  const same = prints.flatMap((left) => prints.filter((right) => areSame(left, right, NUMBER)))
  const reads = parse.mock.calls.length
  parse.mockRestore()
  // Each with itself alone.
  expect(same).toHaveLength(15)
  expect(reads).toBe(15)
})
