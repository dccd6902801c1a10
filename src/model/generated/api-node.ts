/** Generated from schemas/api/node.schema.json by `npm run generate`; do not edit. */

/**
 * What tasks of engine `function` may call here.
 *
 * @maxItems 256
 *
 * Items: Name of a function, such as `resize`.
 */
export type Functions = string[]
/**
 * Programs that tasks of engine `process` may start here, by absolute path; `*` for whatever is installed, or for more than can be listed.
 *
 * @maxItems 256
 */
export type Programs = string[]
/**
 * Images that tasks of engine `container` may use here, by digest or id, and that are there.
 *
 * @maxItems 256
 *
 * Items: An image by its digest, such as `docker.io/library/alpine@sha256:…`, or by its id.
 */
export type Images = string[]
/**
 * Engines whose tasks reach the network where they ask for it. What is missing here keeps them from it.
 *
 * @maxItems 16
 */
export type NetworkEngines = (
  'builtin' | 'function' | 'javascript' | 'wasm' | 'process' | 'container' | 'storage'
)[]
/**
 * The best way by which a peer is reached, and all that is sent goes: within this machine, by the local network, directly, through a hole that both ends have punched in their NATs, or through a relay.
 */
export type PathKind = 'local' | 'lan' | 'direct' | 'punched' | 'relayed'

/**
 * A worker as a router sees it.
 */
export interface NodeView {
  peer_id: string
  /**
   * What it says of itself, and whether it answers. Whether it is kept from work, `quarantined_until_ms` says.
   */
  state: 'ready' | 'cordoned' | 'draining' | 'connecting' | 'unreachable' | 'stopping'
  /**
   * It gets no work until then, as a result of it was found wrong; absent of one that is not quarantined. Milliseconds since 1970.
   */
  quarantined_until_ms?: number
  /**
   * The balanced score now, 0 to 1.
   */
  score?: number
  agent?: string
  engines?: string[]
  functions?: Functions
  programs?: Programs
  images?: Images
  isolation?: EngineIsolation
  enforces?: EngineEnforcement
  network?: NetworkEngines
  labels: Labels
  slots: number
  running: number
  queued: number
  /**
   * How long a new task would wait for a slot there, by its last report; 0 while one is free and no task waits.
   */
  wait_ms?: number
  /**
   * Expected work of the tasks that wait there, per slot, by its last report.
   */
  queued_ms?: number
  /**
   * How fast it is reckoned to run tasks, in GHz: as advertised, less what it has slowed down and what this router found it to be slower.
   */
  speed?: number
  /**
   * How much longer than at its best the same short calculation takes there lately.
   */
  slowdown?: number
  /**
   * Tasks that this router has there now.
   */
  in_flight: number
  /**
   * The round trip of the session with it; null while there is none.
   */
  latency_ms: number | null
  path?: PathKind
  /**
   * PeerId of the relay, of a peer that is reached through one.
   */
  relay?: string
  bandwidth?: Bandwidth
  reputation: number
  evidence: number
  addresses: string[]
  capabilities?: Capabilities
  host?: HostFacts
  /**
   * When its certificate of the mesh runs out, unless it is renewed; absent where no authority rules, and of one that has shown none. Milliseconds since 1970.
   */
  certificate_until_ms?: number
  seen_ms_ago: number
  found_by?: string
}
/**
 * What each engine keeps its tasks from. An engine that is missing here promises nothing.
 */
export interface EngineIsolation {
  [k: string]: 'none' | 'thread' | 'sandbox' | 'container'
}
/**
 * Which requests for resources each engine holds its tasks to, as limits. What is missing here is only counted on when a worker is chosen.
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
/**
 * How fast bytes went to the peer and came from it on that path, by what was moved anyway; a direction in which nothing large was moved for half an hour is left out.
 */
export interface Bandwidth {
  to?: Rate
  from?: Rate
}
export interface Rate {
  bytes_per_second: number
  /**
   * Since it was last measured.
   */
  age_ms: number
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
export interface HostFacts {
  os: string
  arch: string
  node: string
  cpu_model?: string
}
