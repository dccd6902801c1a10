/**
 * What this router has itself seen of each worker, and beside it, never mixed into it, the little weight
 * that listed routers' observations have. There is no message that changes a count. Bounded: when it is full,
 * the worker of whom least is known is forgotten, so that a flood of new identities displaces only itself.
 */
import { assert } from '../core/assert.ts'
import { LIMITS } from '../core/limits.ts'
import { RecentMap } from '../core/recent-map.ts'
import { changeOf } from './outcomes.ts'
import { readLedger, writeLedger } from './ledger-document.ts'
import { FleetService } from './fleet-service.ts'
import { NO_EVIDENCE, prospectOf, reputationOf } from './score.ts'
import { NO_IMPORT, boundImport, describe } from './reputation.ts'
import { countOutcome, evidenceAt, newRecord } from './worker-record.ts'
import { newHistory, remember } from './worker-history.ts'
import type { AttemptOutcome, Change } from './outcomes.ts'
import type { Evidence } from './score.ts'
import type { Imported, Reputation } from './reputation.ts'
import type { EvidenceCheckpoint } from '../model/generated/evidence-checkpoint.ts'
import type { WorkerHistory } from './worker-history.ts'
import type { WorkerRecord } from './worker-record.ts'

/** Twice the directory: workers that went away for a while are still remembered when they return. */
const LEDGER_WORKERS_MAX = 2 * LIMITS.directoryWorkersMax
/** A history is ten times as long as a record. */
const LEDGER_HISTORIES_MAX = LIMITS.reputationHistoriesMax

export interface ReputationLedgerInit {
  /** @default LEDGER_WORKERS_MAX */
  workerCountMax?: number
  /** Workers whose history is kept, those last heard of. @default LEDGER_HISTORIES_MAX */
  historyCountMax?: number
}

/**
 * All times are the caller's `nowMs`: milliseconds since 1970 that never jump, which is the wall clock
 * at the start plus the monotonic time since. A time earlier than the last one fades nothing.
 */
export class ReputationLedger {
  readonly #records = new Map<string, WorkerRecord>()
  readonly #histories: RecentMap<string, WorkerHistory>
  readonly #imported: RecentMap<string, Imported>
  readonly #fleet = new FleetService()
  readonly #workerCountMax: number

  constructor(init: ReputationLedgerInit = {}) {
    this.#workerCountMax = init.workerCountMax ?? LEDGER_WORKERS_MAX
    this.#histories = new RecentMap(init.historyCountMax ?? LEDGER_HISTORIES_MAX)
    this.#imported = new RecentMap(this.#workerCountMax)
  }

