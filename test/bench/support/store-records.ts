/** The records of a no-op job in the three moments at which a router writes: submitted, begun, ended. */
import { selectWorker } from '../../../src/selection/select.ts'
import { buildCandidate, buildCircumstances, buildRequest } from '../../support/build-candidate.ts'
import type { AttemptRecord, ItemRecord, JobRecord, Transition } from '../../../src/jobs/records.ts'
import type { StoreChange } from '../../../src/jobs/store.ts'

export const SAMPLE_WORKER = '12D3KooWGRUtEUsNq1oCkpvLDhZgJ8sDkKq9ZhnZ5VwAq4qHk6Yw'

/** As long as one with three workers is. */
export const SAMPLE_DECISION = JSON.stringify(
  selectWorker(
    buildRequest(),
    ['a', 'b', 'c'].map((letter) => buildCandidate({ peerId: `${SAMPLE_WORKER}${letter}` })),
    buildCircumstances()
  ).explain()
)

/** Nothing of it is due to be forgotten, or out of time, while a bench runs. */
const NOW_MS = Date.now()

/** Seven days, as is the default. */
const KEPT_MS = 7 * 86_400_000

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
    { kind: 'decision', jobId: id, itemIndex: 0, attempt: 1, atMs: NOW_MS, decision },
    { kind: 'item', item: itemRecord(id, 'running', workerId) },
    { kind: 'job', job: jobRecord(id, 'running') }
  ]
}

export function endChanges(id: string, workerId: string, output: string): StoreChange[] {
  return [
    { kind: 'attempt', attempt: attemptRecord(id, 'completed', workerId) },
    { kind: 'item', item: itemRecord(id, 'completed', workerId) },
    { kind: 'job', job: jobRecord(id, 'completed') },
    { kind: 'output', jobId: id, itemIndex: 0, output }
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
    share: SAMPLE_WORKER,
    labels: {},
    submitter: SAMPLE_WORKER,
    key: null,
    parentId: null,
    needs: [],
    dueAtMs: null,
    spec: { engine: 'builtin' },
    itemCount: 1,
    counts: { queued: 0, running: 0, completed: 0, failed: 0, stopped: 0, held: 0, [state]: 1 },
    attemptCount: state === 'queued' ? 0 : 1,
    createdAtMs: NOW_MS,
    queuedAtMs: NOW_MS,
    startedAtMs: state === 'queued' ? null : NOW_MS + 1,
    endedAtMs: state === 'completed' ? NOW_MS + 2 : null,
    forgetAtMs: state === 'completed' ? NOW_MS + KEPT_MS : null,
    forgetLogsAtMs: state === 'completed' ? NOW_MS + KEPT_MS : null,
    isOnHold: false,
    error: null,
    history: historyTo(state)
  }
}

function itemRecord(jobId: string, state: State, workerId: string | null): ItemRecord {
  return {
    jobId,
    index: 0,
    id: '0',
    state,
    pinnedTo: null,
    attemptCount: workerId === null ? 0 : 1,
    failureCount: 0,
    crashedOn: [],
    copies: null,
    resultAttempt: null,
    workerId,
    startedAtMs: workerId === null ? null : NOW_MS + 1,
    endedAtMs: state === 'completed' ? NOW_MS + 2 : null,
    ending: null,
    error: null,
    outputs: null,
    outputFile: null,
    reusedFrom: null
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
    leaseId: 'l-4k9d0s2m7qx1',
    state,
    workerId,
    offeredAtMs: NOW_MS + 1,
    endedAtMs: hasEnded ? NOW_MS + 2 : null,
    error: null,
    usage: hasEnded ? { wallMs: 0 } : null,
    progress: null,
    logFile: null,
    history: historyTo(state)
  }
}

/** What led to this state: one step of each. */
function historyTo(state: State | 'offered'): Transition[] {
  const steps: Transition[] = [
    { by: SAMPLE_WORKER, reason: 'SUBMITTED', state: 'queued', atMs: NOW_MS },
    { by: 'router', reason: 'OFFERED', state: 'running', atMs: NOW_MS + 1 },
    { by: SAMPLE_WORKER, reason: 'COMPLETED', state: 'completed', atMs: NOW_MS + 2 }
  ]
  return steps.slice(0, { queued: 1, offered: 1, running: 2, completed: 3 }[state])
}
