/**
 * The ledger as it is stored, and the check of it when it comes back. A file that somebody edited or a
 * disk that forgot a bit must not give a worker a name that it didn't earn: what is wrong is refused.
 */
import { MeshError } from '../core/errors.ts'
import { validatorFor } from '../model/validate.ts'
import { GOOD_WEIGHT } from './outcomes.ts'
import { newHistory } from './worker-history.ts'
import { successCountOf } from './worker-record.ts'
import type {
  CheckpointHistory,
  CheckpointWorker,
  EvidenceCheckpoint
} from '../model/generated/evidence-checkpoint.ts'
import type { Tally, WorkerRecord } from './worker-record.ts'
import type { WorkerHistory } from './worker-history.ts'

export interface LedgerLine {
  record: WorkerRecord
  history: WorkerHistory | undefined
}

const check = validatorFor<EvidenceCheckpoint>('evidence-checkpoint')

/** @throws MeshError STORE_FAILED, naming the place */
export function readLedger(value: unknown, workerCountMax: number): LedgerLine[] {
  const { workers } = checked(value)
  if (workers.length > workerCountMax) throw refusal('workers', `has more than ${workerCountMax}`)
  const seen = new Set<string>()
  return workers.map((worker, index) => {
    const path = `workers[${index}]`
    if (seen.has(worker.peer_id)) throw refusal(`${path}.peer_id`, 'is there twice')
    seen.add(worker.peer_id)
    checkEarned(worker, path)
    return { record: toRecord(worker), history: toHistory(worker.history) }
  })
}

/** @param atMs the moment as of which it is complete */
export function writeLedger(lines: Iterable<LedgerLine>, atMs: number): EvidenceCheckpoint {
  const workers = [...lines].map(({ history, record }) => ({
    peer_id: record.peerId,
    ...fromTally(record),
    first_seen_ms: record.firstSeenMs,
    strikes: record.strikes,
    quarantined_until_ms: record.quarantinedUntilMs,
    last_wrong_ms: record.lastWrongMs,
    last_change: record.lastChange,
    ...(history === undefined ? {} : { history: fromHistory(history) })
  }))
  return { version: 2, at_ms: atMs, workers }
}

function checked(value: unknown): EvidenceCheckpoint {
  try {
    return check(value)
  } catch (cause) {
    const { message, path = '' } = MeshError.from(cause)
    throw refusal(path === '' ? 'version' : path, message)
  }
}

/** Faded counts are never more than what was counted in all. */
function checkEarned(worker: CheckpointWorker, path: string): void {
  if (worker.first_seen_ms > worker.last_seen_ms) {
    throw refusal(`${path}.first_seen_ms`, 'is after last_seen_ms')
  }
  if (worker.good > GOOD_WEIGHT * successCountOf(worker.counts)) {
    throw refusal(`${path}.good`, 'is more than its successes give')
  }
  for (const name of ['right', 'streak'] as const) {
    if (worker[name] > worker.counts.right) {
      throw refusal(`${path}.${name}`, 'is more than its verified results give')
    }
  }
}

type TallyFields = Omit<CheckpointHistory['types'][number], 'task_type'>

function fromTally(tally: Tally): TallyFields {
  const { bad, counts, good, right, streak, wrong } = tally
  return {
    good,
    bad,
    right,
    wrong,
    streak,
    last_seen_ms: tally.lastSeenMs,
    latency_ms_sum: tally.latencyMsSum,
    latency_count: tally.latencyCount,
    promised_ms_sum: tally.promisedMsSum,
    promised_took_ms_sum: tally.promisedTookMsSum,
    counts: { ...counts }
  }
}

function toTally(fields: TallyFields): Tally {
  const { bad, counts, good, right, streak, wrong } = fields
  return {
    good,
    bad,
    right,
    wrong,
    streak,
    lastSeenMs: fields.last_seen_ms,
    latencyMsSum: fields.latency_ms_sum,
    latencyCount: fields.latency_count,
    promisedMsSum: fields.promised_ms_sum,
    promisedTookMsSum: fields.promised_took_ms_sum,
    counts: { ...counts }
  }
}

function toRecord(worker: CheckpointWorker): WorkerRecord {
  return {
    peerId: worker.peer_id,
    ...toTally(worker),
    firstSeenMs: worker.first_seen_ms,
    strikes: worker.strikes,
    quarantinedUntilMs: worker.quarantined_until_ms,
    lastWrongMs: worker.last_wrong_ms,
    lastChange: worker.last_change
  }
}

function fromHistory({ events, points, types }: WorkerHistory): CheckpointHistory {
  return {
    types: [...types.values()].map((tally) => ({
      task_type: tally.taskType,
      ...fromTally(tally)
    })),
    points: points.map(({ hourMs, ...point }) => ({ hour_ms: hourMs, ...point })),
    events: events.map(({ atMs, sinceMs, ...event }) => ({
      since_ms: sinceMs,
      at_ms: atMs,
      ...event
    }))
  }
}

function toHistory(history: CheckpointHistory | undefined): WorkerHistory | undefined {
  if (history === undefined) return undefined
  const { events, points, types } = history
  const known = newHistory()
  for (const { task_type: taskType, ...fields } of types) {
    known.types.set(taskType, { taskType, ...toTally(fields) })
  }
  return {
    types: known.types,
    points: points.map(({ hour_ms: hourMs, ...point }) => ({ hourMs, ...point })),
    events: events.map(({ at_ms: atMs, since_ms: sinceMs, ...event }) => ({
      sinceMs,
      atMs,
      ...event
    }))
  }
}

function refusal(path: string, what: string): MeshError {
  return new MeshError('STORE_FAILED', `the stored reputation is damaged: ${path} ${what}`, {
    path,
    hint: 'restore it from a backup, or move it away to start with no reputation',
    retryable: false
  })
}
