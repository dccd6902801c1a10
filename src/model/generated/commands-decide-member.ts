/** Generated from schemas/commands/decide-member.schema.json by `npm run generate`; do not edit. */

/**
 * What goes round in the mesh from now on.
 */
export type SignedText = string

/**
 * Of an operator, to a node that lets others in: its word on one of them, or on a join token.
 */
export interface DecideMember {
  params: DecideMemberParams
  result: DecideMemberResult
}
/**
 * This interface was referenced by `DecideMember`'s JSON-Schema
 * via the `definition` "params".
 */
export interface DecideMemberParams {
  /**
   * The PeerId, or the token's `jti`.
   */
  subject: string
  decision: 'approve' | 'reject' | 'ban' | 'pardon'
  reason?: string
  labels?: Labels
}
export interface Labels {
  [k: string]: string
}
/**
 * This interface was referenced by `DecideMember`'s JSON-Schema
 * via the `definition` "result".
 */
export interface DecideMemberResult {
  subject: string
  state: 'pending' | 'admitted' | 'rejected' | 'banned'
  notice?: SignedText
}
