/** Generated from schemas/commands/request-piece.schema.json by `npm run generate`; do not edit. */

/**
 * The bytes of one piece, or some of them where a piece is longer than an answer.
 */
export interface RequestPiece {
  params: RequestPieceParams
  result: RequestPieceResult
}
/**
 * This interface was referenced by `RequestPiece`'s JSON-Schema
 * via the `definition` "params".
 */
export interface RequestPieceParams {
  file_hash: string
  piece_index: number
  /**
   * Within the piece.
   */
  offset?: number
  length?: number
}
/**
 * This interface was referenced by `RequestPiece`'s JSON-Schema
 * via the `definition` "result".
 */
export interface RequestPieceResult {
  file_hash: string
  piece_index: number
  /**
   * Base64 in the JSON binding; the frame's body on a session.
   */
  data?: string
  offset?: number
  /**
   * Of the whole piece.
   */
  piece_bytes?: number
}
