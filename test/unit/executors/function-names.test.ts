import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { functionNames } from '../../../src/executors/wasm/function-names.ts'
import { namedModule, text } from '../../support/wasm-module.ts'

const ALL = new Set([0, 1, 2])

describe('the names of functions', () => {
  it('are those that the module gives them, of the functions that were asked for', () => {
    const module = namedModule({ 0: 'abort', 1: 'größe', 2: 'main' })
    expect(functionNames(module, new Set([1, 2]))).toEqual(
      new Map([
        [1, 'größe'],
        [2, 'main']
      ])
    )
  })

  it('are short, and have nothing in them that would break a line', () => {
    const module = namedModule({ 0: `a\nb${'x'.repeat(200)}` })
    expect(functionNames(module, ALL).get(0)).toBe(`ab${'x'.repeat(78)}`)
  })

  it('are none where there is no such section, or it is damaged', () => {
    expect(functionNames(namedModule({}), ALL).size).toBe(0)
    expect(functionNames(namedModule({ 0: 'abort' }).subarray(0, -3), ALL).size).toBe(0)
    const module = Buffer.from([...namedModule({}), 0, 6, ...text('name'), 9])
    expect(functionNames(module, ALL).size).toBe(0)
  })

  it('are read from any bytes without harm', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const module = Buffer.from([
          ...namedModule({}),
          0,
          bytes.length + 5,
          ...text('name'),
          ...bytes
        ])
        expect(functionNames(module, ALL)).toBeInstanceOf(Map)
        expect(functionNames(bytes, ALL)).toBeInstanceOf(Map)
      }),
      { seed: 20_261_121, numRuns: 1_000 }
    )
  })
})
