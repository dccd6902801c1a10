/** Generated from schemas/config/worker.schema.json by `npm run generate`; do not edit. */

/**
 * A worker: runs tasks.
 */
export interface WorkerConfig {
  /**
   * Folder for keys and state; one folder per node inside.
   */
  home?: string
  /**
   * Name of this node's folder; by default its role, numbered when taken.
   */
  name?: string
  /**
   * Multiaddrs to listen on.
   *
   * @minItems 1
   */
  listen?: string[]
  /**
   * Multiaddrs to tell others, beside those listened on.
   */
  announce?: string[]
  /**
   * Multiaddrs of bootstrap nodes, with or without /p2p/<peer id>.
   */
  bootstrap?: string[]
  namespace?: string
  log_level?: 'silent' | 'error' | 'warn' | 'info' | 'debug' | 'trace'
  /**
   * Tasks at once; by default the number of CPU cores.
   */
  slots?: number
  /**
   * Tasks that may wait here beyond the slots; by default as many as slots.
   */
  queue_slots?: number
  labels?: Labels
  /**
   * Engines it offers.
   */
  engines?: ('builtin' | 'javascript')[]
  /**
   * Memory it offers to tasks; by default what the machine has.
   */
  memory?: string | number
  /**
   * CPU cores it offers; by default what the machine has.
   */
  cpu?: number
  /**
   * Limit for a task that names none.
   */
  task_memory?: string | number
  /**
   * How long running tasks may go on once the worker is told to stop.
   */
  drain_deadline?: string
  /**
   * Tasks that one run takes before it takes no more; by default no such bound.
   */
  max_jobs?: number
  /**
   * Takes a task only while the rest of the machine is idle.
   */
  idle_only?: boolean
  /**
   * A shell command or an http(s) URL that is asked about every task: it gets a summary as JSON and answers {"accept": true} or {"accept": false, "reason": "…"}.
   */
  admit?: string
}
export interface Labels {
  [k: string]: string
}
