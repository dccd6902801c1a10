/** Generated from schemas/delegation.schema.json by `npm run generate`; do not edit. */

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
 * What a member may be. `client` submits jobs and fetches files, `operator` decides who may join, `share` offers files.
 */
export type MemberRole =
  'bootstrap' | 'worker' | 'router' | 'monitor' | 'client' | 'share' | 'operator'

/**
 * The claims of a delegation: that a node may let others into the mesh in the authority's place. Signed by the authority.
 */
export interface Delegation {
  iss: MeshId
  /**
   * Who may, with its node's key.
   */
  sub: string
  jti: Serial
  iat: Seconds
  exp: Seconds
  /**
   * As what it may let others in.
   *
   * @minItems 1
   * @maxItems 7
   */
  roles: MemberRole[]
}
