/** The records of a no-op job in the three moments at which a router writes: submitted, begun, ended. */
import { selectWorker } from '../../../src/selection/select.ts'
import { buildCandidate, buildRequest } from '../../support/build-candidate.ts'
import type { AttemptRecord, ItemRecord, JobRecord } from '../../../src/jobs/records.ts'
import type { StoreChange } from '../../../src/jobs/store.ts'

export const SAMPLE_WORKER = '12D3KooWGRUtEUsNq1oCkpvLDhZgJ8sDkKq9ZhnZ5VwAq4qHk6Yw'

/** As long as one with three workers is. */
export const SAMPLE_DECISION = JSON.stringify(
  selectWorker(
    buildRequest(),
    ['a', 'b', 'c'].map((letter) => buildCandidate({ peerId: `${SAMPLE_WORKER}${letter}` })),
    0.5,
    0
  ).explain()
)

const NOW_MS = 1_795_000_000_000

export function submitChanges(id: string, document: string): StoreChange[] {
  return [
    { kind: 'job', job: jobRecord(id, 'queued') },
    { kind: 'document', jobId: id, document },
    { kind: 'item', item: itemRecord(id, 'queued', null) }
  ]
}

export function beginChanges(id: string, workerId: string, decision: string): StoreChange[] {
  return [
    { kind: 'attempt', attempt: attemptRecord(id, 'offered', workerId) },
    { kind: 'decision', jobId: id, itemIndex: 0, attempt: 1, decision },
    { kind: 'item', item: itemRecord(id, 'running', workerId) },
    { kind: 'job', job: jobRecord(id, 'running') }
  ]
}

export function endChanges(id: string, workerId: string, output: string): StoreChange[] {
  return [
    { kind: 'attempt', attempt: attemptRecord(id, 'completed', workerId) },
    { kind: 'item', item: itemRecord(id, 'completed', workerId) },
    { kind: 'job', job: jobRecord(id, 'completed') },
    { kind: 'output', jobId: id, itemIndex: 0, output, logs: '' }
  ]
}

type State = 'queued' | 'running' | 'completed'

function jobRecord(id: string, state: State): JobRecord {
  return {
    id,
    name: null,
    state,
    engine: 'builtin',
    priority: 50,
    labels: {},
    submitter: SAMPLE_WORKER,
    itemCount: 1,
    counts: { queued: 0, running: 0, completed: 0, failed: 0, stopped: 0, [state]: 1 },
    attemptCount: state === 'queued' ? 0 : 1,
    createdAtMs: NOW_MS,
    startedAtMs: state === 'queued' ? null : NOW_MS + 1,
    endedAtMs: state === 'completed' ? NOW_MS + 2 : null,
    error: null
  }
}

function itemRecord(jobId: string, state: State, workerId: string | null): ItemRecord {
  return {
    jobId,
    index: 0,
    id: '0',
    state,
    attemptCount: workerId === null ? 0 : 1,
    failureCount: 0,
    workerId,
    startedAtMs: workerId === null ? null : NOW_MS + 1,
    endedAtMs: state === 'completed' ? NOW_MS + 2 : null,
    error: null
  }
}

function attemptRecord(
  jobId: string,
  state: 'offered' | 'completed',
  workerId: string
): AttemptRecord {
  const hasEnded = state === 'completed'
  return {
    jobId,
    itemIndex: 0,
    number: 1,
    state,
    workerId,
    offeredAtMs: NOW_MS + 1,
    endedAtMs: hasEnded ? NOW_MS + 2 : null,
    error: null,
    usage: hasEnded ? { wallMs: 0 } : null
  }
}
