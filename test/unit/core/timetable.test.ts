/** Many moments on one timer: in order, movable, and with nothing left behind. */
/* oxlint-disable vitest/no-conditional-expect -- what must be true depends on what happened */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import { Timetable } from '../../../src/core/timetable.ts'

function build(onDue?: (member: string, table: Timetable<string>) => void) {
  const clock = new FakeClock(0)
  const due: [string, number][] = []
  const table: Timetable<string> = new Timetable({
    clock,
    nowMs: () => clock.monotonicMs(),
    onDue(member) {
      due.push([member, clock.monotonicMs()])
      onDue?.(member, table)
    }
  })
  return { clock, due, table }
}

test('hands members back in order of time, each at its own', () => {
  const { clock, due, table } = build()
  table.set('c', 300)
  table.set('a', 100)
  table.set('b', 200)
  clock.advance(99)
  expect(due).toEqual([])
  clock.advance(1_000)
  expect(due).toEqual([
    ['a', 100],
    ['b', 200],
    ['c', 300]
  ])
  expect([table.size, clock.timerCount]).toEqual([0, 0])
})

test('a member has one moment, the last that it was given', () => {
  const { clock, due, table } = build()
  table.set('a', 100)
  table.set('a', 300)
  table.set('b', 300)
  table.set('b', 50)
  expect(table.size).toBe(2)
  clock.advance(1_000)
  expect(due).toEqual([
    ['b', 50],
    ['a', 300]
  ])
})

test('what was taken away does not come, and leaves no timer', () => {
  const { clock, due, table } = build()
  table.set('a', 100)
  table.set('b', 200)
  table.delete('a')
  table.delete('never there')
  clock.advance(150)
  expect(due).toEqual([])
  table.delete('b')
  expect([table.size, clock.timerCount]).toEqual([0, 0])
  table.set('c', 160)
  table.clear()
  expect([table.size, clock.timerCount]).toEqual([0, 0])
  clock.advance(1_000)
  expect(due).toEqual([])
})

test('a moment that is over comes at once, but not within the call', () => {
  const { clock, due, table } = build()
  clock.advance(500)
  table.set('a', 100)
  expect(due).toEqual([])
  clock.advance(0)
  expect(due).toEqual([['a', 500]])
})

test('a moment that never comes sets no timer', () => {
  const { clock, table } = build()
  table.set('a', Infinity)
  expect([table.size, clock.timerCount]).toEqual([1, 0])
  table.set('b', 100)
  clock.advance(100)
  expect([table.size, clock.timerCount]).toEqual([1, 0])
})

test('members may be set and taken away while others fall due', () => {
  const { clock, due, table } = build((member) => {
    if (member === 'a') {
      table.delete('b')
      table.set('d', 100)
      table.set('e', 150)
    }
  })
  table.set('a', 100)
  table.set('b', 100)
  table.set('c', 120)
  clock.advance(200)
  expect(due.map(([member]) => member)).toEqual(['a', 'd', 'c', 'e'])
})

const MEMBERS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']

const happening = fc.oneof(
  fc.record({
    kind: fc.constant('set' as const),
    member: fc.constantFrom(...MEMBERS),
    inMs: fc.oneof(fc.integer({ min: -20, max: 100 }), fc.constant(Infinity))
  }),
  fc.record({ kind: fc.constant('delete' as const), member: fc.constantFrom(...MEMBERS) }),
  fc.record({ kind: fc.constant('advance' as const), ms: fc.nat(40) })
)

test('does what a sorted list would do, with one timer at most', () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 60 }), (story) => {
      const { clock, due, table } = build()
      const listed = new Map<string, number>()
      for (const event of story) {
        if (event.kind === 'set') {
          const dueMs = clock.monotonicMs() + event.inMs
          table.set(event.member, dueMs)
          listed.set(event.member, dueMs)
        } else if (event.kind === 'delete') {
          table.delete(event.member)
          listed.delete(event.member)
        } else {
          const startMs = clock.monotonicMs()
          due.length = 0
          clock.advance(event.ms)
          const expected = [...listed].filter(([, dueMs]) => dueMs <= startMs + event.ms)
          for (const [member] of expected) listed.delete(member)
          const times = expected.map(([, dueMs]) => Math.max(dueMs, startMs))
          expect(due.map(([, atMs]) => atMs)).toEqual(times.toSorted((left, right) => left - right))
          expect(due.map(([member]) => member).toSorted()).toEqual(
            expected.map(([member]) => member).toSorted()
          )
        }
        expect(table.size).toBe(listed.size)
        expect(clock.timerCount).toBeLessThanOrEqual(1)
        // Whoever waits for a moment that comes has a timer, nobody else has.
        const isAnyDue = [...listed.values()].some((dueMs) => dueMs !== Infinity)
        expect(clock.timerCount > 0).toBe(isAnyDue)
      }
    })
  )
})

test('a hundred thousand members cost one timer', () => {
  const clock = new FakeClock(0)
  let count = 0
  const table = new Timetable<number>({
    clock,
    nowMs: () => clock.monotonicMs(),
    onDue: () => void (count += 1)
  })
  for (let member = 0; member < 100_000; member += 1)
    table.set(member, 1 + ((member * 7_919) % 9_973))
  expect(clock.timerCount).toBe(1)
  clock.advance(10_000)
  expect([count, table.size, clock.timerCount]).toEqual([100_000, 0, 0])
})
