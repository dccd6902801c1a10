/** Generated from schemas/commands/execute-task.schema.json by `npm run generate`; do not edit. */

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
  run_timeout_ms: number
  memory_bytes: number
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
   * What it wrote to its console, up to a bound.
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
}
export interface UsageDocument {
  wall_ms: number
  cpu_ms?: number
  peak_memory_bytes?: number
}
/**
 * How busy a worker is; it comes with every answer and heartbeat.
 */
export interface LoadReport {
  running: number
  queued: number
  slots: number
  queue_slots: number
  cpu_usage: number
  memory_available_mb: number
  disk_available_mb: number
  stopping: boolean
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
  blame?: 'worker' | 'network' | 'router' | 'job' | 'caller'
  retryable?: boolean
  [k: string]: unknown
}
