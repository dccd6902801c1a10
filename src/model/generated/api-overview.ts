/** Generated from schemas/api/overview.schema.json by `npm run generate`; do not edit. */

/**
 * What whoever asks may do.
 */
export type TokenScope = 'read' | 'submit' | 'operate'

/**
 * What there is and what goes on, in numbers. A monitor has no jobs of its own: `jobs` and `items` are missing there.
 */
export interface OverviewView {
  role: 'router' | 'monitor'
  peer_id: string
  name?: string
  namespace: string
  /**
   * Of a mesh that takes nobody but its members.
   */
  mesh_id?: string
  agent: string
  uptime_ms: number
  scope?: TokenScope
  workers: WorkerCounts
  slots: SlotCounts
  jobs?: JobCounts
  items?: ItemCounts
  files: FileCounts
}
/**
 * By state, as api/node has them.
 */
export interface WorkerCounts {
  [k: string]: number
}
export interface SlotCounts {
  total: number
  /**
   * A monitor does not know.
   */
  busy?: number
}
/**
 * Jobs in the store, by state.
 */
export interface JobCounts {
  [k: string]: number
}
export interface ItemCounts {
  queued: number
  running: number
}
export interface FileCounts {
  /**
   * In the namespace.
   */
  known: number
  /**
   * On this node's disk.
   */
  bytes_stored: number
}
