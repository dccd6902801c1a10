/** What of a piece may be asked for: nothing that is not there, and nothing finer than leaves. Pure. */
import { LIMITS } from '../../core/limits.ts'
import { LEAF_BYTES } from '../content/content-tree.ts'
import { invalid } from './messages.ts'
import { pieceSpan } from '../content/piece-plan.ts'
import type { PiecePlan } from '../content/piece-plan.ts'

/** Ranges lie on leaves, so that nobody asks byte by byte. @throws MeshError FRAME_INVALID */
export function checkRange(
  plan: PiecePlan,
  { bytes, offset, piece }: { bytes: number; offset: number; piece: number }
): void {
  if (piece >= plan.count) throw invalid(`the file has ${plan.count} pieces, and none at ${piece}`)
  const span = pieceSpan(plan, piece)
  const end = offset + bytes
  const isWhole = offset % LEAF_BYTES === 0 && (end % LEAF_BYTES === 0 || end === span.bytes)
  if (bytes === 0 || bytes > LIMITS.pieceRequestBytesMax || end > span.bytes || !isWhole) {
    throw invalid(`nobody asks for ${bytes} bytes at ${offset} of a piece of ${span.bytes}`)
  }
}
