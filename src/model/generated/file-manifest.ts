/** Generated from schemas/file-manifest.schema.json by `npm run generate`; do not edit. */

/**
 * In the order of the pieces.
 *
 * @maxItems 65536
 *
 * This interface was referenced by `FileManifestDocument`'s JSON-Schema
 * via the `definition` "hashes".
 */
export type PieceHashes = string[]

/**
 * A file by its content: its id, its size, and the hash of each of its pieces. The id is SHA-256 over 0x02, the size (8 bytes, big endian) and the root of the RFC 6962 tree over leaves of 64 KiB; a piece's hash is the root of the subtree over its own leaves.
 */
export interface FileManifestDocument {
  version: 1
  id: string
  /**
   * Bytes.
   */
  size: number
  /**
   * Bytes of each piece but the last: 64 KiB times a power of two.
   */
  piece_size: number
  piece_hashes: PieceHashes
}
/**
 * Some of a manifest's hashes, for a list that is too long for one answer.
 *
 * This interface was referenced by `FileManifestDocument`'s JSON-Schema
 * via the `definition` "page".
 */
export interface PieceHashPage {
  /**
   * The piece whose hash is the first of them.
   */
  from: number
  piece_hashes: PieceHashes
}
