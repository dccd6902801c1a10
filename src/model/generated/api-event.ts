/** Generated from schemas/api/event.schema.json by `npm run generate`; do not edit. */

/**
 * The best way by which a peer is reached, and all that is sent goes: within this machine, by the local network, directly, through a hole that both ends have punched in their NATs, or through a relay.
 *
 * This interface was referenced by `PeerView`'s JSON-Schema
 * via the `definition` "path".
 */
export type PathKind = 'local' | 'lan' | 'direct' | 'punched' | 'relayed'

/**
 * One thing that happened, as the event stream tells it. Numbers grow for ever, over restarts of the router too; a reader that was away says the last one it has seen and gets what came after. `gap` stands for events that are no longer remembered: read the state anew.
 */
export interface MeshEvent {
  number: number
  at_ms: number
  type:
    | 'gap'
    | 'job:submitted'
    | 'job:changed'
    | 'job:ended'
    | 'item:ended'
    | 'attempt:changed'
    | 'attempt:progress'
    | 'node:joined'
    | 'node:changed'
    | 'node:left'
    | 'peer:connected'
    | 'peer:measured'
    | 'peer:rerouted'
    | 'peer:disconnected'
  job_id?: string
  /**
   * Of the job, the item or the attempt, as the type says.
   */
  state?: string
  counts?: ItemCounts
  reason?: string
  text?: string
  item?: string
  index?: number
  attempt?: number
  worker?: string
  progress?: TaskProgress
  /**
   * PeerId, of node and peer events.
   */
  peer?: string
  availability?: string
  peer_view?: PeerView
}
export interface ItemCounts {
  queued: number
  running: number
  completed: number
  failed: number
  stopped: number
  held: number
}
/**
 * How far a task says that it is.
 */
export interface TaskProgress {
  ratio?: number
  text?: string
}
/**
 * Of peer events.
 */
export interface PeerView {
  peer_id: string
  addresses: string[]
  direction: 'inbound' | 'outbound'
  path: PathKind
  /**
   * PeerId of the relay, of a peer that is reached through one.
   *
   * This interface was referenced by `PeerView`'s JSON-Schema
   * via the `definition` "relay".
   */
  relay?: string
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
