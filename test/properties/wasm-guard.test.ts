/**
 * Whatever bytes come, the guard says no in its own words or gives a module that keeps the rules, in a
 * time that its length explains.
 */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ModuleRefusal } from '../../src/executors/wasm/module-refusal.ts'
import { WASI_MODULE } from '../../src/executors/wasi/abi.ts'
import { BinaryReader, encodeU32 } from '../../src/executors/wasm/binary-reader.ts'
import { SECTION, commandModule, moduleOf, text } from '../support/wasm-module.ts'
import { guardModule } from '../../src/executors/wasm/guard.ts'
import { readWasmFixture } from '../support/wasm-fixture.ts'

const SEED = 20_261_121
const LIMITS = { memoryPagesMax: 20, functionBytesMax: 65_536 }
const REAL = ['probe', 'minigzip', 'zopfli', 'jq'] as const
const U32_MAX = 2 ** 32 - 1

/** @returns whether it was let through, and holds to the rules as a module that runs */
function expectRules(bytes: Uint8Array): boolean {
  const guarded = attempt(() => guardModule(bytes, LIMITS), ModuleRefusal)
  if (guarded === undefined) return false
  expect(Buffer.compare(guardModule(guarded, LIMITS), guarded)).toBe(0)
  if (!isValid(guarded)) return false
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

  it('takes sections in the order that V8 takes, and in no other', () => {
    const names = [...text('_start'), 0, 0, ...text('memory'), 2, 0]
    const sections: [number, number[]][] = [
      [SECTION.type, [1, 0x60, 0, 0]],
      [SECTION.function, [1, 0]],
      [SECTION.table, [1, 0x70, 0, 1]],
      [SECTION.memory, [1, 0, 1]],
      [SECTION.global, [1, 0x7f, 0, 0x41, 0, 0x0b]],
      [SECTION.export, [2, ...names]],
      [SECTION.code, [1, 2, 0, 0x0b]],
      [SECTION.data, [0]]
    ]
    const note: [number, number[]] = [0, text('note')]
    const order = fc.tuple(
      fc.oneof(fc.constant(sections), fc.shuffledSubarray(sections, { minLength: 5 })),
      fc.array(fc.constant(note), { maxLength: 3 })
    )
    let passedCount = 0
    fc.assert(
      fc.property(order, ([chosen, notes]) => {
        const bytes = moduleOf([...notes, ...chosen, ...notes])
        const isAccepted = expectRules(bytes)
        if (isAccepted) passedCount += 1
        // Who is refused for its order alone would have been refused by the compiler too.
        const isWhole = chosen.length === sections.length
        expect(isAccepted || !isWhole || !isValid(bytes)).toBe(true)
      }),
      { seed: SEED, numRuns: 300 }
    )
    expect(passedCount).toBeGreaterThan(0)
  })

  it('rewrites what a memory may grow to, however that is written', () => {
    const bounds = fc.tuple(fc.nat(1), fc.nat(30), fc.oneof(fc.nat(30), fc.nat(70_000)), fc.nat(4))
    fc.assert(
      fc.property(bounds, ([flags, min, max, padding]) => {
        const numbers = flags === 0 ? [min] : [min, max]
        const memory = [1, flags, ...numbers.flatMap((number) => padded(number, padding))]
        const isAccepted = expectRules(commandModule({ [SECTION.memory]: memory }))
        const isMeaning = flags === 0 || (min <= max && max <= 65_536)
        expect(isAccepted).toBe(isMeaning && min <= LIMITS.memoryPagesMax)
      }),
      { seed: SEED, numRuns: 500 }
    )
  })

  it('is not led on by huge counts', () => {
    const ids = Object.values(SECTION)
    fc.assert(
      fc.property(
        fc.constantFrom(...ids),
        fc.integer({ min: 2 ** 20, max: U32_MAX }),
        fc.uint8Array({ maxLength: 100 }),
        (id, count, rest) => {
          expect(expectRules(commandModule({ [id]: [...encodeU32(count), ...rest] }))).toBe(false)
        }
      ),
      { seed: SEED, numRuns: 500 }
    )
  })

  it.each(REAL)('holds %s to the rules, however it is damaged', (name) => {
    let passedCount = 0
    fc.assert(
      fc.property(mutated(readWasmFixture(name)), (bytes) => {
        if (expectRules(bytes)) passedCount += 1
      }),
      { seed: SEED, numRuns: 200 }
    )
    // Else it would have tested refusals alone.
    expect(passedCount).toBeGreaterThan(0)
  })
})

describe('a number of the binary format', () => {
  it('is read as it was written, also with more bytes than it needs', () => {
    fc.assert(
      fc.property(fc.nat(U32_MAX), fc.nat(4), (value, padding) => {
        const reader = new BinaryReader(Uint8Array.from(padded(value, padding)))
        expect(reader.u32()).toBe(value)
        expect(reader.isAtEnd).toBe(true)
      }),
      { seed: SEED }
    )
  })

  it('is refused when it is cut or too long', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0x80, max: 0xff }), { maxLength: 8 }), (bytes) => {
        const reader = new BinaryReader(Uint8Array.from(bytes))
        expect(() => reader.u32()).toThrow(ModuleRefusal)
      }),
      { seed: SEED }
    )
  })
})

/** LEB128 with up to so many bytes in vain; five are all that a u32 may have. */
function padded(value: number, paddingMax: number): number[] {
  const bytes = encodeU32(value)
  const padding = Math.min(paddingMax, 5 - bytes.length)
  if (padding === 0) return bytes
  const last = bytes.pop() ?? 0
  return [...bytes, last + 0x80, ...Array<number>(padding - 1).fill(0x80), 0]
}

function isValid(bytes: Uint8Array): boolean {
  return WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>)
}
