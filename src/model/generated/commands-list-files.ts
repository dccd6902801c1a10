/** Generated from schemas/commands/list-files.schema.json by `npm run generate`; do not edit. */

/**
 * Files that the answering node offers, in the order in which they came: a first page, or what has changed since an earlier one.
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
  since?: FileCursor
}
/**
 * The `next` of an earlier answer: only what came or went after it.
 */
export interface FileCursor {
  /**
   * Names one life of the node: revisions of another say nothing.
   */
  run: string
  revision: number
  /**
   * Between two pages: the revision at which the first was read. To be given back as it came.
   */
  began?: number
}
/**
 * This interface was referenced by `ListFiles`'s JSON-Schema
 * via the `definition` "result".
 */
export interface ListFilesResult {
  /**
   * @maxItems 1000
   */
  files: OfferedFile[]
  /**
   * What was offered at the cursor and is not any more.
   *
   * @maxItems 1000
   */
  gone?: string[]
  next?: FileCursor1
  has_more?: boolean
  /**
   * The cursor is of an earlier life, or too old: this is the first page, and what is not in the pages is gone.
   */
  is_restart?: boolean
}
export interface OfferedFile {
  file_hash: string
  name: string
  size: number
  /**
   * It does not go to make room.
   */
  pinned?: boolean
  /**
   * For whom it is kept, those first who want it longest: storage jobs, jobs that have left it, others.
   *
   * @maxItems 64
   */
  kept_for?: string[]
}
/**
 * This interface was referenced by `ListFiles`'s JSON-Schema
 * via the `definition` "cursor".
 */
export interface FileCursor1 {
  /**
   * Names one life of the node: revisions of another say nothing.
   */
  run: string
  revision: number
  /**
   * Between two pages: the revision at which the first was read. To be given back as it came.
   */
  began?: number
}
