/** Generated from schemas/api/live.schema.json by `npm run generate`; do not edit. */

/**
 * What whoever asks may do.
 */
export type TokenScope = 'read' | 'submit' | 'operate'
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
 * Any JSON value: what `main` gets.
 */
export type AnyJson =
  | null
  | boolean
  | number
  | string
  | unknown[]
  | {
      [k: string]: unknown
    }
/**
 * Storage jobs that keep it on workers, the first hundred.
 *
 * This interface was referenced by `FileView`'s JSON-Schema
 * via the `definition` "keep".
 */
export type FileKeep = FileKeepOrder[]

/**
 * One message of the live stream: first all that a page shows (`is_first`), then once a second at most what has changed since. What is told of a thing replaces what was told of it before.
 */
export interface LiveNews {
  /**
   * Forget what was told before.
   */
  is_first?: boolean
  overview?: OverviewView
  sample?: SeriesSample
  /**
   * Workers that came or changed.
   */
  nodes?: NodeView[]
  nodes_gone?: string[]
  /**
   * Jobs that came or changed; the newest 200 of them where more did.
   */
  jobs?: JobView[]
  /**
   * How many more changed than `jobs` has.
   */
  jobs_missed?: number
  map?: MapView
  /**
   * All files that are being fetched now, where that has changed.
   */
  transfers?: FileView[]
}
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
/**
 * Counts are of the step that ends at `at_ms`; the others as they were at its end. A monitor has those of workers alone.
 */
export interface SeriesSample {
  /**
   * Milliseconds since 1970.
   */
  at_ms: number
  workers_ready: number
  slots_total: number
  slots_busy?: number
  items_submitted?: number
  items_completed?: number
  items_failed?: number
  /**
   * Attempts that failed or were lost, whatever became of their items.
   */
  attempts_failed?: number
  items_queued?: number
  items_running?: number
  /**
   * From ready to run to sent to a worker, of the attempts that began in the step; null where none did.
   */
  wait_p50_ms?: number | null
  wait_p99_ms?: number | null
  /**
   * From submission to result, of the items that ended in the step; null where none did.
   */
  latency_p50_ms?: number | null
  latency_p99_ms?: number | null
  /**
   * Of files.
   */
  bytes_received?: number
  /**
   * Of files.
   */
  bytes_sent?: number
}
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
/**
 * A job as the API shows it.
 */
export interface JobView {
  id: string
  name: string | null
  state: 'pending' | 'queued' | 'running' | 'completed' | 'failed' | 'stopped' | 'held'
  engine: string
  priority: number
  /**
   * Whose share of the mesh it takes.
   */
  share: string
  labels?: Labels
  /**
   * PeerId; over HTTP `http`, or `http/NAME` with a named token.
   */
  submitter: string
  key: string | null
  /**
   * The schedule that made it, or the job that it is a rerun of.
   */
  parent: string | null
  /**
   * Ids of jobs that must be completed first.
   */
  needs: string[]
  /**
   * When a pending job begins, or a schedule fires next.
   */
  due_at_ms: number | null
  /**
   * Nothing of it begins until it is released.
   */
  on_hold: boolean
  item_count: number
  counts: ItemCounts1
  attempts: number
  created_at_ms: number
  started_at_ms: number | null
  ended_at_ms: number | null
  /**
   * Why nothing of it runs, in words.
   */
  waiting_for: string | null
  error?: ErrorDocument
  result?: AnyJson
  /**
   * What of its files the job asked for, now files of the mesh.
   */
  outputs?: OutputFile[]
  output_file?: OutputFile1
  reused_from?: EarlierRunView
  verified?: VerifiedView
  logs?: string
  worker?: string | null
  items?: ItemView[]
  progress?: TaskProgress1
}
export interface ItemCounts1 {
  queued: number
  running: number
  completed: number
  failed: number
  stopped: number
  held: number
}
/**
 * What went wrong, for programs.
 */
