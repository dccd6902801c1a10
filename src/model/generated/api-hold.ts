/** Generated from schemas/api/hold.schema.json by `npm run generate`; do not edit. */

/**
 * Why a job is held.
 */
export interface HoldRequest {
  /**
   * A sentence for whoever asks later why nothing of the job begins.
   */
  reason?: string
}
