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
  log_file?: OutputFile
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
 * All of the log, where that is longer than what is kept here; known once the attempt has ended.
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
