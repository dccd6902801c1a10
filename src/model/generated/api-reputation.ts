/** Generated from schemas/api/reputation.schema.json by `npm run generate`; do not edit. */

/**
 * What this router has itself seen of a worker.
 */
export interface ReputationView {
  peer_id: string
  /**
   * Lower bound of the share of work done well; what scoring uses.
   */
  reputation: number
  /**
   * The share itself.
   */
  expected: number
  /**
   * Outcomes counted, all time.
   */
  evidence: number
  successes: number
  failures: number
  average_latency_ms: number | null
  first_seen_ms: number | null
  last_seen_ms: number | null
  /**
   * What moved it last.
   */
  last_change: string | null
  state?: string
}
