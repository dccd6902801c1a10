/** A file as it comes, from its first byte to its last: for whoever reads along while it is fetched. */
import type { Download } from './download.ts'
import type { FileLibrary } from '../store/library.ts'

/** Pieces in order; what is read slowly waits on the disk, not in memory. @throws as the download does */
export async function* readInOrder(
  download: Download,
  library: Pick<FileLibrary, 'readPiece'>
): AsyncGenerator<Uint8Array> {
  const { count } = await download.plan
  for (let piece = 0; piece < count; piece += 1) {
    // One after the other, at the reader's pace.
    // oxlint-disable-next-line no-await-in-loop
    yield await readWhenHere(download, library, piece)
  }
}

/** One piece, as soon as it is here. @throws as the download does */
export async function readWhenHere(
  download: Download,
  library: Pick<FileLibrary, 'readPiece'>,
  piece: number
): Promise<Uint8Array> {
  await download.whenHere(piece)
  return await library.readPiece(download.fileId, piece).catch(async () => {
    // A part can't be read while it becomes a whole file.
    await download.finished
    return await library.readPiece(download.fileId, piece)
  })
}
