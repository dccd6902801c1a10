/** Generated from schemas/commands/list-members.schema.json by `npm run generate`; do not edit. */

/**
 * What a member may be. `client` submits jobs and fetches files, `operator` decides who may join, `share` offers files.
 */
export type MemberRole =
  'bootstrap' | 'worker' | 'router' | 'monitor' | 'client' | 'share' | 'operator'
/**
 * Names this document among all that its signer has signed.
 */
export type Serial = string

/**
 * Of an operator, to a node that lets others in: whom it has let in, and who waits.
 */
export interface ListMembers {
  params: ListMembersParams
  result: ListMembersResult
}
/**
 * This interface was referenced by `ListMembers`'s JSON-Schema
 * via the `definition` "params".
 */
export interface ListMembersParams {
  state?: 'pending' | 'admitted' | 'rejected' | 'banned'
  limit?: number
  /**
   * Members that come after this one, by PeerId.
   */
  after?: string
}
/**
 * This interface was referenced by `ListMembers`'s JSON-Schema
 * via the `definition` "result".
 */
export interface ListMembersResult {
  /**
   * @maxItems 1000
   */
  members: MemberView[]
}
export interface MemberView {
  /**
   * A libp2p peer id.
   */
  peer_id: string
  role?: MemberRole
  state: 'pending' | 'admitted' | 'rejected' | 'banned'
  labels?: Labels
  name?: string
  agent?: string
  token?: Serial
  /**
   * When it came first; milliseconds since 1970.
   */
  first_at_ms: number
  decided_at_ms?: number
  /**
   * When its certificate runs out, unless it is renewed.
   */
  expires_at_ms?: number
  reason?: string
}
export interface Labels {
  [k: string]: string
}
