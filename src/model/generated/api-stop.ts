/** Generated from schemas/api/stop.schema.json by `npm run generate`; do not edit. */

/**
 * Why a job is stopped.
 */
export interface StopRequest {
  /**
   * A sentence for whoever asks later what became of the job.
   */
  reason?: string
}
