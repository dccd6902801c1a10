/** Generated from schemas/experience.schema.json by `npm run generate`; do not edit. */

/**
 * What one router has itself seen of workers, for routers whose owners trust it. It travels as canonical JSON inside a libp2p signed envelope of that router, and nobody passes it on.
 */
export interface RouterExperience {
  version: 1
  /**
   * Who has seen it, and signs.
   */
  router: string
  /**
   * Grows with each; an older one, or the same again, is not heard.
   */
  seq: number
  /**
   * As of when the counts are faded, in Unix milliseconds.
   */
  at_ms: number
  /**
   * Until when it may be believed, in Unix milliseconds.
   */
  expires_ms: number
  /**
   * Those of whom most is known, where there are more.
   *
   * @maxItems 2000
   */
  workers: WorkerExperience[]
}
/**
 * This interface was referenced by `RouterExperience`'s JSON-Schema
 * via the `definition` "worker".
 */
export interface WorkerExperience {
  /**
   * A libp2p peer id.
   */
  peer_id: string
  /**
   * Tasks that it saw through in time; half of them are forgotten after 6 hours.
   */
  good: number
  /**
   * Tasks that it lost, each counted twice, and a quarter for one that was very late; half are forgotten after 24 hours.
   */
  bad: number
  /**
   * Results that the router found right, of all time. For information, as all that follows: what is right, each router sees for itself.
   */
  right?: number
  /**
   * Results that it found wrong, of all time.
   */
  wrong?: number
  /**
   * Until then the router gives it no work, in Unix milliseconds. Left out: it may have some.
   */
  quarantined_until_ms?: number
  receipts?: ReceiptChain
}
/**
 * The worker's receipts that the router counted within an hour, the last in which there were any, as a chain of hashes: `reputation verify FILE --experience WORD` holds an export to it. It is told of the thousand of whom most is known.
 *
 * This interface was referenced by `RouterExperience`'s JSON-Schema
 * via the `definition` "receipts".
 */
export interface ReceiptChain {
  /**
   * When the first was counted, in Unix milliseconds.
   */
  since_ms: number
  count: number
  /**
   * For one receipt after the other: of the hex digits before it (none at first), followed by its base64.
   */
  sha256: string
}
