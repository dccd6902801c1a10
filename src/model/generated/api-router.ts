/** Generated from schemas/api/router.schema.json by `npm run generate`; do not edit. */

/**
 * A router of the namespace. Its own API stands under /v1/routers/PEER/…, word for word as under its own /v1/….
 */
export interface RouterView {
  peer_id: string
  name?: string
  is_self: boolean
}
