/** Generated from schemas/certificate.schema.json by `npm run generate`; do not edit. */

/**
 * Names a mesh: the public key of its authority, in base58.
 *
 * This interface was referenced by `Certificate`'s JSON-Schema
 * via the `definition` "meshId".
 */
export type MeshId = string
/**
 * Names this document among all that its signer has signed.
 *
 * This interface was referenced by `Certificate`'s JSON-Schema
 * via the `definition` "serial".
 */
export type Serial = string
/**
 * Seconds since 1970.
 *
 * This interface was referenced by `Certificate`'s JSON-Schema
 * via the `definition` "seconds".
 */
export type Seconds = number
/**
 * What a member may be. `client` submits jobs and fetches files, `operator` decides who may join, `share` offers files.
 *
 * This interface was referenced by `Certificate`'s JSON-Schema
 * via the `definition` "role".
 */
export type MemberRole =
  'bootstrap' | 'worker' | 'router' | 'monitor' | 'client' | 'share' | 'operator'
/**
 * Names this document among all that its signer has signed.
 */
export type Serial1 = string
/**
 * Of a certificate that the authority has not signed itself: its word that the signer may.
 */
export type SignedText = string
/**
 * A compact JSON Web Signature (RFC 7515) with EdDSA (RFC 8037).
 *
 * This interface was referenced by `Certificate`'s JSON-Schema
 * via the `definition` "jws".
 */
export type SignedText1 = string

/**
 * The claims of a certificate: that a node belongs to a mesh, as what, and until when. Signed by the mesh's authority, or by a node that the authority has delegated this to.
 */
export interface Certificate {
  iss: MeshId
  /**
   * The node. Nobody else can use the certificate, as each connection proves the PeerId at its other end.
   */
  sub: string
  jti: Serial
  iat: Seconds
  exp: Seconds
  role: MemberRole
  labels?: Labels
  token?: Serial1
  delegation?: SignedText
}
/**
 * Labels that the authority has fixed: they go before those that the node gives itself.
 */
export interface Labels {
  [k: string]: string
}
