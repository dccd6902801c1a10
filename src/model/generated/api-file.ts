/** Generated from schemas/api/file.schema.json by `npm run generate`; do not edit. */

/**
 * Storage jobs that keep it on workers, the first hundred.
 *
 * This interface was referenced by `FileView`'s JSON-Schema
 * via the `definition` "keep".
 */
export type FileKeep = FileKeepOrder[]

/**
 * A file or folder that the namespace offers, as a router sees it; of a single one also who has it and how it can be had.
 */
export interface FileView {
  id: string
  /**
   * As whoever offers it calls it; only the id is sure.
   */
  name: string
  /**
   * Bytes.
   */
  size: number
  /**
   * Of the router's own copy: all of it, some of it, or none.
   */
  state: 'complete' | 'part' | 'remote'
  /**
   * Nodes that have all of it, the router among them.
   */
  holders: number
  /**
   * The router's copy never goes to make room.
   */
  pinned: boolean
  /**
   * Unix milliseconds: until then the router's copy does not go to make room.
   */
  kept_until?: number
  /**
   * Who wants it kept so long.
   */
  kept_for?: string
  /**
   * Bytes of each piece but the last.
   */
  piece_size?: number
  piece_count?: number
  /**
   * Names it on other machines, with addresses of nodes that have it.
   */
  link?: string
  /**
   * The first hundred of those who have all of it.
   */
  held_by?: FileHolderView[]
  progress?: FileProgress
  /**
   * Files in it, if it is a folder that the router has.
   */
  entry_count?: number
  keep?: FileKeep
}
/**
 * A node that has all of a file.
 *
 * This interface was referenced by `FileView`'s JSON-Schema
 * via the `definition` "holder".
 */
export interface FileHolderView {
  peer_id: string
  pinned: boolean
  /**
   * Where it is known.
   */
  role?: 'router' | 'worker'
}
/**
 * How far the router is with fetching it, or why it gave up.
 *
 * This interface was referenced by `FileView`'s JSON-Schema
 * via the `definition` "progress".
 */
export interface FileProgress {
  /**
   * Here and right.
   */
  bytes: number
  /**
   * Unknown before the first peer has said it.
   */
  size?: number
  bytes_per_second?: number
  /**
   * Unknown while nobody can tell.
   */
  eta_ms?: number
  /**
   * Peers that give it.
   */
  peers?: number
  error?: FileFailure
}
/**
 * Why it has ended without the file. What has come is kept.
 */
export interface FileFailure {
  code: string
  message: string
  hint?: string
}
export interface FileKeepOrder {
  job_id: string
  /**
   * As many as were asked for.
   */
  copies: number
  copies_there?: number
  /**
   * Unix milliseconds.
   */
  until: number
}
