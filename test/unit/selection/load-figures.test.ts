/** The work that a worker has and expects, in figures that never drift however many tasks come and go. */
import { expect, it } from 'vitest'
import * as fc from 'fast-check'
import { LoadFigures } from '../../../src/selection/load-figures.ts'

it('without a task there is no work and no wait', () => {
  const figures = new LoadFigures(2)
  expect(figures).toMatchObject({ queuedMs: 0, waitMs: 0 })
  expect(figures.workRateAt(1_000)).toBe(0)
})

it('the wait is until the first slot is expected to be free, and for what waits before', () => {
  const figures = new LoadFigures(2)
  for (const expectedMs of [100, 300]) {
    figures.arrived(expectedMs, 0)
    figures.leftQueue(expectedMs)
    figures.began(expectedMs)
  }
  expect(figures.waitMs).toBeCloseTo(75)
  figures.arrived(80, 0)
  expect(figures.queuedMs).toBe(40)
  expect(figures.waitMs).toBeCloseTo(115)
  // What waits beside the free slot lacks memory, and whoever came now would come after it.
  figures.ended(300)
  expect(figures.waitMs).toBeCloseTo(140)
  figures.ended(100)
  expect(figures.waitMs).toBe(40)
  figures.leftQueue(80)
  expect(figures.waitMs).toBe(0)
})

it('the rate is of the last second or so, and fades', () => {
  const figures = new LoadFigures(1)
  for (let atMs = 0; atMs < 10_000; atMs += 100) figures.arrived(50, atMs)
  expect(figures.workRateAt(10_000)).toBeGreaterThan(0.45)
  expect(figures.workRateAt(10_000)).toBeLessThan(0.55)
  expect(figures.workRateAt(20_000)).toBeLessThan(1e-4)
})

it.each([
  [100, 5_000, 100],
  [1e12, 5_000, 5_000],
  [0, 5_000, 0.1],
  [undefined, 5_000, 200],
  [undefined, 50, 50]
])('a task that is said to take %s of %i ms is reckoned with %s', (told, timeout, expected) => {
  expect(new LoadFigures(1).expected(told, timeout)).toBe(expected)
})

it('a task of which nobody says anything is taken for what such tasks took lately', () => {
  const figures = new LoadFigures(1)
  for (let count = 0; count < 100; count += 1) figures.learn(20)
  expect(figures.expected(undefined, 5_000)).toBeCloseTo(20, 0)
})

it('whatever comes and goes, nothing is left when all have gone', () => {
  const work = fc.double({ min: 0.1, max: 1e7, noNaN: true })
  fc.assert(
    fc.property(fc.array(work, { minLength: 1, maxLength: 50 }), (works) => {
      const figures = new LoadFigures(3)
      for (const expectedMs of works) figures.arrived(expectedMs, 0)
      for (const expectedMs of works) {
        figures.leftQueue(expectedMs)
        figures.began(expectedMs)
      }
      expect(figures.queuedMs).toBe(0)
      for (const expectedMs of works) figures.ended(expectedMs)
      expect(figures.waitMs).toBe(0)
      figures.arrived(7, 0)
      figures.leftQueue(7)
      for (let slot = 0; slot < 3; slot += 1) figures.began(21)
      expect(figures.waitMs).toBeCloseTo(7)
    })
  )
})
