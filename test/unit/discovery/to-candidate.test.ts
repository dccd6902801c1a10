/** What selection is told of a worker's room. */
import { expect, test } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { newWorkerEntry } from '../../../src/discovery/worker-entry.ts'
import { recordOf } from '../../support/spawn-discovery.ts'
import { toCandidate } from '../../../src/discovery/to-candidate.ts'

const PEER = '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'

test.each([
  [2, 3, 2, 3],
  [256, 1_024, 256, 704],
  [5_000, 5_000, 960, 0]
])('a worker with %i slots and %i to wait has %i and %i of them', (slots, waiting, run, queue) => {
  const record = { ...recordOf(PEER), slots, queue_slots: waiting }
  const entry = newWorkerEntry({ peer: PEER, by: 'lease', record }, 0)
  const candidate = toCandidate(entry, { reputation: 0.5, evidenceCount: 0 }, 0)
  expect(candidate).toMatchObject({ slots: run, queueSlots: queue })
  // More would be refused by the session, each time at the cost of an attempt.
  expect(run + queue).toBeLessThan(LIMITS.sessionRequestsMax)
})
