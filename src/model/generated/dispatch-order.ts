/** Generated from schemas/dispatch-order.schema.json by `npm run generate`; do not edit. */

/**
 * What the attempt is for: `backup` is a copy of one that takes unusually long, `check` a copy whose result is compared with that of others.
 *
 * This interface was referenced by `DispatchOrder`'s JSON-Schema
 * via the `definition` "role".
 */
export type AttemptRole = 'primary' | 'backup' | 'check'
/**
 * SHA-256, in hex.
 *
 * This interface was referenced by `DispatchOrder`'s JSON-Schema
 * via the `definition` "hash".
 */
export type Hash = string

/**
 * What a router has sent to which worker. It travels as canonical JSON inside a libp2p signed envelope of the router, so nobody else can say it.
 */
export interface DispatchOrder {
  attempt: number
  /**
   * No worker holds the task for longer, in Unix milliseconds of the router's clock.
   */
  expires_at_ms: number
  /**
   * In Unix milliseconds of the router's clock.
   */
  issued_at_ms: number
  /**
   * Position in the job, from 0.
   */
  item: number
  /**
   * SHA-256 of the task's JSON text as it was sent, in UTF-8: the task with its inline inputs, and the ids of the files that it needs.
   */
  job_hash: string
  job_id: string
  /**
   * Names one attempt for good: what a worker says counts only for the attempt whose lease it holds.
   */
  lease_id: string
  role: AttemptRole
  /**
   * Whose order it is; it must be signed by it.
   */
  router: string
  /**
   * What the router learns of it by: the engine, with what it runs where that is one thing for all items.
   */
  task_type: string
  /**
   * A libp2p peer id.
   */
  worker: string
}
