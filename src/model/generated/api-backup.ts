/** Generated from schemas/api/backup.schema.json by `npm run generate`; do not edit. */

/**
 * A copy of the job store, made while the router went on working.
 */
export interface BackupView {
  file: string
  bytes: number
}
