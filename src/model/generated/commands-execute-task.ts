/** Generated from schemas/commands/execute-task.schema.json by `npm run generate`; do not edit. */

/**
 * Names one attempt for good: what a worker says counts only for the attempt whose lease it holds.
 *
 * This interface was referenced by `ExecuteTask`'s JSON-Schema
 * via the `definition` "leaseId".
 */
export type LeaseId = string
/**
 * What the task returned; absent beside an error.
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
 * Any JSON value: what `main` gets.
 */
export type AnyJson1 =
  | null
  | boolean
  | number
  | string
  | unknown[]
  | {
      [k: string]: unknown
    }

/**
 * Runs a task: at a worker it runs there; with `auto_route: true` at a router, the router picks the worker and sees it through.
 */
export interface ExecuteTask {
  params: ExecuteTaskParams
  result: ExecuteTaskResult
}
/**
 * This interface was referenced by `ExecuteTask`'s JSON-Schema
 * via the `definition` "params".
 */
export interface ExecuteTaskParams {
  task_type?: 'compute' | 'file_share' | 'storage'
  /**
   * A job document, or only its `task`.
   */
  task_data: {
    [k: string]: unknown
  }
  auto_route?: boolean
  assignment?: Assignment
}
/**
 * From a router to a worker: which attempt this is, and its limits.
 */
export interface Assignment {
  job_id: string
  item: number
  attempt: number
  lease_id: LeaseId
  /**
   * How long the task may go on, or its result be kept, while its router is not connected.
   */
  lease_ms: number
  run_timeout_ms: number
  memory_bytes: number
  /**
   * CPU time per second, in seconds; absent when the job asks for none.
   */
  cpu_cores?: number
  /**
   * Of the task's own files; absent when the job asks for none.
   */
  disk_bytes?: number
  gpu_count?: number
  /**
   * Whether the job asks for the network; the worker's owner decides.
   */
  network?: boolean
  /**
   * When the job was submitted, in Unix milliseconds: the time for tasks that must repeat.
   */
  submitted_at_ms: number
  /**
   * How long a task may still go on after it was asked to stop.
   */
  kill_after_ms: number
  labels?: Labels
}
/**
 * The job's labels, for the owner's admission rule.
 */
export interface Labels {
  [k: string]: string
}
/**
 * Beside an error too: the logs and usage of a task that failed.
 *
 * This interface was referenced by `ExecuteTask`'s JSON-Schema
 * via the `definition` "result".
 */
export interface ExecuteTaskResult {
  output?: AnyJson
  /**
   * In answer to a task without an assignment: what it wrote, up to a bound.
   */
  logs?: string
  logs_dropped_bytes?: number
  usage?: UsageDocument
  load?: LoadReport
  /**
   * A libp2p peer id.
   */
  worker?: string
  job_id?: string
  attempts?: number
  /**
   * Of an array job, in order.
   */
  items?: {
    id: string
    state: string
    output?: AnyJson1
    error?: ErrorDocument
  }[]
  log?: LogPart
  progress?: TaskProgress
  phases?: TaskPhases
}
/**
 * What the task used; a figure that the engine cannot tell is absent.
 *
 * This interface was referenced by `ExecuteTask`'s JSON-Schema
 * via the `definition` "usage".
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
 * In answer to an assignment: what of the log the router does not have yet.
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
 *
 * This interface was referenced by `ExecuteTask`'s JSON-Schema
 * via the `definition` "logEntry".
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
 *
 * This interface was referenced by `ExecuteTask`'s JSON-Schema
 * via the `definition` "progress".
 */
export interface TaskProgress {
  ratio?: number
  text?: string
}
/**
 * How long each part took at the worker. Durations, because clocks of two machines are never compared.
 *
 * This interface was referenced by `ExecuteTask`'s JSON-Schema
 * via the `definition` "phases".
 */
export interface TaskPhases {
  waited_ms?: number
  ran_ms?: number
}
/**
 * Entries of a task's log, of which the first has the number `from`.
 *
 * This interface was referenced by `ExecuteTask`'s JSON-Schema
 * via the `definition` "logPart".
 */
export interface LogPart1 {
  from: number
  /**
   * @maxItems 65536
   */
  entries: LogEntry[]
}
