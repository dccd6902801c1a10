/** Where two documents differ, and how one field of a document is read and changed. */
import { expect, test } from 'vitest'
import { describeDifferences } from '../../../src/model/differences.ts'
import { isPath, valueAt, withValueAt } from '../../../src/model/json-path.ts'

test('the order of keys is no difference, that of a list is', () => {
  const options = { countMax: 5 }
  expect(describeDifferences({ a: 1, b: [1, 2] }, { b: [1, 2], a: 1 }, options)).toEqual([])
  expect(describeDifferences({ b: [1, 2] }, { b: [2, 1] }, options)).toEqual([
    'b[0]: 1, now 2',
    'b[1]: 2, now 1'
  ])
})

test('what is only on one side is a difference, and long values are cut', () => {
  const left = { a: { deep: 'x'.repeat(99) } }
  const right = { a: { deep: null, more: [1] } }
  expect(describeDifferences(left, right, { countMax: 5 })).toEqual([
    `a.deep: "${'x'.repeat(39)}…, now null`,
    'a.more: nothing, now [1]'
  ])
})

test('stops at as many as are asked for', () => {
  const left = Array.from({ length: 99 }, (_, index) => index)
  expect(describeDifferences(left, [], { countMax: 5 })).toHaveLength(5)
})

test.each([
  ['a.b', { a: { b: 9 }, l: [{ n: 1 }] }],
  ['l[0].n', { a: { b: 1 }, l: [{ n: 9 }] }],
  ['l[1]', { a: { b: 1 }, l: [{ n: 1 }, 9] }],
  ['new.deep[0]', { a: { b: 1 }, l: [{ n: 1 }], new: { deep: [9] } }]
])('sets %s and leaves the rest', (path, expected) => {
  const before = { a: { b: 1 }, l: [{ n: 1 }] }
  expect(withValueAt(before, path, 9)).toEqual(expected)
  expect(before).toEqual({ a: { b: 1 }, l: [{ n: 1 }] })
})

test.each(['', '.a', 'a..b', 'a[x]', 'a[0', 'l[7]', 'l.n', 'a.b.c', 'a[0]'])(
  'cannot set %j',
  (path) => {
    expect(() => withValueAt({ a: { b: 1 }, l: [] }, path, 9)).toThrow(
      expect.objectContaining({ code: 'FIELD_INVALID', path: 'set' })
    )
  }
)

test('reaches into the document only, not into JavaScript', () => {
  const changed = withValueAt({}, '__proto__.polluted', true) as object
  expect(Object.hasOwn(changed, '__proto__')).toBe(true)
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
})

const RESULT = { exit_code: 0, stdout: 'a', files: [{ path: 'x', text: 'y' }], 'odd key': null }

test.each([
  ['stdout', 'a'],
  ['files', RESULT.files],
  ['files[0].text', 'y'],
  ['odd key', null]
])('reads %s', (path, expected) => {
  expect(valueAt(RESULT, path)).toEqual(expected)
})

test('reads a part of a list', () => {
  expect(valueAt([{ n: 1 }, { n: 2 }], '[1].n')).toBe(2)
})

test.each([
  ['stdot', 'it has exit_code, stdout, files, odd key'],
  ['files[1]', 'files is a list of 1'],
  ['files.text', 'files is a list of 1'],
  ['files[0].base64', 'files[0] has path, text'],
  ['stdout.length', 'stdout is a string'],
  ['odd key.x', 'odd key is null'],
  ['[0]', 'it has exit_code'],
  ['constructor', 'it has exit_code']
])('at %s there is nothing, and it says what there is', (path, what) => {
  expect(() => valueAt(RESULT, path)).toThrow(`there is nothing at "${path}": ${what}`)
})

test.each(['', '.a', 'a..b', 'a[x]', 'a[0', '[', 'a]'])('%j is no path', (path) => {
  expect(isPath(path)).toBe(false)
})
