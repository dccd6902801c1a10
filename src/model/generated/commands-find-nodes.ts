/** Generated from schemas/commands/find-nodes.schema.json by `npm run generate`; do not edit. */

/**
 * Workers known to the answering node that fit: of a router those that are ready, best first; of a bootstrap those that it has heard of lately, by peer id.
 */
export interface FindNodes {
  params: FindNodesParams
  result: FindNodesResult
}
/**
 * This interface was referenced by `FindNodes`'s JSON-Schema
 * via the `definition` "params".
 */
export interface FindNodesParams {
  min_cpu_cores?: number
  max_cpu_usage?: number
  min_memory_mb?: number
  min_disk_mb?: number
  /**
   * Of routers only.
   */
  max_latency_ms?: number
  task_type?: 'compute' | 'file_share' | 'storage'
  /**
   * Asks for `holders` of a file; the nodes are then those workers that have it. Of routers only.
   */
  file_hash?: string
  /**
   * That of the answering node when absent.
   */
  namespace?: string
  /**
   * Nodes of one answer, 1000 when absent; 0 for the `total` alone. An answer may have fewer, and `next` all the same.
   */
  limit?: number
  /**
   * The `next` of the answer before.
   */
  cursor?: string
}
/**
 * This interface was referenced by `FindNodes`'s JSON-Schema
 * via the `definition` "result".
 */
export interface FindNodesResult {
  /**
   * @maxItems 1000
   */
  nodes: {
    /**
     * A libp2p peer id.
     */
    peer_id: string
    capabilities: Capabilities
    /**
     * Of routers only.
     */
    weighted_score?: number
    latency_ms?: number
    reputation?: number
    addresses?: string[]
    /**
     * The worker's own signed capability record, of a bootstrap's answer: it can leave a worker out, but not make one up.
     */
    record?: string
  }[]
  /**
   * All that fit, on this page or not.
   */
  total?: number
  /**
   * There are more: give it back as `cursor`.
   */
  next?: string
  /**
   * All peers that are known to have the file, workers or not.
   *
   * @maxItems 256
   */
  holders?: FileSource[]
}
/**
 * The machine's capacity as this worker may use it: a container's limits, not its host's figures.
 */
export interface Capabilities {
  cpu_cores: number
  /**
   * Percent.
   */
  cpu_usage: number
  cpu_speed_ghz: number
  memory_total_mb: number
  memory_available_mb: number
  disk_total_mb: number
  disk_available_mb: number
  gpu_available: boolean
  gpu_count?: number
  gpu_model?: string
  gpu_memory_mb?: number
  gpu_compute_units?: number
  gpu_usage?: number
}
export interface FileSource {
  /**
   * A libp2p peer id.
   */
  peer_id: string
  /**
   * @maxItems 16
   */
  addresses?: string[]
}
