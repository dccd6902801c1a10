/** Generated from schemas/commands/report-task.schema.json by `npm run generate`; do not edit. */

/**
 * From a worker to the router of an attempt: how far it is, what it wrote, or, after they lost each other, that it is still held here.
 */
export interface ReportTask {
  params: ReportTaskParams
  result: ReportTaskResult
}
/**
 * This interface was referenced by `ReportTask`'s JSON-Schema
 * via the `definition` "params".
 */
export interface ReportTaskParams {
  /**
   * Names one attempt for good: what a worker says counts only for the attempt whose lease it holds.
   */
  lease_id: string
  job_id: string
  item: number
  attempt: number
  /**
   * `ended`: its result waits here to be asked for. `lost`: it began here and was lost with the worker's last run.
   */
  state: 'accepted' | 'fetching' | 'running' | 'publishing' | 'ended' | 'lost'
  log?: LogPart
  progress?: TaskProgress
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
 * This interface was referenced by `ReportTask`'s JSON-Schema
 * via the `definition` "result".
 */
export interface ReportTaskResult {
  /**
   * False: the attempt was superseded; end it and forget it.
   */
  is_wanted: boolean
  /**
   * Number of the log entry that is to come next.
   */
  log_next?: number
}
