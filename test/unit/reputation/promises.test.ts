/** Nobody is late for a guess. */
import { expect, test } from 'vitest'
import { KnownPromises } from '../../../src/reputation/promises.ts'
import type { AttemptOutcome } from '../../../src/reputation/outcomes.ts'

function completed(taskType: string | undefined): AttemptOutcome {
  return { kind: 'completed', workerId: 'w', taskType, latencyMs: 9_000, promisedMs: 1 }
}

function isHeld(promises: KnownPromises, outcome: AttemptOutcome): boolean {
  const weighed = promises.weigh(outcome)
  return weighed.kind === 'completed' && weighed.promisedMs !== undefined
}

test('a promise counts once ten tasks of the type are done', () => {
  const promises = new KnownPromises()
  const held = Array.from({ length: 12 }, () => isHeld(promises, completed('builtin:sum')))
  expect(held.indexOf(true)).toBe(10)
  expect(held.lastIndexOf(false)).toBe(9)
  expect(isHeld(promises, completed('builtin:noop'))).toBe(false)
  expect(isHeld(promises, completed(undefined))).toBe(false)
})

test('other outcomes are as they are', () => {
  const lied: AttemptOutcome = { kind: 'lied', workerId: 'w' }
  expect(new KnownPromises().weigh(lied)).toBe(lied)
})

test('the type unused for longest is forgotten', () => {
  const promises = new KnownPromises()
  for (let count = 0; count < 10; count += 1) isHeld(promises, completed('old'))
  for (let type = 0; type < 1_024; type += 1) isHeld(promises, completed(`t${type}`))
  expect(isHeld(promises, completed('old'))).toBe(false)
})
