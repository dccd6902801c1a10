import { describe, expect, it } from 'vitest'
import { ModuleRefusal } from '../../../src/executors/wasm/module-refusal.ts'
import { PAGE_BYTES } from '../../../src/executors/wasm/memory-bounds.ts'
import { REAL_PROGRAMS, readWasmFixture } from '../../support/wasm-fixture.ts'
import { guardModule } from '../../../src/executors/wasm/guard.ts'
import {
  SECTION,
  commandModule,
  commandOf,
  importing,
  moduleOf,
  text,
  u32
} from '../../support/wasm-module.ts'
import type { GuardLimits } from '../../../src/executors/wasm/guard.ts'

const LIMITS: GuardLimits = { memoryPagesMax: 16, functionBytesMax: 1_000 }
function compile(bytes: Uint8Array, limits: GuardLimits = LIMITS): WebAssembly.Module {
  return new WebAssembly.Module(guardModule(bytes, limits) as Uint8Array<ArrayBuffer>)
}

function memoryOf(bytes: Uint8Array): WebAssembly.Memory {
  return new WebAssembly.Instance(compile(bytes)).exports['memory'] as WebAssembly.Memory
}

function imports(...one: number[]): Uint8Array {
  return commandModule({ [SECTION.import]: [1, ...one] })
}

function refusal(bytes: Uint8Array, limits: GuardLimits = LIMITS): ModuleRefusal {
  try {
    guardModule(bytes, limits)
  } catch (cause) {
    if (cause instanceof ModuleRefusal) return cause
    throw cause
  }
  throw new Error('the module was let through')
}

describe('lets through', () => {
  it('the smallest command', () => {
    expect(WebAssembly.Module.exports(compile(commandModule())).map(({ name }) => name)).toEqual([
      '_start',
      'memory'
    ])
  })

  it.each(REAL_PROGRAMS)('%s, without its custom sections', (name) => {
    const limits = { memoryPagesMax: 256, functionBytesMax: 65_536 }
    const module = compile(readWasmFixture(name), limits)
    expect(WebAssembly.Module.customSections(module, 'producers')).toEqual([])
  })

  it('a function of the longest length', () => {
    const nops = Array<number>(990).fill(0x01)
    const limits = { ...LIMITS, functionBytesMax: 992 }
    expect(compile(commandOf(...nops), limits)).toBeInstanceOf(WebAssembly.Module)
    expect(refusal(commandOf(...nops, 0x01), limits).message).toContain('a function of 993 bytes')
  })

  it('a call of WASI with its own type', () => {
    const types: [string, number[]][] = [
      ['fd_close', [1, 0x7f, 1, 0x7f]],
      ['proc_exit', [1, 0x7f, 0]],
      ['sched_yield', [0, 1, 0x7f]],
      ['clock_time_get', [3, 0x7f, 0x7e, 0x7f, 1, 0x7f]]
    ]
    for (const [name, type] of types) {
      expect(compile(importing(['wasi_snapshot_preview1', name], type))).toBeDefined()
    }
  })
})

describe('bounds the memory', () => {
  it.each([
    ['without a maximum', [1, 0, 1]],
    ['with a higher maximum', [1, 1, 1, ...u32(60_000)]]
  ])('%s', (_, memory) => {
    const grown = memoryOf(commandModule({ [SECTION.memory]: memory }))
    grown.grow(15)
    expect(grown.buffer.byteLength).toBe(16 * PAGE_BYTES)
    expect(() => grown.grow(1)).toThrow(RangeError)
  })

  it('but leaves a lower maximum', () => {
    const memory = memoryOf(commandModule({ [SECTION.memory]: [1, 1, 1, 2] }))
    expect(() => memory.grow(2)).toThrow(RangeError)
  })

  it('and says that one is too large to begin with', () => {
    expect(refusal(commandModule({ [SECTION.memory]: [1, 0, 17] })).code).toBe('TASK_OUT_OF_MEMORY')
    expect(memoryOf(commandModule({ [SECTION.memory]: [1, 0, 16] }))).toBeDefined()
  })
})

