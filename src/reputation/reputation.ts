/** What is known of one worker now, made from its record and from what listed routers say of it. */
import { correctness, expectedShare, lowerBound, prospectOf, upperBound } from './score.ts'
import { checkProbability, tierOf } from './trust.ts'
import {
  averageLatencyMs,
  evidenceAt,
  failureCountOf,
  newRecord,
  successCountOf
} from './worker-record.ts'
import type { Tier } from './trust.ts'
import type { WorkerRecord } from './worker-record.ts'

/** Good and bad service that other routers have seen, weighed by how far they are believed. */
export interface Imported {
  fa: number
  fb: number
}

export const NO_IMPORT: Imported = { fa: 0, fb: 0 }

/** All others together count at most like so many tasks of one's own. */
export const IMPORTED_MAX = 10

export interface Reputation {
  peerId: string
  /** 0 to 1: lower bound times correctness; what people are shown. */
  reputation: number
  /** Lower bound of the share of tasks that it sees through. */
  reliability: number
  /** The share that placement reckons with. */
  prospect: number
  /** The share that it is expected to see through. */
  expected: number
  /** Upper bound. */
  upper: number
  /** How far its results are believed, 0 to 1. */
  correctness: number
  tier: Tier
  /** The share of its results that is to be checked. */
  checkProbability: number
  /** Results verified right in a row, as far as they have not faded. */
  streak: number
  quarantinedUntilMs: number | undefined
  /** How often it was quarantined, of all time. */
  strikes: number
  imported: Imported
  /** Outcomes counted, all time: successes and failures. */
  evidenceCount: number
  /** What is left of them, after fading: how well it is known now. */
  evidenceLeft: number
  successCount: number
  failureCount: number
  averageLatencyMs: number | undefined
  firstSeenMs: number | undefined
  lastSeenMs: number | undefined
  lastChange: string | undefined
}

const STRANGER: WorkerRecord = newRecord('', 0)

/** Scaled down to what it may count at most. */
export function boundImport({ fa, fb }: Imported): Imported {
  const count = fa + fb
  const scale = count > IMPORTED_MAX ? IMPORTED_MAX / count : 1
  return { fa: fa * scale, fb: fb * scale }
}

/** @param known without a record: a stranger */
export function describe(
  peerId: string,
  known: { record: WorkerRecord | undefined; imported: Imported; fleetShare: number },
  nowMs: number
): Reputation {
  const { fleetShare, imported, record = STRANGER } = known
  const evidence = evidenceAt(record, nowMs)
  const service = { good: evidence.good + imported.fa, bad: evidence.bad + imported.fb }
  const reliability = lowerBound(service)
  const { quarantinedUntilMs } = record
  const tier = tierOf({ streak: evidence.streak, quarantinedUntilMs }, nowMs)
  const successCount = successCountOf(record.counts)
  const failureCount = failureCountOf(record.counts)
  return {
    peerId,
    reputation: reliability * correctness(evidence),
    reliability,
    prospect: prospectOf(service, fleetShare),
    expected: expectedShare(service),
    upper: upperBound(service),
    correctness: correctness(evidence),
    tier,
    checkProbability: checkProbability({ tier, streak: evidence.streak }),
    streak: evidence.streak,
    quarantinedUntilMs: tier === 'quarantined' ? quarantinedUntilMs : undefined,
    strikes: record.strikes,
    imported,
    evidenceCount: successCount + failureCount,
    evidenceLeft: evidence.good + evidence.bad,
    successCount,
    failureCount,
    averageLatencyMs: averageLatencyMs(record),
    firstSeenMs: known.record?.firstSeenMs,
    lastSeenMs: known.record?.lastSeenMs,
    lastChange: known.record?.lastChange
  }
}
