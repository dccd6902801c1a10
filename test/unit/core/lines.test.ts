/** Lines, however their bytes are cut. */
import { expect, it } from 'vitest'
import { readLines } from '../../../src/core/lines.ts'

async function* cut(text: string, sizeBytes: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let from = 0; from < bytes.length; from += sizeBytes) {
    yield bytes.subarray(from, from + sizeBytes)
  }
}

async function linesOf(text: string, sizeBytes: number, bytesMax = 100): Promise<string[]> {
  return await Array.fromAsync(readLines(cut(text, sizeBytes), bytesMax))
}

it.each([1, 2, 3, 7, 1_000])('are the same from pieces of %i bytes', async (sizeBytes) => {
  // None of these ends a line of JSON, whatever other readers make of them.
  const odd = 'a\u2028b\u2029c\rd\u0085é'
  expect(await linesOf(`${odd}\n\nlast`, sizeBytes)).toEqual([odd, '', 'last'])
  expect(await linesOf('one\ntwo\n', sizeBytes)).toEqual(['one', 'two'])
  expect(await linesOf('', sizeBytes)).toEqual([])
})

it('may be as long as is allowed, and no longer', async () => {
  expect(await linesOf('12345\n12345', 2, 5)).toEqual(['12345', '12345'])
  await expect(linesOf('12345\n123456', 2, 5)).rejects.toMatchObject({
    code: 'REQUEST_TOO_LARGE',
    message: 'line 2 is longer than 5 bytes'
  })
})

it('without an end is given up before it is held', async () => {
  let pieces = 0
  const endless = async function* (): AsyncGenerator<Uint8Array> {
    for (;;) {
      pieces += 1
      yield Buffer.alloc(10)
    }
  }
  await expect(Array.fromAsync(readLines(endless(), 95))).rejects.toThrow('longer than 95')
  expect(pieces).toBe(10)
})
