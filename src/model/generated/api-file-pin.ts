/** Generated from schemas/api/file-pin.schema.json by `npm run generate`; do not edit. */

/**
 * Keeps the router's copy of a file from going to make room.
 */
export interface FilePinRequest {
  /**
   * A moment with its zone, such as `2027-12-24T18:00:00Z`, or how long from now, such as `7d`. Without it, until it is unpinned.
   */
  until?: string
}
