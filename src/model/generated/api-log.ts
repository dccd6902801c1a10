/** Generated from schemas/api/log.schema.json by `npm run generate`; do not edit. */

/**
 * What one attempt wrote.
 */
export interface LogView {
  job_id: string
  item: string
  attempt: number
  /**
   * Number of the first entry.
   */
  from?: number
  entries: LogEntry[]
  /**
   * True when the attempt has ended: nothing more comes.
   */
  is_complete: boolean
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
