/** Generated from schemas/commands/list-files.schema.json by `npm run generate`; do not edit. */

/**
 * Files that the answering node offers.
 */
export interface ListFiles {
  params: ListFilesParams
  result: ListFilesResult
}
/**
 * This interface was referenced by `ListFiles`'s JSON-Schema
 * via the `definition` "params".
 */
export interface ListFilesParams {
  limit?: number
  after?: string
}
/**
 * This interface was referenced by `ListFiles`'s JSON-Schema
 * via the `definition` "result".
 */
export interface ListFilesResult {
  files: {
    file_hash: string
    name: string
    size: number
  }[]
}
