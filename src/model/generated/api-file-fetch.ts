/** Generated from schemas/api/file-fetch.schema.json by `npm run generate`; do not edit. */

/**
 * Has the router fetch a file from the mesh.
 */
export interface FileFetchRequest {
  /**
   * What it is to be called; by default its name where it comes from.
   */
  name?: string
  /**
   * Addresses of nodes that are said to have it, such as a link names.
   *
   * @maxItems 16
   */
  peers?: string[]
  pin?: boolean
  /**
   * A moment with its zone, such as `2027-12-24T18:00:00Z`, or how long from now, such as `7d`. Without it, until it is unpinned.
   */
  until?: string
}
