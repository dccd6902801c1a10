/** Generated from schemas/api/backup-request.schema.json by `npm run generate`; do not edit. */

/**
 * Where to copy the job store to.
 */
export interface BackupRequest {
  /**
   * A file on the router's machine that is not there yet; one beside the store when absent. Only the router's own token may name one.
   */
  file?: string
}
