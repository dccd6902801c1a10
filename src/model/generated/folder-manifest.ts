/** Generated from schemas/folder-manifest.schema.json by `npm run generate`; do not edit. */

/**
 * A folder by its content: the files in it. Its text is itself a file with an id; so it has one form: no spaces, fields in this order, entries sorted by the bytes of their paths in UTF-8.
 */
export interface FolderManifestDocument {
  kind: 'folder'
  version: 1
  /**
   * @maxItems 100000
   */
  entries: FolderEntry[]
}
/**
 * This interface was referenced by `FolderManifestDocument`'s JSON-Schema
 * via the `definition` "entry".
 */
export interface FolderEntry {
  /**
   * Below the folder, parts joined by `/`; each a name that every system takes.
   */
  path: string
  size: number
  id: string
}
