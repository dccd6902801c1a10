/** Generated from schemas/api/stop.schema.json by `npm run generate`; do not edit. */

/**
 * Why a job is stopped, and how gently.
 */
export interface StopRequest {
  /**
   * A sentence for whoever asks later what became of the job.
   */
  reason?: string
  /**
   * How long its tasks may still go on before they are killed, such as `10s`; what its `timeouts.stop` says when absent. A second stop with a shorter time hurries them.
   */
  kill_after?: string
}
