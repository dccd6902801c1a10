/** Outcomes as they are written down, one by one: all that is needed to count them again, on any machine. */
import type { AttemptName, AttemptOutcome } from './outcomes.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { EvidenceEntry } from '../model/generated/evidence-entry.ts'
import type { ReputationLedger } from './ledger.ts'

export type { EvidenceEntry }

export function entryOf(outcome: AttemptOutcome, atMs: number): EvidenceEntry {
  const { attempt, kind, receipt, taskType, workerId } = outcome
  const entry: EvidenceEntry = { at_ms: atMs, worker: workerId, kind }
  if (taskType !== undefined) entry.task_type = taskType
  if (outcome.kind === 'completed') {
    if (outcome.latencyMs !== undefined) entry.latency_ms = outcome.latencyMs
    if (outcome.promisedMs !== undefined) entry.promised_ms = outcome.promisedMs
  } else if (outcome.kind === 'failed') {
    entry.code = outcome.code
  } else if (outcome.kind === 'cleared') {
    entry.of = outcome.of
    entry.blamed_at_ms = outcome.blamedAtMs
  }
  if (attempt !== undefined) {
    entry.job = attempt.jobId
    entry.item = attempt.itemIndex
    entry.attempt = attempt.attempt
  }
  if (receipt !== undefined) entry.receipt = receipt
  return entry
}

/** The outcome that an entry was made of. What blames others is never written down. */
export function outcomeOf(entry: EvidenceEntry): AttemptOutcome {
  const about = {
    workerId: entry.worker,
    taskType: entry.task_type,
    attempt: attemptOf(entry),
    receipt: entry.receipt
  }
  switch (entry.kind) {
    case 'completed':
      return {
        ...about,
        kind: 'completed',
        latencyMs: entry.latency_ms,
        promisedMs: entry.promised_ms
      }
    case 'failed':
      return { ...about, kind: 'failed', blame: 'worker', code: codeOf(entry) }
    case 'cleared':
      return {
        ...about,
        kind: 'cleared',
        of: entry.of ?? 'failed',
        blamedAtMs: entry.blamed_at_ms ?? entry.at_ms
      }
    case 'right':
    case 'wrong':
    case 'outdone':
    case 'lied':
      return { ...about, kind: entry.kind }
  }
}

/** The attempt that an entry is about. */
export function attemptOf({ attempt, item, job }: EvidenceEntry): AttemptName | undefined {
  if (job === undefined || item === undefined || attempt === undefined) return undefined
  return { jobId: job, itemIndex: item, attempt }
}

/** Counts an entry as it was counted when it was made. */
export function replay(ledger: ReputationLedger, entry: EvidenceEntry): void {
  ledger.record(outcomeOf(entry), entry.at_ms)
}

/** An unknown code, of another version of the program, counts as a fault of no particular kind. */
function codeOf({ code = 'INTERNAL' }: EvidenceEntry): ErrorCode {
  return code as ErrorCode
}
