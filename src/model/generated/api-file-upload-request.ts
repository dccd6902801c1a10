/** Generated from schemas/api/file-upload-request.schema.json by `npm run generate`; do not edit. */

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
 * Announces a file whose pieces are to be handed in.
 */
export interface FileUploadRequest {
  manifest: FileManifestDocument
  /**
   * What it is to be called; made safe.
   */
  name: string
  /**
   * It stays until it is unpinned or removed, or until the given moment.
   */
  pin?: boolean
  /**
   * A moment with its zone, such as `2027-12-24T18:00:00Z`, or how long from now, such as `7d`. Without it, until it is unpinned.
   */
  until?: string
}
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
