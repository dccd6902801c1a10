/** Generated from schemas/commands/get-capabilities.schema.json by `npm run generate`; do not edit. */

/**
 * What a node has and how busy it is. A node that runs no tasks answers without slots, engines and record.
 */
export interface GetCapabilities {
  params: GetCapabilitiesParams
  result: GetCapabilitiesResult
}
/**
 * This interface was referenced by `GetCapabilities`'s JSON-Schema
 * via the `definition` "params".
 */
export interface GetCapabilitiesParams {}
/**
 * This interface was referenced by `GetCapabilities`'s JSON-Schema
 * via the `definition` "result".
 */
export interface GetCapabilitiesResult {
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
  /**
   * Round trip to the asker as the answering node last measured it; 0 when it has not.
   */
  latency_ms: number
  /**
   * Always the neutral prior: nobody's word on itself counts.
   */
  reputation: number
  role: 'bootstrap' | 'worker' | 'router' | 'monitor' | 'share' | 'client'
  namespace?: string
  agent: string
  slots?: number
  engines?: ('builtin' | 'function' | 'javascript' | 'wasm' | 'process' | 'container' | 'storage')[]
  labels?: Labels
  load?: LoadReport
  /**
   * The signed capability record: a libp2p signed envelope in base64.
   */
  record?: string
  limits?: RouterLimits
}
export interface Labels {
  [k: string]: string
}
/**
 * How busy a worker is; it comes with every answer and heartbeat.
 */
export interface LoadReport {
  running: number
  queued: number
  /**
   * GPUs that its tasks have; none when absent.
   */
  gpus_taken?: number
  slots: number
  queue_slots: number
  cpu_usage: number
  memory_available_mb: number
  disk_available_mb: number
  /**
   * Takes nothing new, whatever the reason.
   */
  stopping: boolean
  /**
   * Why it takes nothing new, where that is so.
   */
  availability?: 'open' | 'cordoned' | 'draining' | 'stopping'
  /**
   * Expected work of the tasks that wait, per slot.
   */
  queued_ms?: number
  /**
   * How long a new task would wait for a slot; 0 while one is free and no task waits.
   */
  wait_ms?: number
  /**
   * Expected work that arrives from everybody, in milliseconds per millisecond.
   */
  work_rate?: number
  /**
   * Routers with which it has a session.
   */
  routers?: number
  /**
   * How much longer than at its best the same short calculation takes lately.
   */
  slowdown?: number
  /**
   * Number of the last task that came from whoever this report goes to.
   */
  seen?: number
  /**
   * Tasks that whoever this report goes to may send now, by its owner's limits; no such bound when absent.
   */
  allowed?: number
}
/**
 * What the worker's owner lets the asker have of it; absent where that is not limited.
 */
export interface RouterLimits {
  /**
   * No task of that router is taken.
   */
  denied?: true
  /**
   * Engines that its tasks may use.
   *
   * @minItems 1
   * @maxItems 16
   */
  engines?: ('builtin' | 'function' | 'javascript' | 'wasm' | 'process' | 'container' | 'storage')[]
  /**
   * CPU cores of one task; one that asks for none has so many.
   */
  cpu_cores?: number
  /**
   * Memory of one task.
   */
  memory_bytes?: number
  /**
   * Disk that one task may ask for.
   */
  disk_bytes?: number
  /**
   * GPUs of one task.
   */
  gpu_count?: number
  /**
   * Tasks of it at once.
   */
  slots?: number
  /**
   * Further tasks of it that may wait.
   */
  queued?: number
  /**
   * Tasks that it may send in a time: so many at once, and then as many again in that time.
   */
  rate?: {
    count: number
    per_ms: number
  }
  /**
   * Longest run time that one task may ask for.
   */
  run_timeout_ms?: number
  /**
   * Its tasks are kept from the network.
   */
  network?: false
}
