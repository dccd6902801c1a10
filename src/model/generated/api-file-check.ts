/** Generated from schemas/api/file-check.schema.json by `npm run generate`; do not edit. */

/**
 * What came of reading the router's copy of a file anew.
 */
export interface FileCheck {
  id: string
  /**
   * `wrong`: it was not what it should be, and is no longer offered.
   */
  outcome: 'running' | 'right' | 'wrong'
  /**
   * Read so far.
   */
  bytes: number
  size: number
}
