/** What selection is told of a worker's room. */
import { expect, test } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { recordOf } from '../../support/spawn-discovery.ts'
import { believedRoom, newCandidate, speedOf } from '../../../src/discovery/to-candidate.ts'

const NO_AGES = {
  capabilitiesMs: 0,
  loadMs: 0,
  latencyMs: 0,
  reputationMs: 0,
  bytesToMs: 0,
  bytesFromMs: 0
}
const PEER = '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'

test.each([
  [2, 3, 2, 3],
  [256, 1_024, 256, 704],
  [5_000, 5_000, 960, 0]
])('a worker with %i slots and %i to wait has %i and %i of them', (slots, waiting, run, queue) => {
  const record = { ...recordOf(PEER), slots, queue_slots: waiting }
  const candidate = newCandidate(PEER, record, NO_AGES)
  expect(candidate).toMatchObject({ slots: run, queueSlots: queue })
  // More would be refused by the session, each time at the cost of an attempt.
  expect(run + queue).toBeLessThan(LIMITS.sessionRequestsMax)
})

test.each([
  [3, 1, 1, 3],
  [3, 2, 1, 1.5],
  [3, 1, 3, 1],
  [3, undefined, 1, 3],
  // What nobody can believe is believed as far as it may be; who does not know its rate has an ordinary one.
  [100, 1, 1, 8],
  [0.001, 1, 1, 0.1],
  [0, 1, 1, 2],
  [NaN, 1, 1, 2],
  [2, 1_000, 1, 0.02],
  [2, 1e-9, 1, 2]
])(
  'at %d GHz, slowed down by %d and found slower by %d it runs at %d',
  (ghz, slowdown, slowness, speed) => {
    expect(speedOf({ cpu_speed_ghz: ghz }, slowdown, slowness).speed).toBeCloseTo(speed)
  }
)

test('slots that cost nothing to claim are believed as far as a worker has proved itself', () => {
  const record = { ...recordOf(PEER), slots: 4_096, queue_slots: 4_096 }
  const stranger = { evidenceLeft: 0, prospect: 0.4 }
  expect(believedRoom({ ...record, queue_slots: 0 }, stranger, 0).slots).toBe(64)
  const half = { ...record, slots: 500, queue_slots: 460 }
  expect(believedRoom(half, stranger, 0)).toEqual({ slots: 64, queueSlots: 64 })
  const proven = { evidenceLeft: 200, prospect: 0.9 }
  expect(believedRoom(half, proven, 0)).toEqual({ slots: 180, queueSlots: 180 })
  // Who fails what it gets proves nothing by getting much.
  expect(believedRoom(half, { evidenceLeft: 2_000, prospect: 0.02 }, 0).slots).toBe(64)
  expect(believedRoom(half, { evidenceLeft: 2_000, prospect: 0.9 }, 0)).toEqual({
    slots: 500,
    queueSlots: 460
  })
})

test('what others have there takes nothing of the room for this router', () => {
  const record = { ...recordOf(PEER), slots: 300, queue_slots: 0 }
  const stranger = { evidenceLeft: 0, prospect: 0.4 }
  expect(believedRoom(record, stranger, 200).slots).toBe(264)
  expect(believedRoom({ ...record, slots: 8 }, stranger, 8).slots).toBe(8)
})
