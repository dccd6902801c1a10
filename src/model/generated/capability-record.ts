/** Generated from schemas/capability-record.schema.json by `npm run generate`; do not edit. */

/**
 * This interface was referenced by `CapabilityRecord`'s JSON-Schema
 * via the `definition` "namespace".
 */
export type Namespace = string
/**
 * This interface was referenced by `CapabilityRecord`'s JSON-Schema
 * via the `definition` "engine".
 */
export type Engine =
  'builtin' | 'function' | 'javascript' | 'wasm' | 'process' | 'container' | 'storage'
/**
 * Engines whose tasks reach the network where they ask for it. What is missing here keeps them from it.
 *
 * @maxItems 16
 *
 * This interface was referenced by `CapabilityRecord`'s JSON-Schema
 * via the `definition` "network".
 */
export type NetworkEngines = Engine[]
/**
 * Of a closed mesh: that the node belongs to it, for those who hear of it through others.
 */
export type SignedText = string

/**
 * What a worker says of itself. It travels inside a libp2p signed envelope, so nobody else can say it.
 */
export interface CapabilityRecord {
  version: 1
  /**
   * A libp2p peer id.
   */
  peer_id: string
  namespace: Namespace
  /**
   * Grows with every record of this peer; an older one is a replay.
   */
  seq: number
  /**
   * Seconds after its arrival for which it may be believed.
   */
  ttl_s: number
  /**
   * Program and version.
   */
  agent: string
  /**
   * @maxItems 32
   */
  addresses: string[]
  capabilities: Capabilities
  /**
   * Tasks it runs at once.
   */
  slots: number
  /**
   * Tasks it lets wait beyond its slots.
   */
  queue_slots: number
  /**
   * @maxItems 16
   */
  engines: Engine[]
  /**
   * What tasks of engine `function` may call here.
   *
   * @maxItems 256
   *
   * Items: Name of a function, such as `resize`.
   */
  functions?: string[]
  /**
   * Programs that tasks of engine `process` may start here, by absolute path; `*` for whatever is installed, or for more than can be listed.
   *
   * @maxItems 256
   */
  programs?: string[]
  /**
   * Images that tasks of engine `container` may use here, by digest or id, and that are there.
   *
   * @maxItems 256
   *
   * Items: An image by its digest, such as `docker.io/library/alpine@sha256:…`, or by its id.
   */
  images?: string[]
  isolation?: EngineIsolation
  enforces?: EngineEnforcement
  network?: NetworkEngines
  labels: Labels
  host: HostFacts
  certificate?: SignedText
}
/**
 * The machine's capacity as this worker may use it: a container's limits, not its host's figures.
 *
 * This interface was referenced by `CapabilityRecord`'s JSON-Schema
 * via the `definition` "capabilities".
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
/**
 * What each engine keeps its tasks from. An engine that is missing here promises nothing.
 *
 * This interface was referenced by `CapabilityRecord`'s JSON-Schema
 * via the `definition` "isolation".
 */
export interface EngineIsolation {
  [k: string]: 'none' | 'thread' | 'sandbox' | 'container'
}
/**
 * Which requests for resources each engine holds its tasks to, as limits. What is missing here is only counted on when a worker is chosen.
 *
 * This interface was referenced by `CapabilityRecord`'s JSON-Schema
 * via the `definition` "enforces".
 */
export interface EngineEnforcement {
  /**
   * @maxItems 4
   */
  [k: string]: ('cpu' | 'memory' | 'disk' | 'gpu')[]
}
export interface Labels {
  [k: string]: string
}
export interface HostFacts {
  os: string
  arch: string
  node: string
  cpu_model?: string
}
/**
 * How busy a worker is; it comes with every answer and heartbeat.
 *
 * This interface was referenced by `CapabilityRecord`'s JSON-Schema
 * via the `definition` "load".
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
 * What a worker's owner lets one router ask of it. What is missing here is not limited.
 *
 * This interface was referenced by `CapabilityRecord`'s JSON-Schema
 * via the `definition` "limits".
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
  engines?: Engine[]
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
