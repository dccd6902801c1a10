/** Generated from schemas/commands/update-reputation.schema.json by `npm run generate`; do not edit. */

/**
 * Another node's claim about a worker. Refused unless it comes with proof: hearsay changes nothing.
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
   * Base64 of a receipt signed by the worker.
   */
  proof?: string
}
/**
 * This interface was referenced by `UpdateReputation`'s JSON-Schema
 * via the `definition` "result".
 */
export interface UpdateReputationResult {
  accepted: boolean
}
