/**
 * A file's id: its size and the root of its hash tree, hashed. Equal bytes have one id, whatever their
 * name and in whatever pieces they travel; whoever claims another size has another id. Pure.
 */
import { hash } from 'node:crypto'
import { HASH_BYTES } from './content-tree.ts'
import { MeshError } from '../../core/errors.ts'

const PREFIX = 'sha256:'
const ID = /^(?:sha256:)?([0-9a-f]{64})$/
/** Apart from leaves (0) and nodes (1) of the tree, so that no id is the hash of either. */
const FILE_MARK = 2
const SIZE_BYTES = 8

/** `sha256:` and 64 hex digits. */
export function fileIdOf(sizeBytes: number, root: Uint8Array): string {
  const text = new Uint8Array(1 + SIZE_BYTES + HASH_BYTES)
  text[0] = FILE_MARK
  new DataView(text.buffer).setBigUint64(1, BigInt(sizeBytes))
  text.set(root, 1 + SIZE_BYTES)
  return `${PREFIX}${hash('sha256', text, 'hex')}`
}

/**
 * An id in its one form; `sha256:` may be left out by people.
 * @param path the field or argument that holds it
 * @throws MeshError FIELD_INVALID
 */
export function readFileId(text: string, path: string): string {
  const digits = ID.exec(text.trim().toLowerCase())?.[1]
  if (digits !== undefined) return `${PREFIX}${digits}`
  throw new MeshError('FIELD_INVALID', `${path} is not the id of a file`, {
    path,
    hint: 'write sha256: and 64 hex digits, as `taskmesh files ls` shows them'
  })
}
