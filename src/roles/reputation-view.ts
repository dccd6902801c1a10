/** What the ledger knows of a worker, as the API shows it. */
import { shownShare } from '../reputation/score.ts'
import { reputationAtType } from '../reputation/worker-history.ts'
import {
  averageLatencyMs,
  failureCountOf,
  noCounts,
  speedOf,
  successCountOf
} from '../reputation/worker-record.ts'
import type { Reputation } from '../reputation/reputation.ts'
import type { ReputationLedger } from '../reputation/ledger.ts'
import type {
  ReputationDetails,
  ReputationView,
  TaskTypeReputation
} from '../model/generated/api-reputation.ts'
import type { TypeTally } from '../reputation/worker-history.ts'

/** Counts fade to long fractions; a thousandth of a task says nothing. */
function shownCount(count: number): number {
  return Math.round(count * 1e3) / 1e3
}

/** A row of a list. */
export function toReputationView(ledger: ReputationLedger, reputation: Reputation): ReputationView {
  const record = ledger.recordOf(reputation.peerId)
  const { fa, fb } = reputation.imported
  const speed = record === undefined ? undefined : speedOf(record)
  return {
    peer_id: reputation.peerId,
    state: reputation.tier,
    reputation: shownShare(reputation.reputation),
    reliability: shownShare(reputation.reliability),
    prospect: shownShare(reputation.prospect),
    expected: shownShare(reputation.expected),
    upper: shownShare(reputation.upper),
    correctness: shownShare(reputation.correctness),
    check_probability: shownShare(reputation.checkProbability),
    streak: shownCount(reputation.streak),
    strikes: reputation.strikes,
    quarantined_until_ms: reputation.quarantinedUntilMs ?? null,
    evidence: reputation.evidenceCount,
    successes: reputation.successCount,
    failures: reputation.failureCount,
    counts: { ...(record?.counts ?? noCounts()) },
    average_latency_ms: reputation.averageLatencyMs ?? null,
    speed: speed === undefined ? null : shownCount(speed),
    imported: { good: shownCount(fa), bad: shownCount(fb) },
    first_seen_ms: reputation.firstSeenMs ?? null,
    last_seen_ms: reputation.lastSeenMs ?? null,
    last_change: reputation.lastChange ?? null
  }
}

/** One worker, with all that is remembered of it. */
export function toDetailedView(
  ledger: ReputationLedger,
  peer: string,
  nowMs: number
): ReputationView {
  const view = toReputationView(ledger, ledger.of(peer, nowMs))
  return { ...view, details: detailsOf(ledger, peer, nowMs) }
}

function detailsOf(ledger: ReputationLedger, peer: string, nowMs: number): ReputationDetails {
  const { bad, good, right, streak, wrong } = ledger.evidenceOf(peer, nowMs)
  const history = ledger.historyOf(peer)
  const types = [...(history?.types.values() ?? [])]
  return {
    as_of_ms: nowMs,
    faded: {
      good: shownCount(good),
      bad: shownCount(bad),
      right: shownCount(right),
      wrong: shownCount(wrong),
      streak: shownCount(streak)
    },
    task_types: types.map((tally) => toTypeView(tally, nowMs)).toReversed(),
    trend: (history?.points ?? []).map(({ faults, hourMs, outcomes, reputation }) => ({
      hour_ms: hourMs,
      reputation: shownShare(reputation),
      outcomes,
      faults
    })),
    changes: (history?.events ?? [])
      .map(({ atMs, count, from, sinceMs, text, to }) => ({
        since_ms: sinceMs,
        at_ms: atMs,
        count,
        text,
        from: shownShare(from),
        to: shownShare(to)
      }))
      .toReversed()
  }
}

function toTypeView(tally: TypeTally, nowMs: number): TaskTypeReputation {
  const { counts } = tally
  const successes = successCountOf(counts)
  const failures = failureCountOf(counts)
  const speed = speedOf(tally)
  return {
    task_type: tally.taskType,
    reputation: shownShare(reputationAtType(tally, nowMs)),
    evidence: successes + failures,
    successes,
    failures,
    counts: { ...counts },
    average_latency_ms: averageLatencyMs(tally) ?? null,
    speed: speed === undefined ? null : shownCount(speed),
    last_seen_ms: tally.lastSeenMs
  }
}
