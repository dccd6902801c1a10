/**
 * Whatever bytes come, the guard says no in its own words or gives a module that keeps the rules, in a
 * time that its length explains.
 */
import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ModuleRefusal } from '../../src/executors/wasm/module-refusal.ts'
import { WASI_MODULE } from '../../src/executors/wasi/abi.ts'
import { commandModule, moduleOf } from '../support/wasm-module.ts'
import { guardModule } from '../../src/executors/wasm/guard.ts'

const SEED = 20_261_121
const LIMITS = { memoryPagesMax: 20, functionBytesMax: 65_536 }
const REAL = ['probe', 'minigzip', 'zopfli'].map((name) =>
  readFileSync(new URL(`../fixtures/wasm/${name}.wasm`, import.meta.url))
)

/** @returns whether it was let through, and holds to the rules as a module that runs */
function expectRules(bytes: Uint8Array): boolean {
  const guarded = attempt(() => guardModule(bytes, LIMITS), ModuleRefusal)
  if (guarded === undefined) return false
  expect(Buffer.compare(guardModule(guarded, LIMITS), guarded)).toBe(0)
  if (!WebAssembly.validate(guarded as Uint8Array<ArrayBuffer>)) return false
  const module = new WebAssembly.Module(guarded as Uint8Array<ArrayBuffer>)
  const imports = WebAssembly.Module.imports(module)
  expect(imports.every((one) => one.module === WASI_MODULE && one.kind === 'function')).toBe(true)
  const stubs = Object.fromEntries(imports.map(({ name }) => [name, () => 0]))
  // Its data may lie outside of its memory.
  const instance = attempt(
    () => new WebAssembly.Instance(module, { [WASI_MODULE]: stubs }),
    WebAssembly.RuntimeError
  )
  if (instance === undefined) return true
  const memory = instance.exports['memory'] as WebAssembly.Memory
  const pages = memory.buffer.byteLength / 65_536
  expect(pages).toBeLessThanOrEqual(LIMITS.memoryPagesMax)
  expect(() => memory.grow(LIMITS.memoryPagesMax - pages + 1)).toThrow(RangeError)
  return true
}

/** Undefined for the one kind of failure that is in order. */
function attempt<T>(work: () => T, failure: new (...args: never[]) => Error): T | undefined {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof failure) return undefined
    throw cause
  }
}

/** Bytes of a module with some of them changed, taken out or put in. */
function mutated(original: Uint8Array): fc.Arbitrary<Uint8Array> {
  const change = fc.record({
    // The parts that the guard reads stand at the beginning, but for the lengths of functions.
    at: fc.oneof(fc.nat(600), fc.nat(original.byteLength - 1)),
    remove: fc.nat(3),
    insert: fc.uint8Array({ maxLength: 3 })
  })
  return fc.array(change, { minLength: 1, maxLength: 4 }).map((changes) => {
    let bytes: Uint8Array = original
    for (const { at, insert, remove } of changes) {
      bytes = Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)])
    }
    return bytes
  })
}

describe('the guard', () => {
  it('refuses bytes that are nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
        expect(expectRules(bytes)).toBe(false)
      }),
      { seed: SEED, numRuns: 500 }
    )
  })

  it('stands sections of any content', () => {
    const section = fc.tuple(
      fc.integer({ min: 0, max: 14 }),
      fc.array(fc.nat(255), { maxLength: 60 })
    )
    fc.assert(
      fc.property(fc.array(section, { maxLength: 12 }), (sections) => {
        expect(expectRules(moduleOf(sections))).toBe(false)
      }),
      { seed: SEED, numRuns: 1_000 }
    )
  })

  it('stands a command with one section of any content', () => {
    const contents = fc.array(fc.oneof(fc.nat(8), fc.nat(255)), { maxLength: 40 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), contents, (id, bytes) => {
        expect(expectRules(commandModule({ [id]: bytes }))).toBeTypeOf('boolean')
      }),
      { seed: SEED, numRuns: 1_000 }
    )
  })

  it.each(REAL.map((bytes, index) => [index, bytes] as const))(
    'holds real module %i to the rules, however it is damaged',
    (_, original) => {
      let passedCount = 0
      fc.assert(
        fc.property(mutated(original), (bytes) => {
          if (expectRules(bytes)) passedCount += 1
        }),
        { seed: SEED, numRuns: 300 }
      )
      // Else it would have tested refusals alone.
      expect(passedCount).toBeGreaterThan(0)
    }
  )
})
