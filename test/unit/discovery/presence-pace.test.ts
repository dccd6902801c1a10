/** How often workers say that they are there, however many they are. */
import { describe, expect, it } from 'vitest'
import { presencePace } from '../../../src/discovery/presence-pace.ts'

describe('the pace of presence', () => {
  it.each([
    [0, 15_000, 0, 90],
    [1, 15_000, 20, 90],
    [750, 15_000, 15_000, 90],
    [1_000, 20_000, 20_000, 110],
    [10_000, 200_000, 200_000, 830],
    [90_000, 1_800_000, 1_800_000, 7_230],
    [1e9, 1_800_000, 1_800_000, 7_230]
  ])('of %d workers', (workerCount, periodMs, gapMs, ttlS) => {
    expect(presencePace(workerCount)).toEqual({ periodMs, gapMs, ttlS })
  })

  it('lets nobody hear more than fifty messages a second, up to ninety thousand workers', () => {
    for (let count = 1; count <= 90_000; count += 977) {
      const { periodMs } = presencePace(count)
      expect((count * 1_000) / periodMs).toBeLessThanOrEqual(50.001)
    }
  })

  it('is no faster than a node wants', () => {
    expect(presencePace(10, 60_000).periodMs).toBe(60_000)
  })
})
