/** Generated from schemas/commands/sync-notices.schema.json by `npm run generate`; do not edit. */

/**
 * Names this document among all that its signer has signed.
 */
export type Serial = string
/**
 * A compact JSON Web Signature (RFC 7515) with EdDSA (RFC 8037).
 */
export type SignedText = string

/**
 * Compares notices of who no longer belongs to the mesh, and hands over those that the other lacks. Each is signed, so that it does not matter who brings it.
 */
export interface SyncNotices {
  params: SyncNoticesParams
  result: SyncNoticesResult
}
/**
 * This interface was referenced by `SyncNotices`'s JSON-Schema
 * via the `definition` "params".
 */
export interface SyncNoticesParams {
  /**
   * Of all notices that the node has: where it is another's too, there is nothing to tell.
   */
  digest: string
  /**
   * Those that the asker has, each by 24 letters of the SHA-256 of its text in base64url. Absent where it asks whether there is a difference at all: then only the digest is answered.
   *
   * @maxItems 10000
   */
  known?: Serial[]
  /**
   * Those that the other may lack.
   *
   * @maxItems 1000
   */
  notices?: SignedText[]
}
/**
 * This interface was referenced by `SyncNotices`'s JSON-Schema
 * via the `definition` "result".
 */
export interface SyncNoticesResult {
  /**
   * Of all notices that the node has: where it is another's too, there is nothing to tell.
   */
  digest: string
  /**
   * @maxItems 1000
   */
  notices?: SignedText[]
  /**
   * Of those that the asker has, what this node lacks.
   *
   * @maxItems 10000
   */
  wanted?: Serial[]
}
