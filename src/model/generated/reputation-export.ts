/** Generated from schemas/reputation-export.schema.json by `npm run generate`; do not edit. */

/**
 * First line of what `reputation export` writes. After it come a line with the checkpoint (evidence-checkpoint.schema.json), one for each outcome counted since (evidence-entry.schema.json), one with the scores, and one with the router's signature over all before it.
 */
export interface ReputationExport {
  format: 'taskmesh-reputation'
  version: 1
  /**
   * A libp2p peer id.
   */
  router: string
  exported_at_ms: number
  /**
   * A libp2p peer id.
   */
  worker?: string
  parameters: ReputationParameters
}
/**
 * What the formulas of the scores are filled with; docs/reputation.md has them.
 *
 * This interface was referenced by `ReputationExport`'s JSON-Schema
 * via the `definition` "parameters".
 */
export interface ReputationParameters {
  good_half_life_ms: number
  bad_half_life_ms: number
  prior_good: number
  prior_count: number
  reliability_min: number
  prior_right: number
  wrong_weight: number
  good_weight: number
  late_factor: number
  late_ms_min: number
  late_bad_weight: number
  fault_weights: {
    lost: number
    crashed: number
    invalid: number
    failed: number
    outdone: number
    lied: number
  }
  probation_streak: number
  quarantine_ms: number
  quarantine_factor: number
  quarantine_ms_max: number
}
/**
 * The scores that follow from the lines before.
 *
 * This interface was referenced by `ReputationExport`'s JSON-Schema
 * via the `definition` "scores".
 */
export interface ReputationScores {
  /**
   * @maxItems 20000
   */
  scores: ReputationScore[]
}
/**
 * This interface was referenced by `ReputationExport`'s JSON-Schema
 * via the `definition` "score".
 */
export interface ReputationScore {
  worker: string
  reputation: number
  reliability: number
  tier: 'probation' | 'trusted' | 'quarantined'
}
/**
 * The last line.
 *
 * This interface was referenced by `ReputationExport`'s JSON-Schema
 * via the `definition` "seal".
 */
export interface ReputationSealLine {
  /**
   * Base64 of a libp2p signed envelope, by the router, around a statement.
   */
  seal: string
}
/**
 * What the router signs: that these are the lines.
 *
 * This interface was referenced by `ReputationExport`'s JSON-Schema
 * via the `definition` "statement".
 */
export interface ReputationStatement {
  exported_at_ms: number
  /**
   * Lines before the seal.
   */
  lines: number
  /**
   * A libp2p peer id.
   */
  router: string
  /**
   * Over those lines, their line feeds included, in hex.
   */
  sha256: string
}
