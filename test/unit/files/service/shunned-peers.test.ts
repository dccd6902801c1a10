/** Whoever lied is not asked for a while, and no longer than that. */
import { expect, it } from 'vitest'
import { LIMITS } from '../../../../src/core/limits.ts'
import { ShunnedPeers } from '../../../../src/files/service/shunned-peers.ts'
import { FakeClock } from '../../../support/fake-clock.ts'

const MINUTE_MS = 60_000

it('shuns a peer for a while, longer when it goes on, and forgives it in the end', () => {
  const clock = new FakeClock()
  const shunned = new ShunnedPeers(clock)
  expect(shunned.has('p')).toBe(false)
  shunned.note('p')
  expect(shunned.has('p')).toBe(true)
  clock.advance(10 * MINUTE_MS)
  expect(shunned.has('p')).toBe(false)
  shunned.note('p')
  clock.advance(19 * MINUTE_MS)
  expect(shunned.has('p')).toBe(true)
  clock.advance(1 * MINUTE_MS)
  expect(shunned.has('p')).toBe(false)
  // It was good for as long again.
  clock.advance(20 * MINUTE_MS)
  shunned.note('p')
  clock.advance(10 * MINUTE_MS)
  expect(shunned.has('p')).toBe(false)
})

it('never shuns for more than a day, and remembers so many and no more', () => {
  const clock = new FakeClock()
  const shunned = new ShunnedPeers(clock)
  for (let count = 0; count < 2_000; count += 1) shunned.note('p')
  clock.advance(24 * 60 * MINUTE_MS)
  expect(shunned.has('p')).toBe(false)
  for (let index = 0; index <= LIMITS.shunnedPeersMax; index += 1) shunned.note(`q${index}`)
  expect(shunned.has('q0')).toBe(false)
  expect(shunned.has('q1')).toBe(true)
})
