/** Generated from schemas/commands/update-reputation.schema.json by `npm run generate`; do not edit. */

/**
 * Another node's claim about a worker. Refused unless a listed router has signed it: hearsay changes nothing.
 */
export interface UpdateReputation {
  params: UpdateReputationParams
  result: UpdateReputationResult
}
/**
 * This interface was referenced by `UpdateReputation`'s JSON-Schema
 * via the `definition` "params".
 */
export interface UpdateReputationParams {
  /**
   * A libp2p peer id.
   */
  target_peer: string
  success: boolean
  latency_ms?: number
  quality_score?: number
  /**
   * Base64 of the sender's signed experience, as in the answer to GET_REPUTATION. It counts where the sender is a router that the owner of the answering one has listed; then it is all of it that counts, and the other fields say nothing.
   */
  proof?: string
}
/**
 * This interface was referenced by `UpdateReputation`'s JSON-Schema
 * via the `definition` "result".
 */
export interface UpdateReputationResult {
  /**
   * False where something at least as new is known from that router.
   */
  accepted: boolean
}
