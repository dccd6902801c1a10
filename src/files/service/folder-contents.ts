/** What is in a folder that is here: its list, read and checked. Whether a file is a folder, its content alone tells. */
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { notHere } from '../store/disk-errors.ts'
import { planOf } from '../content/piece-plan.ts'
import { readFolder } from '../content/folder-manifest.ts'
import type { FileLibrary } from '../store/library.ts'
import type { FolderEntry } from '../content/folder-manifest.ts'

/** How every such list begins. */
const BEGINNING = Buffer.from('{"kind":"folder"')

/**
 * @returns undefined for a file that is no folder
 * @throws MeshError FILE_NOT_FOUND where it is not here
 */
export async function folderContents(
  library: Pick<FileLibrary, 'get' | 'readPiece'>,
  id: string
): Promise<FolderEntry[] | undefined> {
  const file = library.get(id)
  if (file === undefined) throw notHere(id)
  if (file.sizeBytes < BEGINNING.length || file.sizeBytes > LIMITS.folderBytesMax) return undefined
  const first = await library.readPiece(id, 0)
  if (!beginsLikeFolder(first)) return undefined
  const pieces = [first]
  const { count } = planOf(file.sizeBytes, file.pieceBytes)
  for (let index = 1; index < count; index++) {
    // oxlint-disable-next-line no-await-in-loop -- in order, and few
    pieces.push(await library.readPiece(id, index))
  }
  try {
    return readFolder(new Uint8Array(Buffer.concat(pieces)))
  } catch (cause) {
    // It only begins like one.
    if (cause instanceof MeshError) return undefined
    throw cause
  }
}

/** Whether that may be the first piece of a folder's list; only all of it tells. */
export function beginsLikeFolder(piece: Uint8Array): boolean {
  return BEGINNING.equals(piece.subarray(0, BEGINNING.length))
}