export interface ErrorDocument {
  /**
   * One of the codes in docs/errors.md; stable.
   */
  code: string
  message: string
  /**
   * Which field.
   */
  path?: string
  /**
   * What to do.
   */
  hint?: string
  blame?: 'worker' | 'owner' | 'network' | 'router' | 'job' | 'caller'
  retryable?: boolean
  /**
   * When it is worth trying again.
   */
  retry_after_ms?: number
  /**
   * What the task's own program calls it: its exit code, or the `code` of the error that a function threw.
   */
  task_code?: string
  [k: string]: unknown
}
/**
 * A file or folder of the mesh that a task left.
 */
export interface OutputFile {
  name: string
  /**
   * A file of the mesh, by its content.
   */
  file: string
  /**
   * Bytes; of a folder, of all its files.
   */
  size: number
  kind: 'file' | 'folder'
}
/**
 * A file or folder of the mesh that a task left.
 */
export interface OutputFile1 {
  name: string
  /**
   * A file of the mesh, by its content.
   */
  file: string
  /**
   * Bytes; of a folder, of all its files.
   */
  size: number
  kind: 'file' | 'folder'
}
/**
 * The run whose result this is, as an equal task had been run before.
 *
 * This interface was referenced by `JobView`'s JSON-Schema
 * via the `definition` "earlierRun".
 */
export interface EarlierRunView {
  job: string
  item: string
  attempt: number
  worker: string | null
  ended_at_ms: number
}
/**
 * Why the result is believed, where the job asks for `verify`.
 *
 * This interface was referenced by `JobView`'s JSON-Schema
 * via the `definition` "verified".
 */
export interface VerifiedView {
  /**
   * `agreement`: enough workers that do not vouch for each other returned the same, one of them trusted. `majority`: as many did where no trusted worker could be asked. `record`: nobody else ran it, as its worker's results are right nearly always. `chance`: nobody else ran it, as it was not drawn.
   */
  by: 'agreement' | 'majority' | 'record' | 'chance'
  /**
   * Results that were compared.
   */
  copies: number
  /**
   * How many of them were the same, of workers that do not vouch for each other.
   */
  agreed: number
}
/**
 * This interface was referenced by `JobView`'s JSON-Schema
 * via the `definition` "item".
 */
export interface ItemView {
  id: string
  index: number
  state: 'pending' | 'queued' | 'running' | 'completed' | 'failed' | 'stopped' | 'held'
  result?: AnyJson
  /**
   * What of its files the job asked for, now files of the mesh.
   */
  outputs?: OutputFile[]
  output_file?: OutputFile2
  reused_from?: EarlierRunView
  verified?: VerifiedView
  error?: ErrorDocument
  logs?: string
  worker: string | null
  attempts: number
  started_at_ms?: number | null
  ended_at_ms?: number | null
  progress?: TaskProgress
}
/**
 * A file or folder of the mesh that a task left.
 */
export interface OutputFile2 {
  name: string
  /**
   * A file of the mesh, by its content.
   */
  file: string
  /**
   * Bytes; of a folder, of all its files.
   */
  size: number
  kind: 'file' | 'folder'
}
/**
 * How far a task says that it is.
 *
 * This interface was referenced by `JobView`'s JSON-Schema
 * via the `definition` "progress".
 */
export interface TaskProgress {
  ratio?: number
  text?: string
}
/**
 * How far a task says that it is.
 */
export interface TaskProgress1 {
  ratio?: number
  text?: string
}
/**
 * This interface was referenced by `JobView`'s JSON-Schema
 * via the `definition` "attempt".
 */
export interface AttemptView {
  item: string
  index: number
  attempt: number
  /**
   * `backup`: a copy of one that takes unusually long. `check`: a copy whose result is compared with that of others.
   */
  role: 'primary' | 'backup' | 'check'
  state:
    | 'offered'
    | 'refused'
    | 'accepted'
    | 'fetching'
    | 'running'
    | 'publishing'
    | 'completed'
    | 'failed'
    | 'timed_out'
    | 'stopped'
    | 'unknown'
    | 'lost'
  worker: string
  reason?: string
  error?: ErrorDocument
  offered_at_ms: number
  ended_at_ms: number | null
  usage?: UsageDocument
  log_file?: OutputFile3
  progress?: TaskProgress
  history: TransitionView[]
}
/**
 * What the task used; a figure that the engine cannot tell is absent.
 */
