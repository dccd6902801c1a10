/** Into what pieces a file of some size is cut, so that their list stays small and a bad piece costs little. Pure. */
import { LEAF_BYTES } from './content-tree.ts'

/** Below it, requests cost more than bytes; see test/bench. */
const PIECE_BYTES_LIKED = 262_144
/** What is asked for, checked and lost as one; larger files get a longer list instead. */
export const PIECE_BYTES_MAX = 16 * 2 ** 20
/** 32 bytes each. */
const PIECES_LIKED_MAX = 4_096

export interface PiecePlan {
  sizeBytes: number
  /** A power of two times `LEAF_BYTES`. */
  pieceBytes: number
  count: number
}

export function planPieces(sizeBytes: number): PiecePlan {
  return planOf(sizeBytes, pieceBytesFor(sizeBytes))
}

export function planOf(sizeBytes: number, pieceBytes: number): PiecePlan {
  return { sizeBytes, pieceBytes, count: Math.ceil(sizeBytes / pieceBytes) }
}

/** Where one piece lies in its file. */
export function pieceSpan(
  { pieceBytes, sizeBytes }: PiecePlan,
  index: number
): { offset: number; bytes: number } {
  const offset = index * pieceBytes
  return { offset, bytes: Math.min(pieceBytes, sizeBytes - offset) }
}

/** A file's bytes, cut. */
export function piecesOf(bytes: Uint8Array, plan: PiecePlan): Uint8Array[] {
  return Array.from({ length: plan.count }, (_, index) => {
    const { bytes: length, offset } = pieceSpan(plan, index)
    return bytes.subarray(offset, offset + length)
  })
}

export function isPieceSize(pieceBytes: number): boolean {
  const leaves = pieceBytes / LEAF_BYTES
  return Number.isInteger(Math.log2(leaves)) && leaves >= 1 && pieceBytes <= PIECE_BYTES_MAX
}

function pieceBytesFor(sizeBytes: number): number {
  let pieceBytes = LEAF_BYTES
  while (pieceBytes < PIECE_BYTES_LIKED && pieceBytes < sizeBytes) pieceBytes *= 2
  while (pieceBytes < PIECE_BYTES_MAX && sizeBytes > pieceBytes * PIECES_LIKED_MAX) pieceBytes *= 2
  return pieceBytes
}
