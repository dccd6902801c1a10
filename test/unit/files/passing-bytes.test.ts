import { expect, test } from 'vitest'
import { notePassing } from '../../../src/files/exchange/passing-bytes.ts'

const BUFFER_BYTES = 65_536
const MIB = 2 ** 20

test('buffers that have passed do not pile up', () => {
  const before = process.memoryUsage().arrayBuffers
  let most = 0
  for (let count = 0; count < 4_096; count += 1) {
    notePassing(Buffer.allocUnsafeSlow(BUFFER_BYTES).byteLength)
    most = Math.max(most, process.memoryUsage().arrayBuffers - before)
  }
  // 256 MiB have passed.
  expect(most).toBeLessThan(16 * MIB)
})
