/** How many tasks a worker can draw that claims everything and does nothing. */
import { expect, it } from 'vitest'
import { CandidateBook } from '../../../src/discovery/candidate-book.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { buildCircumstances, buildRequest } from '../../support/build-candidate.ts'
import { newWorkerEntry } from '../../../src/discovery/worker-entry.ts'
import { recordOf } from '../../support/spawn-discovery.ts'
import { selectWorker } from '../../../src/selection/select.ts'
import type {
  CapabilityRecord,
  LoadReport
} from '../../../src/model/generated/capability-record.ts'
import type { WorkerEntry } from '../../../src/discovery/worker-entry.ts'

const PEER = '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'
const IDLE: LoadReport = {
  running: 0,
  queued: 0,
  slots: 4_096,
  queue_slots: 4_096,
  cpu_usage: 0,
  memory_available_mb: 1e6,
  disk_available_mb: 1e6,
  stopping: false,
  slowdown: 0.01
}

/** Sends there until it has no room. @returns how many it got */
function drawn(evidenceLeft: number, claims: { slots: number; queue_slots: number }): number {
  const entries = new Map<string, WorkerEntry>()
  const seen = { evidenceCount: evidenceLeft, evidenceLeft }
  const standing = { ...seen, prospect: 0.9, reputation: 0.9, tier: 'probation' } as const
  const book = new CandidateBook(
    { clock: new FakeClock(), standingOf: () => standing, wayTo: () => undefined },
    entries
  )
  const record: CapabilityRecord = { ...recordOf(PEER), ...claims, engines: ['builtin'] }
  const found = { peer: PEER, record, by: 'dht' } as const
  const entry = newWorkerEntry(found, book.loadOf(PEER), 0)
  entry.state = 'ready'
  entries.set(PEER, entry)
  book.recordChanged(entry)
  book.stateChanged(entry)
  const request = buildRequest()
  let count = 0
  for (; count < 5_000; count += 1) {
    const { chosenPeerId, expected } = selectWorker(
      request,
      book.candidates(),
      buildCircumstances()
    )
    if (chosenPeerId === undefined) break
    const number = book.sent(PEER, { expectedMs: expected?.runMs ?? 0, gpuCount: 0 })
    // It knows of all, and says that it has nothing to do.
    entry.work.take({ ...IDLE, seen: number }, count)
    book.loadChanged(entry)
  }
  return count
}

it.each([
  [0, { slots: 4_096, queue_slots: 0 }, 64],
  [0, { slots: 500, queue_slots: 460 }, 128],
  [200, { slots: 500, queue_slots: 460 }, 360],
  [0, { slots: 8, queue_slots: 4 }, 12]
])('after %i outcomes, with %j, it draws %i', (evidenceLeft, claims, count) => {
  expect(drawn(evidenceLeft, claims)).toBe(count)
})
