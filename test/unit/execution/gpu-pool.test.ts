import { expect, test } from 'vitest'
import { GpuPool } from '../../../src/execution/gpu-pool.ts'

test('a GPU is of one task until it is given back', () => {
  const pool = new GpuPool()
  expect(pool.take(2, 3)).toEqual([0, 1])
  expect(pool.take(0, 3)).toEqual([])
  expect(pool.fits(2, 3)).toBe(false)
  expect(pool.fits(1, 3)).toBe(true)
  expect(pool.take(1, 3)).toEqual([2])
  pool.giveBack([1])
  expect(pool.take(1, 3)).toEqual([1])
})

test('more GPUs than the machine has are not waited for', () => {
  const pool = new GpuPool()
  pool.requireAll(2, 2)
  expect(() => pool.requireAll(3, 2)).toThrow('the task wants 3 GPUs, and this machine shows 2 now')
})
