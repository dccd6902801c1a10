/** Generated from schemas/file-presence.schema.json by `npm run generate`; do not edit. */

/**
 * Of a closed mesh: that the node belongs to it, for those who hear of it through others.
 */
export type SignedText = string

/**
 * What a node with files publishes of itself on its namespace's topic: that it is there, where, and whether its list of files has changed.
 */
export interface FilePresence {
  version: 1
  /**
   * A libp2p peer id.
   */
  peer_id: string
  namespace: string
  /**
   * Grows with every message of this peer; an older one is a replay.
   */
  seq: number
  /**
   * Names one life of the node: revisions of another say nothing.
   */
  run: string
  /**
   * Of its list of files, as `LIST_FILES` counts.
   */
  revision: number
  /**
   * Files that it offers.
   */
  count: number
  /**
   * @maxItems 16
   */
  addresses: string[]
  certificate?: SignedText
}
