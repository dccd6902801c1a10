/** How much of its registry a bootstrap tells one peer. */
import { expect, test } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { RegistryPace } from '../../../src/discovery/registry-pace.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import type { FindNodesResult } from '../../../src/model/generated/commands-find-nodes.ts'

const PAGE = 1_000
const page = (): FindNodesResult => ({ nodes: Array<never>(PAGE), total: PAGE })
const none = (): FindNodesResult => ({ nodes: [], total: 0 })

/** Pages that are told at once. */
function pages(pace: RegistryPace, peer: string): number {
  for (let count = 0; ; count += 1) {
    try {
      pace.tell(peer, page)
    } catch {
      return count
    }
  }
}

test('a router reads all that there is, and again; who goes on is told to wait, and others are not', () => {
  const clock = new FakeClock()
  const pace = new RegistryPace({ clock })
  const all = LIMITS.registryWorkersMax / PAGE
  expect(pages(pace, 'a')).toBeGreaterThanOrEqual(2 * all - 1)
  expect(() => pace.tell('a', page)).toThrow('enough')
  expect(pages(pace, 'b')).toBeGreaterThanOrEqual(2 * all - 1)
  clock.advance(600_000)
  expect(pages(pace, 'a')).toBeGreaterThanOrEqual(all)
})

test('questions that find nobody count as well', () => {
  const pace = new RegistryPace({ clock: new FakeClock() })
  for (let count = 0; count < 2 * LIMITS.registryWorkersMax; count += 1) pace.tell('a', none)
  expect(() => pace.tell('a', none)).toThrow('enough')
})
