/** Generated from schemas/commands/join-mesh.schema.json by `npm run generate`; do not edit. */

/**
 * A compact JSON Web Signature (RFC 7515) with EdDSA (RFC 8037).
 */
export type SignedText = string

/**
 * Of a node that wants to become a member, or to remain one: exchanges a join token, or a certificate that will soon run out, for a new certificate.
 */
export interface JoinMesh {
  params: JoinMeshParams
  result: JoinMeshResult
}
/**
 * This interface was referenced by `JoinMesh`'s JSON-Schema
 * via the `definition` "params".
 */
export interface JoinMeshParams {
  token?: SignedText
  certificate?: SignedText
  agent?: string
  /**
   * What its owner calls it.
   */
  name?: string
}
/**
 * This interface was referenced by `JoinMesh`'s JSON-Schema
 * via the `definition` "result".
 */
export interface JoinMeshResult {
  /**
   * `pending`: an operator must say yes; ask again.
   */
  state: 'admitted' | 'pending'
  certificate?: SignedText
  retry_after_s?: number
  /**
   * @maxItems 10000
   */
  notices?: SignedText[]
}
