import { expect, it } from 'vitest'
import { outputTail } from '../../../src/executors/output-tail.ts'

const BYTES_MAX = 16_384

function tailOf(text: string): string {
  return outputTail(Buffer.from(text))
}

it('is all of what is short', () => {
  expect(tailOf('')).toBe('')
  expect(tailOf('a\nb')).toBe('a\nb')
  expect(tailOf('x'.repeat(BYTES_MAX))).toHaveLength(BYTES_MAX)
})

it('is the last whole lines of what is long', () => {
  const line = `${'x'.repeat(99)}\n`
  expect(tailOf(line.repeat(1_000))).toBe(line.repeat(163))
  expect(tailOf(`first\n${'x'.repeat(BYTES_MAX - 1)}\n`)).toBe(`${'x'.repeat(BYTES_MAX - 1)}\n`)
})

it('is the end of a line that is too long itself, and no part of a letter', () => {
  expect(tailOf(`${'ä'.repeat(BYTES_MAX)}x`)).toBe(`${'ä'.repeat(BYTES_MAX / 2 - 1)}x`)
  expect(tailOf(`${'x'.repeat(BYTES_MAX + 9)}\n`)).toBe(`${'x'.repeat(BYTES_MAX - 1)}\n`)
})

it('is nothing where the output is no text', () => {
  expect(outputTail(Uint8Array.of(0x1f, 0x8b, 0, 1))).toBe('')
})
