/** Generated from schemas/commands/get-idle-reasons.schema.json by `npm run generate`; do not edit. */

/**
 * Why a router sent its tasks elsewhere than to these workers, by its own decisions of the last hour at most.
 */
export interface GetIdleReasons {
  params: GetIdleReasonsParams
  result: GetIdleReasonsResult
}
/**
 * This interface was referenced by `GetIdleReasons`'s JSON-Schema
 * via the `definition` "params".
 */
export interface GetIdleReasonsParams {
  /**
   * Of this worker alone; without it, of all that the router knows.
   */
  peer?: string
  /**
   * So long ago at most, in milliseconds, to five minutes; an hour without it.
   */
  since_ms?: number
}
/**
 * This interface was referenced by `GetIdleReasons`'s JSON-Schema
 * via the `definition` "result".
 */
export interface GetIdleReasonsResult {
  /**
   * @maxItems 1000
   */
  workers: IdleTally[]
}
/**
 * This interface was referenced by `GetIdleReasons`'s JSON-Schema
 * via the `definition` "tally".
 */
export interface IdleTally {
  /**
   * A libp2p peer id.
   */
  peer_id: string
  /**
   * Decisions in which this worker was looked at: all where a router knows no more than four, a sample of them where it knows more.
   */
  looks: number
  /**
   * In how many of them it got the task.
   */
  chosen: number
  /**
   * Why it did not, the most frequent first.
   *
   * @maxItems 64
   */
  reasons: IdleReason[]
}
export interface IdleReason {
  /**
   * As in a decision record.
   */
  code: string
  count: number
  /**
   * Milliseconds since 1970.
   */
  last_at_ms: number
  /**
   * In words, as of one such decision.
   */
  example: string
}
