/** Generated from schemas/commands/get-links.schema.json by `npm run generate`; do not edit. */

/**
 * This interface was referenced by `GetLinks`'s JSON-Schema
 * via the `definition` "role".
 */
export type NodeRole =
  'bootstrap' | 'worker' | 'router' | 'monitor' | 'share' | 'client' | 'operator'
/**
 * Where the peer's certificate says it.
 */
export type NodeRole1 =
  'bootstrap' | 'worker' | 'router' | 'monitor' | 'share' | 'client' | 'operator'
/**
 * The best way by which a peer is reached, and all that is sent goes: within this machine, by the local network, directly, through a hole that both ends have punched in their NATs, or through a relay.
 */
export type PathKind = 'local' | 'lan' | 'direct' | 'punched' | 'relayed'

/**
 * To whom a node is connected, and how: what the graph of the mesh is drawn from.
 */
export interface GetLinks {
  params: GetLinksParams
  result: GetLinksResult
}
/**
 * This interface was referenced by `GetLinks`'s JSON-Schema
 * via the `definition` "params".
 */
export interface GetLinksParams {
  limit?: number
}
/**
 * This interface was referenced by `GetLinks`'s JSON-Schema
 * via the `definition` "result".
 */
export interface GetLinksResult {
  role: NodeRole
  /**
   * As its owner calls the node.
   */
  name?: string
  /**
   * Members of its mesh first, then the newest.
   *
   * @maxItems 256
   */
  links: NodeLink[]
  /**
   * Connections that did not fit.
   */
  more?: number
}
/**
 * This interface was referenced by `GetLinks`'s JSON-Schema
 * via the `definition` "link".
 */
export interface NodeLink {
  /**
   * A libp2p peer id.
   */
  peer_id: string
  role?: NodeRole1
  path: PathKind
  /**
   * A libp2p peer id.
   */
  relay?: string
  /**
   * The round trip, where it was measured.
   */
  latency_ms?: number
}
