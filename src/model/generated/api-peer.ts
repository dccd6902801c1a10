/** Generated from schemas/api/peer.schema.json by `npm run generate`; do not edit. */

/**
 * The best way by which a peer is reached, and all that is sent goes: within this machine, by the local network, directly, through a hole that both ends have punched in their NATs, or through a relay.
 *
 * This interface was referenced by `PeerView`'s JSON-Schema
 * via the `definition` "path".
 */
export type PathKind = 'local' | 'lan' | 'direct' | 'punched' | 'relayed'
/**
 * PeerId of the relay, of a peer that is reached through one.
 *
 * This interface was referenced by `PeerView`'s JSON-Schema
 * via the `definition` "relay".
 */
export type Relay = string

/**
 * A connected peer.
 */
export interface PeerView {
  peer_id: string
  addresses: string[]
  direction: 'inbound' | 'outbound'
  path: PathKind
  relay?: Relay
  /**
   * The round trip on that path: the least of the last few measured; null while none was.
   */
  latency_ms: number | null
  bandwidth?: Bandwidth
  agent: string | null
  connected_at_ms: number
}
/**
 * How fast bytes went to the peer and came from it on that path, by what was moved anyway; a direction in which nothing large was moved for half an hour is left out.
 *
 * This interface was referenced by `PeerView`'s JSON-Schema
 * via the `definition` "bandwidth".
 */
export interface Bandwidth {
  to?: Rate
  from?: Rate
}
/**
 * This interface was referenced by `PeerView`'s JSON-Schema
 * via the `definition` "rate".
 */
export interface Rate {
  bytes_per_second: number
  /**
   * Since it was last measured.
   */
  age_ms: number
}
