/** Generated from schemas/commands/attach-task.schema.json by `npm run generate`; do not edit. */

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
 * What of its files the job asked for, now files of the mesh.
 *
 * @maxItems 64
 */
export type OutputFiles = OutputFile[]

/**
 * From a router to a worker: waits for the end of an attempt that was sent before, and answers as EXECUTE_TASK would have. TASK_UNKNOWN: it never came here. TASK_LOST: it began here and was lost with the worker's last run.
 */
export interface AttachTask {
  params: AttachTaskParams
  result: AttachTaskResult
}
/**
 * This interface was referenced by `AttachTask`'s JSON-Schema
 * via the `definition` "params".
 */
export interface AttachTaskParams {
  /**
   * Names one attempt for good: what a worker says counts only for the attempt whose lease it holds.
   */
  lease_id: string
  /**
   * Log entries that the router has already.
   */
  log_from: number
}
/**
 * This interface was referenced by `AttachTask`'s JSON-Schema
 * via the `definition` "result".
 */
export interface AttachTaskResult {
  output?: AnyJson
  usage?: UsageDocument
  load?: LoadReport
  log?: LogPart
  progress?: TaskProgress
  phases?: TaskPhases
  logs_dropped_bytes?: number
  outputs?: OutputFiles
  output_file?: OutputFile
  log_file?: OutputFile
  /**
   * As EXECUTE_TASK gives it.
   */
  receipt?: string
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
 * Entries of a task's log, of which the first has the number `from`.
 */
export interface LogPart {
  from: number
  /**
   * @maxItems 65536
   */
  entries: LogEntry[]
}
/**
 * A piece of what a task wrote.
 */
export interface LogEntry {
  /**
   * Since the task began.
   */
  ms: number
  stream: 'out' | 'err'
  text: string
}
/**
 * How far a task says that it is.
 */
export interface TaskProgress {
  ratio?: number
  text?: string
}
/**
 * How long each part took at the worker. Durations, because clocks of two machines are never compared.
 */
export interface TaskPhases {
  waited_ms?: number
  ran_ms?: number
  fetched_ms?: number
  published_ms?: number
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
