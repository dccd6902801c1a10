/** Generated from schemas/evidence-checkpoint.schema.json by `npm run generate`; do not edit. */

/**
 * All that a router's ledger had counted at one moment. With the evidence after it, it gives every later score.
 */
export interface EvidenceCheckpoint {
  version: 2
  at_ms: number
  /**
   * @maxItems 20000
   */
  workers: CheckpointWorker[]
}
/**
 * This interface was referenced by `EvidenceCheckpoint`'s JSON-Schema
 * via the `definition` "worker".
 */
export interface CheckpointWorker {
  peer_id: string
  /**
   * Tasks seen through, faded: half in 6 hours.
   */
  good: number
  /**
   * Faults of service by weight, faded: half in 24 hours.
   */
  bad: number
  /**
   * Results verified right, faded like `good`.
   */
  right: number
  /**
   * Results found wrong, faded like `bad`.
   */
  wrong: number
  /**
   * Results verified right since the last wrong one, faded like `good`.
   */
  streak: number
  /**
   * As of when the faded counts stand.
   */
  last_seen_ms: number
  latency_ms_sum: number
  latency_count: number
  /**
   * Of the tasks of which it was said how long they should take: what was said.
   */
  promised_ms_sum: number
  /**
   * And what those took.
   */
  promised_took_ms_sum: number
  counts: OutcomeCounts
  first_seen_ms: number
  /**
   * How often it was quarantined, of all time; each makes the next time four times as long.
   */
  strikes: number
  /**
   * 0: never.
   */
  quarantined_until_ms: number
  /**
   * 0: never.
   */
  last_wrong_ms: number
  last_change: string
  history?: CheckpointHistory
}
/**
 * Outcomes of all time.
 *
 * This interface was referenced by `EvidenceCheckpoint`'s JSON-Schema
 * via the `definition` "counts".
 */
export interface OutcomeCounts {
  /**
   * Tasks completed in time.
   */
  completed: number
  /**
   * Completed five times later than expected, or later still.
   */
  late: number
  /**
   * It or the way to it went away, and it did not come back in time.
   */
  lost: number
  /**
   * Its sandbox broke.
   */
  crashed: number
  /**
   * Its answer could not be read.
   */
  invalid: number
  /**
   * Failed otherwise, by its own fault.
   */
  failed: number
  /**
   * Failed with an error of the task where another worker completed the same.
   */
  outdone: number
  /**
   * Gave false bytes of a file.
   */
  lied: number
  /**
   * Results that verification found wrong.
   */
  wrong: number
  /**
   * Results that verification found right.
   */
  right: number
  /**
   * Faults that were taken back, as they were not its own.
   */
  cleared: number
}
/**
 * Of workers heard of lately: what people are shown beside the score.
 *
 * This interface was referenced by `EvidenceCheckpoint`'s JSON-Schema
 * via the `definition` "history".
 */
export interface CheckpointHistory {
  /**
   * Least recently used first.
   *
   * @maxItems 16
   */
  types: CheckpointTally[]
  /**
   * @maxItems 48
   */
  points: TrendPoint[]
  /**
   * @maxItems 20
   */
  events: ReputationChange[]
}
/**
 * What was counted of one type of task.
 *
 * This interface was referenced by `EvidenceCheckpoint`'s JSON-Schema
 * via the `definition` "tally".
 */
export interface CheckpointTally {
  task_type: string
  /**
   * Tasks seen through, faded: half in 6 hours.
   */
  good: number
  /**
   * Faults of service by weight, faded: half in 24 hours.
   */
  bad: number
  /**
   * Results verified right, faded like `good`.
   */
  right: number
  /**
   * Results found wrong, faded like `bad`.
   */
  wrong: number
  /**
   * Results verified right since the last wrong one, faded like `good`.
   */
  streak: number
  /**
   * As of when the faded counts stand.
   */
  last_seen_ms: number
  latency_ms_sum: number
  latency_count: number
  /**
   * Of the tasks of which it was said how long they should take: what was said.
   */
  promised_ms_sum: number
  /**
   * And what those took.
   */
  promised_took_ms_sum: number
  counts: OutcomeCounts
}
/**
 * The end of an hour in which something was counted.
 *
 * This interface was referenced by `EvidenceCheckpoint`'s JSON-Schema
 * via the `definition` "point".
 */
export interface TrendPoint {
  /**
   * When the hour began.
   */
  hour_ms: number
  reputation: number
  outcomes: number
  faults: number
}
/**
 * An outcome, or several alike within an hour, and what it changed.
 *
 * This interface was referenced by `EvidenceCheckpoint`'s JSON-Schema
 * via the `definition` "event".
 */
export interface ReputationChange {
  since_ms: number
  at_ms: number
  count: number
  text: string
  /**
   * Reputation before.
   */
  from: number
  /**
   * Reputation after.
   */
  to: number
}
