/** Generated from schemas/api/map.schema.json by `npm run generate`; do not edit. */

/**
 * The best way by which a peer is reached, and all that is sent goes: within this machine, by the local network, directly, through a hole that both ends have punched in their NATs, or through a relay.
 */
export type PathKind = 'local' | 'lan' | 'direct' | 'punched' | 'relayed'

/**
 * The mesh as a graph: who is there and who is connected to whom, by what each node says of its own connections.
 */
export interface MapView {
  nodes: MapNode[]
  links: MapLink[]
}
/**
 * This interface was referenced by `MapView`'s JSON-Schema
 * via the `definition` "node".
 */
export interface MapNode {
  peer_id: string
  role: 'bootstrap' | 'worker' | 'router' | 'monitor' | 'share' | 'client' | 'unknown'
  /**
   * As its owner calls it.
   */
  name?: string
  /**
   * Of a worker, as api/node has it.
   */
  state?: string
  is_self?: boolean
  /**
   * How old is what it said of its connections; absent where it has said nothing, and others name it.
   */
  told_ms_ago?: number
}
/**
 * This interface was referenced by `MapView`'s JSON-Schema
 * via the `definition` "link".
 */
export interface MapLink {
  /**
   * PeerId of one end; each pair stands once.
   */
  from: string
  to: string
  path: PathKind
  /**
   * PeerId of the relay, of a peer that is reached through one.
   */
  relay?: string
  latency_ms?: number | null
}
