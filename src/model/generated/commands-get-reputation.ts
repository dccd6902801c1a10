/** Generated from schemas/commands/get-reputation.schema.json by `npm run generate`; do not edit. */

/**
 * Base64 of a libp2p signed envelope around canonical JSON of experience.schema.json.
 *
 * This interface was referenced by `GetReputation`'s JSON-Schema
 * via the `definition` "signedExperience".
 */
export type SignedExperience = string

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
  /**
   * Ask as well for all that the answering router has seen of workers, signed.
   */
  experience?: boolean
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
  experience?: SignedExperience
}
