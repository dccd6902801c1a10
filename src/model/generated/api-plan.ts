/** Generated from schemas/api/plan.schema.json by `npm run generate`; do not edit. */

/**
 * The best way by which a peer is reached, and all that is sent goes: within this machine, by the local network, directly, through a hole that both ends have punched in their NATs, or through a relay.
 */
export type PathKind = 'local' | 'lan' | 'direct' | 'punched' | 'relayed'

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
  /**
   * Of the weighted score; they sum to 1.
   */
  weights: {
    [k: string]: number
  }
  /**
   * How often a millisecond of each part counted; 1 each in `balanced`.
   */
  factors: {
    [k: string]: number
  }
  /**
   * What run times and reputation are kept by.
   */
  task_type?: string
  /**
   * How long a task of that type is expected to run at 1 GHz, by what this router has seen.
   */
  work_ms: number
  /**
   * How long the task's own text was taken to be, without its files, which are in the term `data`. Left out: 0.
   */
  send_bytes?: number
  /**
   * How long its answer was expected to be, by what tasks of that type have answered. Left out: 0.
   */
  return_bytes?: number
  /**
   * `best`: who costs least. `top3`: one of the best three, by odds. `chance`: one of all of the first tier, each as likely, as for copies that check a result.
   */
  pick: string
  /**
   * The random number that picked; null when there was nothing to pick from.
   */
  draw: number | null
  chosen: string | null
  /**
   * Chosen because little is known of it: two tasks in a hundred go that way.
   */
  exploration?: boolean
  /**
   * Of whom least was known among those that could have been chosen: two tasks in a hundred go to such a one.
   */
  newcomer?: string
  /**
   * All workers looked at, listed or not.
   */
  considered: number
  /**
   * The rules that each worker was held against, by reason code, in their order. A worker that is not `rejected` passed them all.
   */
  filters: string[]
  /**
   * How many were refused, by reason code.
   */
  rejected: {
    [k: string]: number
  }
  /**
   * How many fitted but had no room then.
   */
  full: number
  candidates: DecisionCandidate[]
}
export interface DecisionCandidate {
  peer_id: string
  verdict: 'chosen' | 'eligible' | 'full' | 'rejected'
  reason: string
  reason_code: string
  /**
   * All rules that refused it; `reason_code` is the first.
   */
  refused_by?: string[]
  terms: ScoreTerms
  /**
   * Lower goes first, whatever it costs: 1 loses too many tasks, where chance decides; 2 on probation where trusted workers come first; 3 more where it was tried before. Left out: 0.
   */
  tier?: number
  /**
   * What `where.prefer` multiplied its cost with: 0.1 to 10. Left out: 1.
   */
  preference?: number
  /**
   * What it is chosen by, the least first: the milliseconds of all terms by their factors, times `preference`.
   */
  cost_ms: number
  path?: PathKind
  bandwidth?: Bandwidth
  /**
   * Of the term `latency`: the task's text on its way there and its answer on its way back; the rest is the round trip. Left out: 0.
   */
  move_ms?: number
  /**
   * Of the term `cpu`: until a slot is free there.
   */
  wait_ms: number
  /**
   * Of the term `cpu`: how long it is expected to run there.
   */
  run_ms: number
  /**
   * Of the term `cpu`: a charge for how full it is, so that machines fill evenly.
   */
  crowd_ms: number
  /**
   * The share of tasks that it was expected to see through: what the `ms` of the term `reputation`, its risk, was reckoned from.
   */
  prospect: number
  /**
   * The least cost of all that could have been chosen, as a share of its own: 1 is the best.
   */
  score: number
  /**
   * Sum of the weighted terms: how well the machine suits, 0 to 1, as FIND_NODES and `node list` show it.
   */
  weighted_score: number
  /**
   * What it had in slots and in line, and what was on its way there from this router.
   */
  tasks: number
  slots: number
  free_slots?: number
  /**
   * Chance that this one had of being picked.
   */
  probability?: number
  /**
   * Milliseconds since 1970. The decision did not list this worker: this is how it stands by what was known then.
   */
  judged_at_ms?: number
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
  /**
   * What this part was expected to cost, in milliseconds, before its factor: path, wait and run, spare room taken, missing inputs, risk of failure.
   */
  ms: number
}
/**
 * How fast bytes went to the peer and came from it on that path, by what was moved anyway; a direction in which nothing large was moved for half an hour is left out.
 */
export interface Bandwidth {
  to?: Rate
  from?: Rate
}
export interface Rate {
  bytes_per_second: number
  /**
   * Since it was last measured.
   */
  age_ms: number
}