describe('refuses', () => {
  const cases: [string, Uint8Array, string][] = [
    ['nothing', new Uint8Array(0), 'not a WebAssembly module'],
    ['a text', Buffer.from('#!/bin/sh\nexit 1'), 'not a WebAssembly module'],
    ['a component', Uint8Array.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]), 'version 1'],
    [
      'array types',
      commandModule({ [SECTION.type]: [2, 0x60, 0, 0, 0x5e, 0x7f, 1] }),
      'types beside'
    ],
    ['struct types', commandModule({ [SECTION.type]: [2, 0x60, 0, 0, 0x5f, 0] }), 'types beside'],
    [
      'recursive types',
      commandModule({ [SECTION.type]: [1, 0x4e, 1, 0x60, 0, 0] }),
      'types beside'
    ],
    [
      'typed references',
      commandModule({ [SECTION.type]: [1, 0x60, 1, 0x63, 0, 0] }),
      'not allowed'
    ],
    [
      'endless parameters',
      commandModule({ [SECTION.type]: [1, 0x60, ...u32(2 ** 32 - 1)] }),
      'too many'
    ],
    ['a start section', commandModule({ [SECTION.start]: [0] }), 'start section'],
    ['exceptions', commandModule({ [SECTION.tag]: [0] }), 'uses exceptions'],
    ['a section of no kind', moduleOf([[14, [0]]]), 'kind 14'],
    ['two memories', commandModule({ [SECTION.memory]: [2, 0, 1, 0, 1] }), 'more than one memory'],
    ['a shared memory', commandModule({ [SECTION.memory]: [1, 3, 1, 2] }), 'shared'],
    ['a memory of 64 bits', commandModule({ [SECTION.memory]: [1, 4, 1] }), '64 bits'],
    ['no memory', commandModule({ [SECTION.memory]: [0] }), 'more than one'],
    [
      'a memory that begins above its maximum',
      commandModule({ [SECTION.memory]: [1, 1, 2, 1] }),
      'above its maximum'
    ],
    [
      'a memory beyond all addresses',
      commandModule({ [SECTION.memory]: [1, 1, 1, ...u32(65_537)] }),
      '32 bits'
    ],
    [
      'a table that begins above its maximum',
      commandModule({ [SECTION.table]: [1, 0x70, 1, 2, 1] }),
      'above its maximum'
    ],
    ['an imported memory', imports(...text('env'), ...text('memory'), 2, 0, 1), 'env.memory'],
    [
      'a memory from WASI',
      imports(...text('wasi_snapshot_preview1'), ...text('m'), 2, 0, 1),
      'only functions'
    ],
    ['env.exec', importing(['env', 'exec'], [0, 0]), 'env.exec'],
    [
      'an older WASI',
      importing(['wasi_unstable', 'fd_close'], [1, 0x7f, 1, 0x7f]),
      'wasi_unstable'
    ],
    [
      'an unknown call',
      importing(['wasi_snapshot_preview1', 'toString'], [0, 0]),
      'does not exist'
    ],
    [
      'a call with another type',
      importing(['wasi_snapshot_preview1', 'fd_close'], [1, 0x7e, 1, 0x7f]),
      'wrong type'
    ],
    [
      'five tables',
      commandModule({
        [SECTION.table]: [5, ...Array.from({ length: 5 }, () => [0x70, 0, 1]).flat()]
      }),
      '4 tables'
    ],
    ['a huge table', commandModule({ [SECTION.table]: [1, 0x70, 0, ...u32(262_145)] }), 'entries'],
    ['a table of 64 bits', commandModule({ [SECTION.table]: [1, 0x70, 4, 1] }), '64 bits'],
    [
      'a table of typed references',
      commandModule({ [SECTION.table]: [1, 0x63, 0, 0, 1] }),
      'strange'
    ],
    ['a long function', commandOf(...Array<number>(1_000).fill(1)), 'a function of'],
    [
      'many variables',
      commandModule({ [SECTION.code]: [1, 6, 1, ...u32(60_000), 0x7f, 0x0b] }),
      'variables'
    ],
    ['no _start', commandModule({ [SECTION.export]: [1, ...text('memory'), 2, 0] }), '_start'],
    [
      'a _start that is a memory',
      commandModule({ [SECTION.export]: [1, ...text('_start'), 2, 0] }),
      '_start'
    ],
    [
      'no exported memory',
      commandModule({ [SECTION.export]: [1, ...text('_start'), 0, 0] }),
      '"memory"'
    ],
    [
      'sections twice',
      moduleOf([
        [5, [1, 0, 1]],
        [5, [1, 0, 1]]
      ]),
      'out of order'
    ],
    [
      'sections in disorder',
      moduleOf([
        [5, [1, 0, 1]],
        [1, [0]]
      ]),
      'out of order'
    ],
    ['a section that ends too late', Uint8Array.from([...commandModule(), 11, 9]), 'in the middle'],
    [
      'a number without an end',
      commandModule({ [SECTION.type]: [0xff, 0xff, 0xff, 0xff, 0xff, 0] }),
      'u32'
    ],
    ['a name that is not UTF-8', commandModule({ [SECTION.export]: [1, 1, 0xff, 0, 0] }), 'UTF-8']
  ]

  it.each(cases)('%s', (_, bytes, words) => {
    const { code, message } = refusal(bytes)
    expect(message).toContain(words)
    expect(code).toBe('TASK_FAILED')
  })
})

it('bounds a table that names no maximum', () => {
  const module = commandModule({
    [SECTION.table]: [1, 0x70, 0, 1],
    [SECTION.export]: [3, ...text('_start'), 0, 0, ...text('memory'), 2, 0, ...text('t'), 1, 0]
  })
  const table = new WebAssembly.Instance(compile(module)).exports['t'] as WebAssembly.Table
  table.grow(262_143)
  expect(() => table.grow(1)).toThrow(RangeError)
})
