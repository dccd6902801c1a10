/** What `verify` of a job file means, and what of it does not go together. */
import { expect, test } from 'vitest'
import { checkJob, compileJob } from '../../../src/model/job.ts'
import { compileVerify } from '../../../src/model/verify-plan.ts'
import type { MeshError } from '../../../src/core/errors.ts'
import type { VerifyDocument } from '../../../src/model/generated/job.ts'

const NOOP = { engine: 'builtin', name: 'noop' } as const

test('the defaults of each mode', () => {
  const same = { share: 0.05, agree: 2, copiesMax: 5, compare: { kind: 'json' } }
  expect(compileVerify()).toEqual({ ...same, mode: 'none', copies: 1 })
  expect(compileVerify({ mode: 'spot' })).toEqual({ ...same, mode: 'spot', copies: 1 })
  expect(compileVerify({ mode: 'adaptive' })).toEqual({ ...same, mode: 'adaptive', copies: 1 })
  expect(compileVerify({ mode: 'quorum' })).toEqual({ ...same, mode: 'quorum', copies: 2 })
  const three = compileVerify({ mode: 'quorum', agree: 3 })
  expect(three).toMatchObject({ agree: 3, copies: 3, copiesMax: 5 })
  expect(compileVerify({ mode: 'quorum', copies: 7 })).toMatchObject({ copies: 7, copiesMax: 7 })
})

test.each<[string, unknown]>([
  ['bytes', { kind: 'bytes' }],
  ['json', { kind: 'json' }],
  ['number:1e-9', { kind: 'number', epsilon: 1e-9 }],
  ['number:0.001', { kind: 'number', epsilon: 0.001 }],
  ['function:same:faces', { kind: 'function', name: 'same:faces' }]
])('compare %s', (compare, expected) => {
  expect(compileVerify({ mode: 'quorum', compare }).compare).toEqual(expected)
})

test.each<[VerifyDocument, string, string]>([
  [{ copies: 3 }, 'FIELD_MISSING', 'verify.mode'],
  [{ compare: 'bytes' }, 'FIELD_MISSING', 'verify.mode'],
  [{ mode: 'quorum', copies: 2, agree: 3 }, 'FIELD_INVALID', 'verify.agree'],
  [{ mode: 'quorum', copies: 4, max_copies: 3 }, 'FIELD_INVALID', 'verify.max_copies'],
  [{ mode: 'quorum', compare: 'number:1' }, 'FIELD_INVALID', 'verify.compare'],
  [{ mode: 'quorum', compare: 'number:' }, 'FIELD_INVALID', 'verify.compare'],
  [{ mode: 'quorum', compare: 'hash' }, 'FIELD_INVALID', 'verify.compare'],
  [{ mode: 'quorum', share: 0 }, 'FIELD_INVALID', 'verify.share'],
  [{ mode: 'often' as 'spot' }, 'FIELD_INVALID', 'verify.mode']
])('refuses %o', (verify, code, path) => {
  expect(refusal({ task: NOOP, verify })).toMatchObject({ code, path })
})

test('results that are no others’ to repeat are not verified', () => {
  const keep = {
    engine: 'storage',
    file: `mesh:sha256:${'a'.repeat(64)}`,
    until: '2100-01-01T00:00:00Z'
  }
  for (const mode of ['spot', 'quorum', 'adaptive']) {
    const stored = refusal({ task: keep, verify: { mode } })
    expect(stored).toMatchObject({ code: 'FIELD_INVALID', path: 'verify.mode' })
    expect(stored?.message).toContain('engine storage')
    expect(stored?.hint).toContain('leave verify out')
    const everywhere = refusal({ task: NOOP, ops: 'every', verify: { mode } })
    expect(everywhere).toMatchObject({ code: 'FIELD_INVALID', path: 'verify.mode' })
  }
  expect(refusal({ task: keep, verify: { mode: 'none' } })).toBeUndefined()
  expect(refusal({ task: NOOP, ops: 'every', verify: { mode: 'none' } })).toBeUndefined()
})

function refusal(document: unknown): MeshError | undefined {
  try {
    compileJob(checkJob(document))
    return undefined
  } catch (cause) {
    return cause as MeshError
  }
}
