import { expect, test } from 'vitest'
import { inLanes } from '../../../src/core/lanes.ts'

test('works on all, so many at once, in order', async () => {
  const begun: number[] = []
  let atOnce = 0
  let most = 0
  await inLanes([1, 2, 3, 4, 5], 2, async (item) => {
    begun.push(item)
    atOnce += 1
    most = Math.max(most, atOnce)
    await Promise.resolve()
    atOnce -= 1
  })
  expect(begun).toEqual([1, 2, 3, 4, 5])
  expect(most).toBe(2)
})

test('begins nothing after a failure, and tells it once all that had begun is over', async () => {
  const begun: number[] = []
  const slow = Promise.withResolvers<void>()
  let isSlowOver = false
  const done = inLanes([1, 2, 3, 4], 2, async (item) => {
    begun.push(item)
    if (item === 2) throw new Error('two')
    await slow.promise
    isSlowOver = true
  })
  slow.resolve()
  await expect(done).rejects.toThrow('two')
  expect(isSlowOver).toBe(true)
  expect(begun).toEqual([1, 2])
})

test('of nothing there is nothing to do', async () => {
  const begun: number[] = []
  await inLanes([], 3, async (item) => void begun.push(item))
  expect(begun).toEqual([])
})
