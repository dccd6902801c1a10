/** Records and changes for the tests of job stores, each complete and the same every time. */
import type { AttemptRecord, ItemRecord, JobRecord } from '../../src/jobs/records.ts'
import type { StoreChange } from '../../src/jobs/store.ts'

/** Any fixed moment. */
export const CREATED_AT_MS = 1_790_000_000_000

export function buildJob(id: string, more: Partial<JobRecord> = {}): JobRecord {
  return {
    id,
    name: null,
    state: 'queued',
    engine: 'javascript',
    priority: 50,
    share: 'http',
    labels: {},
    submitter: 'http',
    key: null,
    parentId: null,
    needs: [],
    dueAtMs: null,
    spec: { engine: 'javascript' },
    itemCount: 1,
    counts: { queued: 1, running: 0, completed: 0, failed: 0, stopped: 0, held: 0 },
    attemptCount: 0,
    createdAtMs: CREATED_AT_MS,
    queuedAtMs: CREATED_AT_MS,
    startedAtMs: null,
    endedAtMs: null,
    forgetAtMs: null,
    forgetLogsAtMs: null,
    isOnHold: false,
    error: null,
    history: [{ by: 'http', reason: 'SUBMITTED', state: 'queued', atMs: CREATED_AT_MS }],
    ...more
  }
}

export function buildItem(
  jobId: string,
  index: number,
  more: Partial<ItemRecord> = {}
): ItemRecord {
  return {
    jobId,
    index,
    id: String(index),
    state: 'queued',
    pinnedTo: null,
    attemptCount: 0,
    failureCount: 0,
    crashedOn: [],
    copies: null,
    resultAttempt: null,
    workerId: null,
    startedAtMs: null,
    endedAtMs: null,
    ending: null,
    error: null,
    outputs: null,
    outputFile: null,
    reusedFrom: null,
    ...more
  }
}

export function buildAttempt(
  jobId: string,
  itemIndex: number,
  number: number,
  more: Partial<AttemptRecord> = {}
): AttemptRecord {
  return {
    jobId,
    itemIndex,
    number,
    leaseId: `l-${jobId}-${itemIndex}-${number}`,
    state: 'offered',
    workerId: '12D3KooWorker',
    offeredAtMs: CREATED_AT_MS,
    endedAtMs: null,
    error: null,
    usage: null,
    progress: null,
    logFile: null,
    history: [],
    ...more
  }
}

export function jobChange(id: string, more: Partial<JobRecord> = {}): StoreChange {
  return { kind: 'job', job: buildJob(id, more) }
}

export function itemChange(
  jobId: string,
  index: number,
  more: Partial<ItemRecord> = {}
): StoreChange {
  return { kind: 'item', item: buildItem(jobId, index, more) }
}

export function attemptChange(
  jobId: string,
  itemIndex: number,
  number: number,
  more: Partial<AttemptRecord> = {}
): StoreChange {
  return { kind: 'attempt', attempt: buildAttempt(jobId, itemIndex, number, more) }
}

/** Entries of an attempt's log. */
export function logChange(
  jobId: string,
  place: readonly [itemIndex: number, attempt: number, from: number],
  texts: readonly string[]
): StoreChange {
  const [itemIndex, attempt, from] = place
  const entries = texts.map((text) => ({ ms: from, stream: 'out', text }) as const)
  return { kind: 'log', jobId, itemIndex, attempt, from, entries }
}

/** What was signed of an attempt. */
export function receiptChange(jobId: string, itemIndex: number, attempt: number): StoreChange {
  const order = `order ${attempt}`
  return { kind: 'receipt', jobId, itemIndex, attempt, order, receipt: `receipt ${attempt}` }
}

/** What one small job writes when it is submitted. */
export function submission(jobId: string): StoreChange[] {
  return [
    jobChange(jobId),
    { kind: 'document', jobId, document: `{"of":"${jobId}"}` },
    itemChange(jobId, 0, { attemptCount: 1 }),
    attemptChange(jobId, 0, 1),
    { kind: 'decision', jobId, itemIndex: 0, attempt: 1, atMs: 7, decision: '{"ranked":[]}' },
    receiptChange(jobId, 0, 1)
  ]
}

/** A call that no store can take: an item without its number, behind a change that is fine. */
export function badCall(jobId: string): StoreChange[] {
  return [jobChange(jobId), itemChange(jobId, Number.NaN)]
}
