/** Generated from schemas/notice.schema.json by `npm run generate`; do not edit. */

/**
 * Names a mesh: the public key of its authority, in base58.
 */
export type MeshId = string
/**
 * Names this document among all that its signer has signed.
 */
export type Serial = string
/**
 * Seconds since 1970.
 */
export type Seconds = number
/**
 * A compact JSON Web Signature (RFC 7515) with EdDSA (RFC 8037).
 */
export type SignedText = string

/**
 * The claims of a notice: that a node, or a join token and all who came by it, no longer belongs to the mesh; or that it does again. Of several on the same the latest holds.
 */
export interface Notice {
  iss: MeshId
  /**
   * The PeerId, or the token's `jti`.
   */
  sub: string
  jti: Serial
  iat: Seconds
  verdict: 'ban' | 'pardon'
  reason?: string
  delegation?: SignedText
}
