/** Generated from schemas/api/reputation.schema.json by `npm run generate`; do not edit. */

/**
 * What this router has itself seen of a worker.
 */
export interface ReputationView {
  peer_id: string
  /**
   * How far its results are believed. `probation`: fewer than ten verified right in a row, so that all of them are checked where a job asks for checks; `quarantined`: it gets no work for now.
   */
  state: 'probation' | 'trusted' | 'quarantined'
  /**
   * What is shown: `reliability` times `correctness`; 0.36 for a stranger.
   */
  reputation: number
  /**
   * Lower bound of the share of tasks that it sees through.
   */
  reliability: number
  /**
   * The share that placement reckons with: `reliability` until ten tasks of it are known, from then on what it did, with the share of all workers in place of what it did not do yet.
   */
  prospect: number
  /**
   * The share itself, as far as it is known.
   */
  expected: number
  /**
   * Upper bound of the share.
   */
  upper: number
  /**
   * What verified results say of it: 0.9 for who was never verified.
   */
  correctness: number
  /**
   * The share of its results that adaptive verification checks.
   */
  check_probability: number
  /**
   * Results verified right since the last wrong one, faded.
   */
  streak: number
  /**
   * How often it was quarantined, of all time.
   */
  strikes: number
  quarantined_until_ms: number | null
  /**
   * Outcomes counted, all time.
   */
  evidence: number
  successes: number
  /**
   * Outcomes that were its own fault, wrong results included.
   */
  failures: number
  counts: OutcomeCounts
  average_latency_ms: number | null
  /**
   * How fast it is beside what was expected of it: 2 is twice as fast.
   */
  speed: number | null
  imported: ImportedEvidence
  first_seen_ms: number | null
  last_seen_ms: number | null
  /**
   * What moved it last.
   */
  last_change: string | null
  details?: ReputationDetails
}
/**
 * Outcomes of all time.
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
 * What listed routers have seen of it, as tasks done well and badly: ten in all at most.
 */
export interface ImportedEvidence {
  good: number
  bad: number
}
/**
 * Of a single worker.
 *
 * This interface was referenced by `ReputationView`'s JSON-Schema
 * via the `definition` "details".
 */
export interface ReputationDetails {
  as_of_ms: number
  faded: FadedEvidence
  /**
   * Most recently used first.
   *
   * @maxItems 16
   */
  task_types: TaskTypeReputation[]
  /**
   * The hours of the last two days in which something was counted.
   *
   * @maxItems 48
   */
  trend: TrendPoint[]
  /**
   * Newest first.
   *
   * @maxItems 20
   */
  changes: ReputationChange[]
}
/**
 * What is left of the evidence: what the score is made of.
 */
export interface FadedEvidence {
  good: number
  bad: number
  right: number
  wrong: number
  streak: number
}
/**
 * Reputation for one type of task alone.
 *
 * This interface was referenced by `ReputationView`'s JSON-Schema
 * via the `definition` "taskType".
 */
export interface TaskTypeReputation {
  task_type: string
  reputation: number
  evidence: number
  successes: number
  failures: number
  counts: OutcomeCounts
  average_latency_ms: number | null
  speed: number | null
  last_seen_ms: number
}
/**
 * The end of an hour in which something was counted.
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
