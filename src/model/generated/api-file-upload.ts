/** Generated from schemas/api/file-upload.schema.json by `npm run generate`; do not edit. */

/**
 * What is still missing of a file that was announced.
 */
export interface FileUpload {
  id: string
  complete: boolean
  /**
   * Pieces to be handed in, both ends included.
   */
  missing: PieceRange[]
}
export interface PieceRange {
  first: number
  last: number
}
