import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../../../src/core/limits.ts'
import { ProgramOutput } from '../../../../src/executors/process/program-output.ts'

describe('what a program writes', () => {
  it('is kept as it came, whatever its pieces', () => {
    const output = new ProgramOutput()
    const pieces = Array.from({ length: 300 }, (_, size) => Buffer.alloc(size, size))
    for (const piece of pieces) expect(output.add(piece)).toBe(true)
    expect(Buffer.from(output.bytes)).toEqual(Buffer.concat(pieces))
  })

  it('keeps no memory of its pieces', () => {
    const output = new ProgramOutput()
    const piece = new Uint8Array(new ArrayBuffer(65_536), 0, 1)
    for (let count = 0; count < 5_000; count += 1) output.add(piece)
    expect(output.bytes.byteLength).toBe(5_000)
    expect(output.bytes.buffer.byteLength).toBeLessThanOrEqual(10_000)
  })

  it('may be as long as a result, and no longer', () => {
    const output = new ProgramOutput()
    expect(output.add(Buffer.alloc(LIMITS.resultBytesMax))).toBe(true)
    expect(output.add(Buffer.alloc(0))).toBe(true)
    expect(output.add(Buffer.alloc(1))).toBe(false)
    expect(output.add(Buffer.alloc(0))).toBe(false)
    expect(output.bytes.byteLength).toBe(LIMITS.resultBytesMax)
  })
})
