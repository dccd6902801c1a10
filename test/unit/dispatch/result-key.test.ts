/** When two tasks are equal: what is in their key, and what is not. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isDeepStrictEqual } from 'node:util'
import { canonicalJson } from '../../../src/core/json.ts'
import { checkJob, compileJob } from '../../../src/model/job.ts'
import { resultKey } from '../../../src/dispatch/result-key.ts'
import type { JobDocument } from '../../../src/model/job.ts'

const mesh = (digit: string): string => `mesh:sha256:${digit.repeat(64)}`

const PEER = '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'

const DOCUMENT: JobDocument = {
  task: {
    engine: 'javascript',
    source: 'function main (x) { return x }',
    input: { a: 1, b: [2] },
    seed: 's'
  },
  inputs: [
    { path: 'a.txt', from: mesh('a') },
    { path: 'b.txt', from: 'inline:text' }
  ],
  outputs: [{ name: 'out', path: 'out.txt' }],
  resources: { memory: '64MiB' },
  where: { require: ['os = linux'], min_reputation: 0.2 },
  cache: 'use'
}

function keyOf(document: JobDocument, index = 0, submitter = 'me'): string {
  return resultKey(checkJob(document), index, { plan: compileJob(document), submitter })
}

/** The same with its keys in another order, at every depth. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toReversed()
  return Object.fromEntries(entries.map(([key, part]) => [key, reversed(part)]))
}

const task = DOCUMENT.task as Extract<JobDocument['task'], { engine: 'javascript' }>

describe('a key', () => {
  test('does not depend on the order of keys, inputs or outputs', () => {
    const other = reversed(DOCUMENT) as JobDocument
    const inputs = (other.inputs ?? []).toReversed()
    expect(keyOf({ ...other, inputs })).toBe(keyOf(DOCUMENT))
  })

  test.each<[string, Partial<JobDocument>]>([
    ['the source', { task: { ...task, source: 'function main () {}' } }],
    ['the input', { task: { ...task, input: { a: 1, b: [3] } } }],
    ['the seed', { task: { ...task, seed: 't' } }],
    ['the time', { task: { ...task, time: '2026-01-01T00:00:00Z' } }],
    ['the language', { task: { ...task, language: 'typescript' } }],
    ['an input’s file', { inputs: [{ path: 'a.txt', from: mesh('c') }] }],
    ['an input’s place', { inputs: [{ path: 'c.txt', from: mesh('a') }] }],
    ['how far it is believed', { verify: { mode: 'quorum' } }],
    ['what is to be kept', { outputs: [{ name: 'out', path: 'other.txt' }] }],
    ['the memory', { resources: { memory: '65MiB' } }],
    ['whose word it takes', { where: { require: ['os = linux'], min_reputation: 0.9 } }],
    ['which workers it trusts', { where: { only: [PEER] } }]
  ])('changes with %s', (_name, change) => {
    expect(keyOf({ ...DOCUMENT, ...change })).not.toBe(keyOf(DOCUMENT))
  })

  test('is that of old where nothing is verified', () => {
    expect(keyOf({ ...DOCUMENT, verify: { mode: 'none' } })).toBe(keyOf(DOCUMENT))
  })

  test('changes with who asks', () => {
    expect(keyOf(DOCUMENT, 0, 'somebody')).not.toBe(keyOf(DOCUMENT))
  })

  test.each<[string, Partial<JobDocument>]>([
    ['its name and labels', { name: 'again', labels: { a: 'b' }, priority: 1 }],
    ['how it is to be tried', { retry: { attempts: 9 }, timeouts: { run: '1m' } }],
    ['wishes about speed', { where: { ...DOCUMENT.where, max_latency_ms: 5 } }],
    ['how it is chosen', { route: { preset: 'cpu' } }],
    ['refresh instead of use', { cache: 'refresh' }],
    ['the same memory in other words', { resources: { memory: '65536KiB' } }]
  ])('does not change with %s', (_name, change) => {
    expect(keyOf({ ...DOCUMENT, ...change })).toBe(keyOf(DOCUMENT))
  })

  test('of an item is that of a job of its own', () => {
    const { input: _input, ...rest } = task
    const each = [
      { id: 'x', input: { a: 1, b: [2] } },
      { id: 'y', input: 2 }
    ]
    const array = { ...DOCUMENT, task: rest, each }
    expect(keyOf(array, 0)).toBe(keyOf(DOCUMENT))
    expect(keyOf(array, 1)).not.toBe(keyOf(DOCUMENT))
  })

  test('takes a link for the file that it names', () => {
    const link = `taskmesh:?xt=urn:sha256:${'a'.repeat(64)}&dn=a`
    const inputs = [{ path: 'a.txt', from: link }, ...(DOCUMENT.inputs ?? []).slice(1)]
    expect(keyOf({ ...DOCUMENT, inputs })).toBe(keyOf(DOCUMENT))
  })
})

test('canonical JSON is the same for equal values alone', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (left, right) => {
      expect(canonicalJson(reversed(left))).toBe(canonicalJson(left))
      const areEqual = isDeepStrictEqual(asSent(left), asSent(right))
      expect(canonicalJson(left) === canonicalJson(right)).toBe(areEqual)
    })
  )
})

/** As JSON has it, which knows no negative zero. */
function asSent(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
