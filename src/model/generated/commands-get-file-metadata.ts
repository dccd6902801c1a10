/** Generated from schemas/commands/get-file-metadata.schema.json by `npm run generate`; do not edit. */

/**
 * Size and pieces of a file that the answering node offers.
 */
export interface GetFileMetadata {
  params: GetFileMetadataParams
  result: GetFileMetadataResult
}
/**
 * This interface was referenced by `GetFileMetadata`'s JSON-Schema
 * via the `definition` "params".
 */
export interface GetFileMetadataParams {
  file_hash: string
  /**
   * The first piece whose hash is asked for: a long list comes in pages.
   */
  from_piece?: number
}
/**
 * This interface was referenced by `GetFileMetadata`'s JSON-Schema
 * via the `definition` "result".
 */
export interface GetFileMetadataResult {
  file_hash: string
  name: string
  size: number
  piece_size: number
  piece_hashes: string[]
  from_piece?: number
  /**
   * Of the whole file; when hashes are left, ask for the next page.
   */
  piece_count?: number
}
