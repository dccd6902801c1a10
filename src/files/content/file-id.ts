/**
 * A file's id: its size and the root of its hash tree, hashed. Equal bytes have one id, whatever their
 * name and in whatever pieces they travel; whoever claims another size has another id. Pure.
 */
import { FILE_ID_PREFIX } from '../../model/file-id.ts'
import { HASH_BYTES } from './content-tree.ts'
import { sha256 } from '../../core/sha256.ts'
import { toHex } from 'multiformats/bytes'

/** Apart from leaves (0) and nodes (1) of the tree, so that no id is the hash of either. */
const FILE_MARK = 2
const SIZE_BYTES = 8

/** `sha256:` and 64 hex digits. */
export function fileIdOf(sizeBytes: number, root: Uint8Array): string {
  const text = new Uint8Array(1 + SIZE_BYTES + HASH_BYTES)
  text[0] = FILE_MARK
  new DataView(text.buffer).setBigUint64(1, BigInt(sizeBytes))
  text.set(root, 1 + SIZE_BYTES)
  return `${FILE_ID_PREFIX}${toHex(sha256(text))}`
}
