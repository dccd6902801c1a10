/** Generated from schemas/join-token.schema.json by `npm run generate`; do not edit. */

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
 * Seconds since 1970.
 */
export type Seconds1 = number
/**
 * What a member may be. `client` submits jobs and fetches files, `operator` decides who may join, `share` offers files.
 */
export type MemberRole =
  'bootstrap' | 'worker' | 'router' | 'monitor' | 'client' | 'share' | 'operator'
/**
 * For one node whose PeerId was known: its certificate, so that nothing is to be exchanged.
 */
export type SignedText = string
/**
 * For that node: its delegation.
 */
export type SignedText1 = string
/**
 * Of a token that the authority has not signed itself: its word that the signer may.
 */
export type SignedText2 = string

/**
 * The claims of a join token: the right to become a member of a mesh, and all that a new node must know for it.
 */
export interface JoinToken {
  iss: MeshId
  jti: Serial
  iat: Seconds
  exp: Seconds1
  role: MemberRole
  /**
   * How many nodes may join by it.
   */
  uses?: number
  /**
   * The node that exchanges it, and counts.
   */
  aud?: string
  /**
   * Where to find the mesh.
   *
   * @maxItems 16
   */
  bootstrap: string[]
  labels?: Labels
  /**
   * Whoever comes with it waits until an operator says yes.
   */
  approval?: true
  namespace?: string
  /**
   * Of a private network: the key without which no connection comes about.
   */
  network_key?: string
  certificate?: SignedText
  grant?: SignedText1
  delegation?: SignedText2
}
export interface Labels {
  [k: string]: string
}
