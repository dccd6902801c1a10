import { expect, test } from 'vitest'
import { NumberWindow } from '../../../src/messages/number-window.ts'

test('each number counts once, in whatever order they come', () => {
  const window = new NumberWindow(0)
  expect([1, 3, 2, 3, 1].map((number) => window.take(number))).toEqual([
    true,
    true,
    true,
    false,
    false
  ])
})

test('what lies far behind the newest is taken for a repetition, also once it is forgotten', () => {
  const window = new NumberWindow(0)
  for (let number = 2; number <= 2_000; number += 1) expect(window.take(number)).toBe(true)
  expect(window.take(1)).toBe(false)
  expect(window.take(1_990)).toBe(false)
  expect(window.take(5_000)).toBe(true)
  expect(window.take(4_900)).toBe(true)
  expect(window.take(2_000)).toBe(false)
})
