/** What is counted of one worker: faded evidence that scores are made of, and counts of all time for people. */
import { decay } from './score.ts'
import { FAULTS, COUNTERS, SUCCESSES } from './outcomes.ts'
import { quarantineMs } from './trust.ts'
import type { AttemptOutcome, Change, Counter } from './outcomes.ts'
import type { Evidence } from './score.ts'

export type Counts = Record<Counter, number>

/** Faded evidence, and the moment as of which it stands. */
export interface DatedEvidence extends Evidence {
  lastSeenMs: number
}

/** Of all tasks, or of those of one type. */
export interface Tally extends DatedEvidence {
  counts: Counts
  latencyMsSum: number
  latencyCount: number
  /** Of those tasks of which it was said how long they should take: what was said, and what they took. */
  promisedMsSum: number
  promisedTookMsSum: number
}

export interface WorkerRecord extends Tally {
  peerId: string
  firstSeenMs: number
  /** How often it was quarantined, of all time. */
  strikes: number
  /** 0: never. */
  quarantinedUntilMs: number
  /** When the last wrong result was found; 0: never. */
  lastWrongMs: number
  lastChange: string
}

export function newTally(nowMs: number): Tally {
  return {
    good: 0,
    bad: 0,
    right: 0,
    wrong: 0,
    streak: 0,
    lastSeenMs: nowMs,
    counts: noCounts(),
    latencyMsSum: 0,
    latencyCount: 0,
    promisedMsSum: 0,
    promisedTookMsSum: 0
  }
}

export function newRecord(peerId: string, nowMs: number): WorkerRecord {
  return {
    peerId,
    ...newTally(nowMs),
    firstSeenMs: nowMs,
    strikes: 0,
    quarantinedUntilMs: 0,
    lastWrongMs: 0,
    lastChange: ''
  }
}

export function noCounts(): Counts {
  return Object.fromEntries(COUNTERS.map((counter) => [counter, 0])) as Counts
}

/** What is left now. */
export function evidenceAt(dated: DatedEvidence, nowMs: number): Evidence {
  return decay(dated, nowMs - dated.lastSeenMs)
}

/** Adds what a change says to a tally. */
export function countInto(
  tally: Tally,
  change: Change,
  outcome: AttemptOutcome,
  nowMs: number
): void {
  const left = evidenceAt(tally, nowMs)
  tally.good = left.good + change.good
  tally.bad = Math.max(0, left.bad + change.bad)
  tally.right = left.right + change.right
  tally.wrong = left.wrong + change.wrong
  tally.streak = change.wrong > 0 ? 0 : left.streak + change.streak
  tally.lastSeenMs = Math.max(tally.lastSeenMs, nowMs)
  tally.counts[change.counter] += 1
  if (change.uncounts !== undefined && tally.counts[change.uncounts] > 0) {
    tally.counts[change.uncounts] -= 1
  }
  if (outcome.kind === 'completed') countTime(tally, outcome)
}

function countTime(
  tally: Tally,
  { latencyMs, promisedMs }: Extract<AttemptOutcome, { kind: 'completed' }>
): void {
  if (latencyMs === undefined) return
  tally.latencyMsSum += latencyMs
  tally.latencyCount += 1
  if (promisedMs === undefined) return
  tally.promisedMsSum += promisedMs
  tally.promisedTookMsSum += latencyMs
}

/**
 * Counts one outcome for a worker. A wrong result has it quarantined; those that it had sent before it was found
 * out weigh as much, but are no further offence.
 */
export function countOutcome(
  record: WorkerRecord,
  change: Change,
  outcome: AttemptOutcome,
  nowMs: number
): void {
  countInto(record, change, outcome, nowMs)
  record.lastChange = change.text
  if (change.wrong === 0) return
  record.lastWrongMs = Math.max(record.lastWrongMs, nowMs)
  if (nowMs < record.quarantinedUntilMs) return
  record.strikes += 1
  const untilMs = nowMs + quarantineMs(record.strikes)
  record.quarantinedUntilMs = Math.max(record.quarantinedUntilMs, untilMs)
}

export function successCountOf(counts: Counts): number {
  return sumOf(counts, SUCCESSES)
}

export function failureCountOf(counts: Counts): number {
  return sumOf(counts, FAULTS)
}

export function averageLatencyMs({ latencyCount, latencyMsSum }: Tally): number | undefined {
  return latencyCount === 0 ? undefined : latencyMsSum / latencyCount
}

/** How fast it is beside what was expected of it; 2 is twice as fast. Undefined: not known. */
export function speedOf({ promisedMsSum, promisedTookMsSum }: Tally): number | undefined {
  return promisedTookMsSum === 0 ? undefined : promisedMsSum / promisedTookMsSum
}

function sumOf(counts: Counts, names: readonly Counter[]): number {
  return names.reduce((sum, name) => sum + counts[name], 0)
}
