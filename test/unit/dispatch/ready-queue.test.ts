/** The order in which waiting items are offered. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ReadyQueue } from '../../../src/dispatch/ready-queue.ts'
import type { ReadyEntry } from '../../../src/dispatch/ready-queue.ts'

const entry = (order: number, priority = 50, itemIndex = 0): ReadyEntry => ({
  jobId: `j-${order}`,
  itemIndex,
  priority,
  order
})

test('a blocked lane lets others pass and keeps its place; enough ends the round', () => {
  const queue = new ReadyQueue()
  queue.push('large', entry(1, 90))
  queue.push('small', entry(2, 10))
  queue.push('small', entry(3, 20))
  const taken: number[] = []
  queue.drain(({ order }, lane) => {
    if (lane === 'large') return 'blocked'
    taken.push(order)
    return 'taken'
  })
  expect(taken).toEqual([3, 2])
  expect(queue.size).toBe(1)
  queue.drain(() => 'enough')
  expect(queue.size).toBe(1)
  queue.prune(() => false)
  expect(queue.size).toBe(0)
})

test('all come out by priority, then age, whatever their lanes', () => {
  const given = fc.record({ lane: fc.constantFrom('a', 'b', 'c'), priority: fc.nat(3) })
  fc.assert(
    fc.property(fc.array(given, { maxLength: 60 }), fc.nat(3), (all, dropped) => {
      const queue = new ReadyQueue()
      for (const [order, { lane, priority }] of all.entries())
        queue.push(lane, entry(order, priority))
      queue.prune(({ priority }) => priority !== dropped)
      const seen: ReadyEntry[] = []
      queue.drain((next) => {
        seen.push(next)
        return 'taken'
      })
      const expected = all
        .map(({ priority }, order) => entry(order, priority))
        .filter(({ priority }) => priority !== dropped)
        .toSorted((left, right) => right.priority - left.priority || left.order - right.order)
      expect(seen).toEqual(expected)
      expect(queue.size).toBe(0)
    })
  )
})
