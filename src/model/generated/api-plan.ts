/** Generated from schemas/api/plan.schema.json by `npm run generate`; do not edit. */

/**
 * Where a job would go if it were submitted now.
 */
export interface PlanView {
  outcome: 'can_start' | 'would_queue' | 'no_worker_fits'
  summary: string
  decision: DecisionRecord
}
/**
 * Why one attempt went where it went: who was looked at, who was refused and why, every term of every score. `job plan` makes one without an attempt.
 */
export interface DecisionRecord {
  /**
   * Milliseconds since 1970.
   */
  at_ms: number
  job_id?: string
  item?: number
  attempt?: number
  /**
   * Name and version of the policy.
   */
  policy: string
  preset: 'balanced' | 'cpu' | 'gpu' | 'latency' | 'reliability'
  weights: {
    [k: string]: number
  }
  pick: string
  /**
   * The random number that picked; null when there was nothing to pick from.
   */
  draw: number | null
  chosen: string | null
  /**
   * All workers looked at, listed or not.
   */
  considered: number
  /**
   * How many were refused, by reason code.
   */
  rejected: {
    [k: string]: number
  }
  candidates: DecisionCandidate[]
}
export interface DecisionCandidate {
  peer_id: string
  verdict: 'chosen' | 'eligible' | 'full' | 'rejected'
  reason: string
  reason_code: string
  terms: ScoreTerms
  /**
   * Added by `where.prefer`.
   */
  preference?: number
  score: number
  free_slots?: number
  /**
   * Chance that this one had of being picked.
   */
  probability?: number
}
/**
 * By part; `data` only for a task with inputs.
 */
export interface ScoreTerms {
  [k: string]: ScoreTerm
}
export interface ScoreTerm {
  /**
   * The fact itself, such as free megabytes, milliseconds, or bytes of the inputs that are there.
   */
  raw: number
  score: number
  weight: number
  weighted: number
  /**
   * How old the fact was.
   */
  age_ms: number
}
