/** Generated from schemas/api/rerun.schema.json by `npm run generate`; do not edit. */

/**
 * What of an ended job is to run again, as a new job.
 */
export interface RerunRequest {
  /**
   * `unfinished`: those that failed or were stopped; all, if none did.
   */
  items?: 'unfinished' | 'all'
  /**
   * Fields of the document to change, by their path: `{"timeouts.run": "1h"}`.
   */
  set?: {
    [k: string]: unknown
  }
}
