import { expect, test } from 'vitest'
import { GpuPool } from '../../../src/execution/gpu-pool.ts'

test('a GPU is of one task until it is given back', () => {
  const pool = new GpuPool()
  expect(pool.take(2, 3)).toEqual([0, 1])
  expect(pool.take(0, 3)).toEqual([])
  expect(() => pool.take(2, 3)).toThrow('the task wants 2 of 3 GPUs, and 1 are free')
  expect(pool.take(1, 3)).toEqual([2])
  pool.giveBack([1])
  expect(pool.take(1, 3)).toEqual([1])
})
