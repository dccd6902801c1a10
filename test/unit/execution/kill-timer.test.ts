/** When a task that was told to stop is ended by force. */
import { expect, test } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import { KillTimer } from '../../../src/execution/kill-timer.ts'

test('fires when the time is up, and not before', () => {
  const clock = new FakeClock()
  const timer = new KillTimer(clock)
  timer.set(100)
  clock.advance(99)
  expect(timer.signal.aborted).toBe(false)
  clock.advance(1)
  expect(timer.signal.aborted).toBe(true)
  expect(clock.timerCount).toBe(0)
})

test('a later word makes the time shorter, never longer', () => {
  const clock = new FakeClock()
  const timer = new KillTimer(clock)
  timer.set(100)
  clock.advance(10)
  timer.set(95)
  timer.set(20)
  timer.set(1_000)
  expect(clock.timerCount).toBe(1)
  clock.advance(19)
  expect(timer.signal.aborted).toBe(false)
  clock.advance(1)
  expect(timer.signal.aborted).toBe(true)
})

test('no time at all is at once, and leaves no timer', () => {
  const clock = new FakeClock()
  const timer = new KillTimer(clock)
  timer.set(100)
  timer.set(0)
  expect(timer.signal.aborted).toBe(true)
  expect(clock.timerCount).toBe(0)
})

test('a task that is over leaves no timer', () => {
  const clock = new FakeClock()
  const timer = new KillTimer(clock)
  timer.set(100)
  timer.clear()
  expect(clock.timerCount).toBe(0)
  expect(timer.signal.aborted).toBe(false)
})