export interface UsageDocument {
  wall_ms: number
  cpu_ms?: number
  peak_memory_bytes?: number
  /**
   * What the worker was sent for the task.
   */
  bytes_in?: number
  /**
   * What the task returned.
   */
  bytes_out?: number
}
/**
 * A file or folder of the mesh that a task left.
 */
export interface OutputFile3 {
  name: string
  /**
   * A file of the mesh, by its content.
   */
  file: string
  /**
   * Bytes; of a folder, of all its files.
   */
  size: number
  kind: 'file' | 'folder'
}
/**
 * One change of state, and why.
 *
 * This interface was referenced by `JobView`'s JSON-Schema
 * via the `definition` "transition".
 */
export interface TransitionView {
  at_ms: number
  state: string
  /**
   * `router`, or the PeerId (or `http`) of who asked for it or said it.
   */
  by: string
  /**
   * One of the codes in docs/reasons.md or docs/errors.md.
   */
  reason: string
  blame?: 'worker' | 'owner' | 'network' | 'router' | 'job' | 'caller'
  text?: string
  hint?: string
}
/**
 * A change of the job, or of one of its attempts.
 *
 * This interface was referenced by `JobView`'s JSON-Schema
 * via the `definition` "historyRow".
 */
export interface HistoryRow {
  of: 'job' | 'attempt'
  item?: string
  attempt?: number
  worker?: string
  at_ms: number
  state: string
  /**
   * `router`, or the PeerId (or `http`) of who asked for it or said it.
   */
  by: string
  /**
   * One of the codes in docs/reasons.md or docs/errors.md.
   */
  reason: string
  blame?: 'worker' | 'owner' | 'network' | 'router' | 'job' | 'caller'
  text?: string
  hint?: string
}
/**
 * The whole of it, where anything of it has changed.
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
/**
 * A file or folder that the namespace offers, as a router sees it; of a single one also who has it and how it can be had.
 */
export interface FileView {
  id: string
  /**
   * As whoever offers it calls it; only the id is sure.
   */
  name: string
  /**
   * Bytes.
   */
  size: number
  /**
   * Of the router's own copy: all of it, some of it, or none.
   */
  state: 'complete' | 'part' | 'remote'
  /**
   * Nodes that have all of it, the router among them.
   */
  holders: number
  /**
   * The router's copy never goes to make room.
   */
  pinned: boolean
  /**
   * Unix milliseconds: until then the router's copy does not go to make room.
   */
  kept_until?: number
  /**
   * Who wants it kept so long.
   */
  kept_for?: string
  /**
   * Bytes of each piece but the last.
   */
  piece_size?: number
  piece_count?: number
  /**
   * Names it on other machines, with addresses of nodes that have it.
   */
  link?: string
  /**
   * The first hundred of those who have all of it.
   */
  held_by?: FileHolderView[]
  progress?: FileProgress
  /**
   * Files in it, if it is a folder that the router has.
   */
  entry_count?: number
  keep?: FileKeep
}
/**
 * A node that has all of a file.
 *
 * This interface was referenced by `FileView`'s JSON-Schema
 * via the `definition` "holder".
 */
export interface FileHolderView {
  peer_id: string
  pinned: boolean
  /**
   * Where it is known.
   */
  role?: 'router' | 'worker'
}
/**
 * How far the router is with fetching it, or why it gave up.
 *
 * This interface was referenced by `FileView`'s JSON-Schema
 * via the `definition` "progress".
 */
export interface FileProgress {
  /**
   * Here and right.
   */
  bytes: number
  /**
   * Unknown before the first peer has said it.
   */
  size?: number
  bytes_per_second?: number
  /**
   * Unknown while nobody can tell.
   */
  eta_ms?: number
  /**
   * Peers that give it.
   */
  peers?: number
  error?: FileFailure
}
/**
 * Why it has ended without the file. What has come is kept.
 */
export interface FileFailure {
  code: string
  message: string
  hint?: string
}
export interface FileKeepOrder {
  job_id: string
  /**
   * As many as were asked for.
   */
  copies: number
  copies_there?: number
  /**
   * Unix milliseconds.
   */
  until: number
}
