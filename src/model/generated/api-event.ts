/** Generated from schemas/api/event.schema.json by `npm run generate`; do not edit. */

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
  path: 'direct' | 'relayed'
  latency_ms: number | null
  agent: string | null
  connected_at_ms: number
}
