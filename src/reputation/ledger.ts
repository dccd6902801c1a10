/**
 * What this router has itself seen of each worker. Nobody else can write here: there is no message that
 * changes a score. Bounded: when it is full, the worker of whom least is known is forgotten, so that a
 * flood of new identities displaces only itself.
 */
import { assert } from '../core/assert.ts'
import { LIMITS } from '../core/limits.ts'
import { changeOf } from './outcomes.ts'
import { readLedger } from './ledger-document.ts'
import { decay, expectedShare, lowerBound } from './score.ts'
import type { AttemptOutcome } from './outcomes.ts'
import type { LedgerDocument, LedgerEntry } from './ledger-document.ts'

/** Twice the directory: workers that went away for a while are still remembered when they return. */
const LEDGER_WORKERS_MAX = 2 * LIMITS.directoryWorkersMax

/** What is known of one worker now. */
export interface Reputation {
  peerId: string
  /** Lower bound, 0 to 1: what scoring uses. */
  reputation: number
  /** The share of tasks that it is expected to see through. */
  expected: number
  /** Outcomes counted, all time: successes and failures. */
  evidenceCount: number
  successCount: number
  failureCount: number
  averageLatencyMs: number | undefined
  firstSeenMs: number | undefined
  lastSeenMs: number | undefined
  lastChange: string | undefined
}

export interface ReputationLedgerInit {
  /** @default LEDGER_WORKERS_MAX */
  workerCountMax?: number
}

/**
 * All times are the caller's `nowMs`: milliseconds since 1970 that never jump, which is the wall clock
 * at the start plus the monotonic time since. A time earlier than the last one fades nothing.
 */
export class ReputationLedger {
  readonly #entries = new Map<string, LedgerEntry>()
  readonly #workerCountMax: number

  constructor(init: ReputationLedgerInit = {}) {
    this.#workerCountMax = init.workerCountMax ?? LEDGER_WORKERS_MAX
  }

  /** @throws MeshError STORE_FAILED when `value` is not what `toJSON` gave */
  static fromJSON(value: unknown, init: ReputationLedgerInit = {}): ReputationLedger {
    const ledger = new ReputationLedger(init)
    for (const entry of readLedger(value, ledger.#workerCountMax)) {
      ledger.#entries.set(entry.peerId, entry)
    }
    return ledger
  }

  toJSON(): LedgerDocument {
    return { version: 1, workers: [...this.#entries.values()].map((entry) => ({ ...entry })) }
  }

  /** Counts one outcome; says whether it moved the worker's score. */
  record(outcome: AttemptOutcome, nowMs: number): boolean {
    const change = changeOf(outcome)
    if (change === undefined) return false
    const entry = this.#entries.get(outcome.workerId) ?? this.#open(outcome.workerId, nowMs)
    const { good, bad } = decay(entry, nowMs - entry.lastSeenMs)
    entry.good = good + change.good
    entry.bad = bad + change.bad
    entry.lastSeenMs = Math.max(entry.lastSeenMs, nowMs)
    entry.lastChange = change.text
    if (outcome.kind === 'completed') {
      entry.successCount += 1
      if (outcome.latencyMs !== undefined) {
        assert(outcome.latencyMs >= 0, 'a latency is measured, and never negative')
        entry.latencyMsSum += outcome.latencyMs
        entry.latencyCount += 1
      }
    } else {
      entry.failureCount += 1
    }
    return true
  }

  /** What is known of a worker; of a stranger, what everybody starts with. */
  of(peerId: string, nowMs: number): Reputation {
    const entry = this.#entries.get(peerId)
    return entry === undefined ? strangerOf(peerId) : describe(entry, nowMs)
  }

  /** All known workers, best first. */
  list(nowMs: number): Reputation[] {
    return [...this.#entries.values()]
      .map((entry) => describe(entry, nowMs))
      .toSorted(
        (left, right) => right.reputation - left.reputation || (left.peerId < right.peerId ? -1 : 1)
      )
  }

  #open(peerId: string, nowMs: number): LedgerEntry {
    if (this.#entries.size >= this.#workerCountMax) this.#forgetOne(nowMs)
    const entry: LedgerEntry = {
      peerId,
      good: 0,
      bad: 0,
      successCount: 0,
      failureCount: 0,
      latencyMsSum: 0,
      latencyCount: 0,
      firstSeenMs: nowMs,
      lastSeenMs: nowMs,
      lastChange: ''
    }
    this.#entries.set(peerId, entry)
    return entry
  }

  /** Forgets the worker of whom least is left; of several such, the one not seen for longest. */
  #forgetOne(nowMs: number): void {
    let least: LedgerEntry | undefined
    let leastLeft = Infinity
    for (const entry of this.#entries.values()) {
      const { good, bad } = decay(entry, nowMs - entry.lastSeenMs)
      const left = good + bad
      if (left < leastLeft || (left === leastLeft && isOlder(entry, least))) {
        least = entry
        leastLeft = left
      }
    }
    if (least !== undefined) this.#entries.delete(least.peerId)
  }
}

function isOlder(entry: LedgerEntry, other: LedgerEntry | undefined): boolean {
  if (other === undefined || entry.lastSeenMs !== other.lastSeenMs) {
    return other === undefined || entry.lastSeenMs < other.lastSeenMs
  }
  return entry.peerId < other.peerId
}

function describe(entry: LedgerEntry, nowMs: number): Reputation {
  const evidence = decay(entry, nowMs - entry.lastSeenMs)
  return {
    peerId: entry.peerId,
    reputation: lowerBound(evidence),
    expected: expectedShare(evidence),
    evidenceCount: entry.successCount + entry.failureCount,
    successCount: entry.successCount,
    failureCount: entry.failureCount,
    averageLatencyMs:
      entry.latencyCount === 0 ? undefined : entry.latencyMsSum / entry.latencyCount,
    firstSeenMs: entry.firstSeenMs,
    lastSeenMs: entry.lastSeenMs,
    lastChange: entry.lastChange
  }
}

function strangerOf(peerId: string): Reputation {
  const nothing = { good: 0, bad: 0 }
  return {
    peerId,
    reputation: lowerBound(nothing),
    expected: expectedShare(nothing),
    evidenceCount: 0,
    successCount: 0,
    failureCount: 0,
    averageLatencyMs: undefined,
    firstSeenMs: undefined,
    lastSeenMs: undefined,
    lastChange: undefined
  }
}
