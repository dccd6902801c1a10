/** What the ledger knows of a worker, as the API shows it. */
import { shownShare } from '../reputation/score.ts'
import type { Reputation } from '../reputation/ledger.ts'
import type { ReputationView } from '../model/generated/api-reputation.ts'

/** Below so many outcomes a score says little, and `state` says so. */
const PROVEN_EVIDENCE = 10

export function toReputationView(reputation: Reputation): ReputationView {
  return {
    peer_id: reputation.peerId,
    reputation: shownShare(reputation.reputation),
    expected: shownShare(reputation.expected),
    evidence: reputation.evidenceCount,
    successes: reputation.successCount,
    failures: reputation.failureCount,
    average_latency_ms: reputation.averageLatencyMs ?? null,
    first_seen_ms: reputation.firstSeenMs ?? null,
    last_seen_ms: reputation.lastSeenMs ?? null,
    last_change: reputation.lastChange ?? null,
    state: stateOf(reputation)
  }
}

function stateOf({ evidenceCount }: Reputation): string {
  if (evidenceCount === 0) return 'unknown'
  return evidenceCount < PROVEN_EVIDENCE ? 'new' : 'proven'
}
