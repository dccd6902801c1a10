/** Generated from schemas/commands/get-reputation.schema.json by `npm run generate`; do not edit. */

/**
 * What the answering node has itself seen of a worker.
 */
export interface GetReputation {
  params: GetReputationParams
  result: GetReputationResult
}
/**
 * This interface was referenced by `GetReputation`'s JSON-Schema
 * via the `definition` "params".
 */
export interface GetReputationParams {
  /**
   * The worker; absent means the answering node itself.
   */
  target_peer?: string
}
/**
 * This interface was referenced by `GetReputation`'s JSON-Schema
 * via the `definition` "result".
 */
export interface GetReputationResult {
  reputation: number
  total_requests: number
  successful_requests: number
  failed_requests: number
  average_latency_ms: number
  /**
   * A libp2p peer id.
   */
  target_peer?: string
}
