/** Failures that are a worker's own, as another one shows by completing the task. */
import { expect, it } from 'vitest'
import { compileJob } from '../../../src/model/job.ts'
import { OutdoneWorkers } from '../../../src/roles/outdone-workers.ts'
import { MeshError } from '../../../src/core/errors.ts'
import type { ActiveJob } from '../../../src/dispatch/active-job.ts'
import type { AttemptOutcome } from '../../../src/reputation/outcomes.ts'
import type { AttemptRecord, ItemRecord } from '../../../src/jobs/records.ts'
import type { ErrorCode } from '../../../src/core/errors.ts'
import type { JobDocument } from '../../../src/model/job.ts'

/** @param counted outcomes of each worker */
function setUp(counted: Record<string, number> = {}): {
  told: AttemptOutcome[]
  outdone: OutdoneWorkers
} {
  const told: AttemptOutcome[] = []
  const record = (outcome: AttemptOutcome): void => void told.push(outcome)
  return { told, outdone: new OutdoneWorkers(record, (peer) => counted[peer] ?? 0) }
}

function ended(number: number, workerId: string, code?: ErrorCode): AttemptRecord {
  const error = code === undefined ? null : new MeshError(code, 'no').toData()
  const record: Partial<AttemptRecord> = { jobId: 'j-1', itemIndex: 0, endedAtMs: 5 }
  return { ...record, number, workerId, error } as AttemptRecord
}

function itemOf(state: ItemRecord['state'], workerId: string | null): ItemRecord {
  return { jobId: 'j-1', index: 0, state, workerId } as ItemRecord
}

function jobOf(more: Partial<JobDocument> = {}): ActiveJob {
  const document: JobDocument = { task: { engine: 'builtin', name: 'noop' }, ...more }
  return { plan: compileJob(document) } as ActiveJob
}

it('blames whoever failed at what another worker then saw through', () => {
  const { outdone, told } = setUp()
  outdone.attemptChanged({ ...ended(1, 'one'), endedAtMs: null })
  outdone.attemptChanged(ended(1, 'one', 'TASK_FAILED'))
  outdone.attemptChanged(ended(2, 'two', 'PEER_SILENT'))
  outdone.attemptChanged(ended(3, 'winner'))
  outdone.itemEnded(jobOf(), itemOf('completed', 'winner'))
  const attempt = { jobId: 'j-1', itemIndex: 0, attempt: 1 }
  expect(told).toEqual([{ kind: 'outdone', workerId: 'one', taskType: 'builtin:noop', attempt }])
  outdone.itemEnded(jobOf(), itemOf('completed', 'winner'))
  expect(told).toHaveLength(1)
})

it('blames nobody where the task failed in the end, nor where the network may have been another', () => {
  for (const [job, item] of [
    [jobOf(), itemOf('failed', 'two')],
    [jobOf(), itemOf('completed', null)],
    [jobOf({ network: { mode: 'full' } }), itemOf('completed', 'two')]
  ] as const) {
    const { outdone, told } = setUp()
    outdone.attemptChanged(ended(1, 'one', 'TASK_FAILED'))
    outdone.itemEnded(job, item)
    expect(told).toEqual([])
  }
})

it.each([
  [{ one: 500, winner: 9 }, 0],
  [{ one: 500, winner: 10 }, 1],
  [{ one: 9, winner: 1 }, 1]
])('takes no stranger’s word against who is known: of %j it blames %i', (counted, blamed) => {
  const { outdone, told } = setUp(counted)
  outdone.attemptChanged(ended(1, 'one', 'TASK_FAILED'))
  outdone.itemEnded(jobOf(), itemOf('completed', 'winner'))
  expect(told).toHaveLength(blamed)
})