  /** @throws MeshError STORE_FAILED when `value` is not what `toDocument` gave */
  static fromDocument(value: unknown, init: ReputationLedgerInit = {}): ReputationLedger {
    const ledger = new ReputationLedger(init)
    for (const { history, record } of readLedger(value, ledger.#workerCountMax)) {
      ledger.#records.set(record.peerId, record)
      ledger.#fleet.add(record, record.lastSeenMs)
      if (history !== undefined) ledger.#histories.set(record.peerId, history)
    }
    return ledger
  }

  /** A copy of all that was counted until `atMs`. @param peerId of this worker alone */
  toDocument(atMs: number, peerId?: string): EvidenceCheckpoint {
    const records = [...this.#records.values()].filter(
      (record) => peerId === undefined || record.peerId === peerId
    )
    const lines = records.map((record) => ({ record, history: this.#histories.get(record.peerId) }))
    return writeLedger(lines, atMs)
  }

  /** Counts one outcome; undefined when it says nothing about the worker. */
  record(outcome: AttemptOutcome, nowMs: number): Change | undefined {
    const change = changeOf(outcome, nowMs)
    if (change === undefined) return undefined
    if (outcome.kind === 'completed') {
      assert((outcome.latencyMs ?? 0) >= 0, 'a latency is measured, and never negative')
    }
    const { workerId } = outcome
    const known = this.#records.get(workerId)
    // What was counted for it has been forgotten with it.
    if (known === undefined && outcome.kind === 'cleared') return undefined
    const record = known ?? this.#open(workerId, nowMs)
    const before = evidenceAt(record, nowMs)
    const from = reputationOf(before)
    countOutcome(record, change, outcome, nowMs)
    const to = reputationOf(record)
    this.#fleet.add({ good: record.good - before.good, bad: record.bad - before.bad }, nowMs)
    const history = this.#histories.get(workerId) ?? newHistory()
    remember(history, { outcome, change, nowMs, from, to })
    this.#histories.set(workerId, history)
    return change
  }

  /**
   * Replaces what listed routers say of a worker; it counts like evidence of service, up to ten tasks.
   * It is not part of the document: it is asked for anew.
   */
  setImported(peerId: string, imported: Imported): void {
    const bounded = boundImport(imported)
    this.#imported.delete(peerId)
    if (bounded.fa === 0 && bounded.fb === 0) return
    this.#imported.set(peerId, bounded)
  }

  /** What is known of a worker; of a stranger, what everybody starts with. */
  of(peerId: string, nowMs: number): Reputation {
    const imported = this.#imported.get(peerId) ?? NO_IMPORT
    const fleetShare = this.#fleet.shareAt(nowMs)
    return describe(peerId, { fleetShare, imported, record: this.#records.get(peerId) }, nowMs)
  }

  /** What placement reckons with alone, for who asks of many workers at once. */
  prospectOf(peerId: string, nowMs: number): number {
    const { bad, good } = this.evidenceOf(peerId, nowMs)
    const { fa, fb } = this.#imported.get(peerId) ?? NO_IMPORT
    return prospectOf({ good: good + fa, bad: bad + fb }, this.#fleet.shareAt(nowMs))
  }

  /** What is left of the router's own evidence. */
  evidenceOf(peerId: string, nowMs: number): Evidence {
    const record = this.#records.get(peerId)
    return record === undefined ? NO_EVIDENCE : evidenceAt(record, nowMs)
  }

  /** Undefined of a worker that was never heard of, or not for long. */
  recordOf(peerId: string): Readonly<WorkerRecord> | undefined {
    return this.#records.get(peerId)
  }

  historyOf(peerId: string): Readonly<WorkerHistory> | undefined {
    return this.#histories.get(peerId)
  }

  /** Workers that are known, and those of them that are kept from all work. */
  counts(nowMs: number): { workers: number; quarantined: number } {
    const records = [...this.#records.values()]
    const quarantined = records.filter(({ quarantinedUntilMs }) => nowMs < quarantinedUntilMs)
    return { workers: records.length, quarantined: quarantined.length }
  }

  /** All known workers, best first. */
  list(nowMs: number): Reputation[] {
    return [...this.#records.keys()]
      .map((peerId) => this.of(peerId, nowMs))
      .toSorted(
        (left, right) => right.reputation - left.reputation || (left.peerId < right.peerId ? -1 : 1)
      )
  }

  #open(peerId: string, nowMs: number): WorkerRecord {
    if (this.#records.size >= this.#workerCountMax) this.#forgetOne(nowMs)
    const record = newRecord(peerId, nowMs)
    this.#records.set(peerId, record)
    return record
  }

  /** Forgets the worker of whom least is left; of several such, the one not seen for longest. */
  #forgetOne(nowMs: number): void {
    let least: WorkerRecord | undefined
    let leastLeft = Infinity
    for (const record of this.#records.values()) {
      const left = weightOf(record, nowMs)
      if (
        least === undefined ||
        left < leastLeft ||
        (left === leastLeft && isOlder(record, least))
      ) {
        least = record
        leastLeft = left
      }
    }
    if (least === undefined) return
    const { bad, good } = evidenceAt(least, nowMs)
    this.#fleet.add({ good: -good, bad: -bad }, nowMs)
    this.#records.delete(least.peerId)
    this.#histories.delete(least.peerId)
  }
}

/** How much would be lost with it. Who is quarantined must not come back as a stranger by a flood of others. */
function weightOf(record: WorkerRecord, nowMs: number): number {
  if (nowMs < record.quarantinedUntilMs) return Infinity
  const { bad, good, right, wrong } = evidenceAt(record, nowMs)
  return good + bad + right + wrong
}

function isOlder(record: WorkerRecord, other: WorkerRecord): boolean {
  if (record.lastSeenMs !== other.lastSeenMs) return record.lastSeenMs < other.lastSeenMs
  return record.peerId < other.peerId
}
