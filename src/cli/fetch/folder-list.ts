/** Tells a folder from a file: what an id is, is told by its content. */
import { LIMITS } from '../../core/limits.ts'
import { readFolder } from '../../files/content/folder-manifest.ts'
import type { FileEntry } from '../../files/store/file-index.ts'
import type { FileLibrary } from '../../files/store/library.ts'
import type { FolderEntry } from '../../files/content/folder-manifest.ts'

const START = Buffer.from('{"kind":"folder","version":1,"entries":[')

/** The list of a folder that is here whole; undefined where it is a file. @throws MeshError as `readPiece` */
export async function readEntries(
  library: FileLibrary,
  { id, pieceBytes, sizeBytes }: Pick<FileEntry, 'id' | 'pieceBytes' | 'sizeBytes'>
): Promise<readonly FolderEntry[] | undefined> {
  if (sizeBytes < START.length || sizeBytes > LIMITS.folderBytesMax) return undefined
  const pieces = [await library.readPiece(id, 0)]
  if (!isFolderStart(pieces[0])) return undefined
  for (let index = 1; index * pieceBytes < sizeBytes; index += 1) {
    pieces.push(await library.readPiece(id, index))
  }
  try {
    return readFolder(Buffer.concat(pieces))
  } catch {
    // It only begins like one.
    return undefined
  }
}

export function isFolderStart(piece: Uint8Array | undefined): boolean {
  return piece !== undefined && START.equals(piece.subarray(0, START.length))
}
