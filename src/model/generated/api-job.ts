/** Generated from schemas/api/job.schema.json by `npm run generate`; do not edit. */

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
  counts: ItemCounts
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
export interface Labels {
  [k: string]: string
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
