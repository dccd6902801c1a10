/** Generated from schemas/api/security.schema.json by `npm run generate`; do not edit. */

/**
 * This interface was referenced by `SecurityView`'s JSON-Schema
 * via the `definition` "count".
 */
export type Count = number

/**
 * What the router or monitor is in its mesh, and what peers have done wrong since it started.
 */
export interface SecurityView {
  /**
   * Null in an open mesh, which takes anyone.
   */
  mesh_id: string | null
  role: 'router' | 'monitor'
  /**
   * Milliseconds since 1970; null where it has none.
   */
  certificate_until_ms: number | null
  /**
   * Bans and pardons that it knows of.
   */
  notices: number
  /**
   * Peers that are connected now and have shown no certificate yet.
   */
  strangers: number
  offences: OffenceCounts
  refused: RefusedConnections
  /**
   * Records of the DHT and addresses of peers that were not taken in, or had to make room.
   */
  dropped_records: number
  /**
   * Times that a peer was shut out.
   */
  shuns: number
  /**
   * Who is shut out now, those who have to stay out for longest first.
   */
  shunned: ShunnedPeer[]
}
/**
 * What peers have done that no honest program does, or not often; what was never done is left out.
 */
export interface OffenceCounts {
  /**
   * Bytes that no version of the protocol sends.
   */
  frame?: number
  /**
   * A frame or request far above what either end may send.
   */
  oversized?: number
  /**
   * It said that it was somebody else.
   */
  impersonation?: number
  /**
   * A record, order or receipt that was not validly signed.
   */
  record?: number
  /**
   * A message by gossip that no honest node passes on.
   */
  gossip?: number
  /**
   * A certificate that nobody of the mesh has signed.
   */
  introduction?: number
  /**
   * A text that is no JSON.
   */
  text?: number
  /**
   * It did not read what it had asked for, or did not end what it began.
   */
  stall?: number
  /**
   * Far more traffic or connections than a peer needs.
   */
  flood?: number
  /**
   * More requests at once than one peer may have; busy programs do that too.
   */
  excess?: number
}
/**
 * Connections that were refused or ended.
 */
export interface RefusedConnections {
  /**
   * With a peer that is shut out.
   */
  shunned: number
  /**
   * Of a peer that has enough.
   */
  excess: number
  /**
   * Of too many from one address that were being set up.
   */
  pending: number
  /**
   * Of strangers who had to make room for others.
   */
  strangers: number
}
export interface ShunnedPeer {
  peer_id: string
  /**
   * What it did last before that.
   */
  offence:
    | 'frame'
    | 'oversized'
    | 'impersonation'
    | 'record'
    | 'gossip'
    | 'introduction'
    | 'text'
    | 'stall'
    | 'flood'
    | 'excess'
  /**
   * Milliseconds since 1970.
   */
  until_ms: number
}
