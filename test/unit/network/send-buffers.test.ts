import { expect, test } from 'vitest'
import { SendBuffers, noteEncrypted } from '../../../src/network/wire/send-buffers.ts'

const BYTES = 1_024

test('a buffer comes back once all that was lent of it is encrypted, and it is ended', () => {
  const buffers = new SendBuffers(BYTES)
  const buffer = buffers.take(1_000)
  expect(buffer.bytes.byteLength).toBe(1_000)
  buffer.lend(600)
  noteEncrypted(buffer.bytes.subarray(0, 600))
  expect(buffers.freeCount).toBe(0)
  buffer.lend(400)
  buffer.end()
  noteEncrypted(buffer.bytes.subarray(600, 999))
  expect(buffers.freeCount).toBe(0)
  noteEncrypted(buffer.bytes.subarray(999))
  expect(buffers.freeCount).toBe(1)
  expect(buffers.take(BYTES).bytes.buffer).toBe(buffer.bytes.buffer)
})

test('one of which nothing was lent comes back at once, and only once', () => {
  const buffers = new SendBuffers(BYTES)
  const buffer = buffers.take(BYTES)
  buffer.end()
  buffer.end()
  noteEncrypted(buffer.bytes)
  expect(buffers.freeCount).toBe(1)
})

test('bytes of nobody change nothing', () => {
  noteEncrypted(new Uint8Array(10))
  expect(new SendBuffers(BYTES).freeCount).toBe(0)
})

test('it keeps so many and no more', () => {
  const buffers = new SendBuffers(2 ** 20)
  const taken = Array.from({ length: 20 }, () => buffers.take(1))
  for (const buffer of taken) buffer.end()
  expect(buffers.freeCount).toBe(8)
})
