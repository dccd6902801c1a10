/** Generated from schemas/api/idle-reasons.schema.json by `npm run generate`; do not edit. */

/**
 * Why tasks went elsewhere than to these workers, by what each router says of its own decisions.
 */
export interface IdleReasonsView {
  /**
   * Milliseconds since 1970.
   */
  since_ms: number
  /**
   * Whom was asked, this router first.
   */
  routers: AskedRouter[]
  workers: IdleWorker[]
}
export interface AskedRouter {
  peer_id: string
  /**
   * Why it has not answered; null when it has.
   */
  error: string | null
}
export interface IdleWorker {
  peer_id: string
  /**
   * Decisions in which it was looked at, by all routers together.
   */
  looks: number
  chosen: number
  reasons: IdleWorkerReason[]
  /**
   * What its owner can do about the most frequent reason.
   */
  hint: string | null
}
export interface IdleWorkerReason {
  /**
   * Who says so.
   */
  router: string
  code: string
  count: number
  last_at_ms: number
  example: string
}
