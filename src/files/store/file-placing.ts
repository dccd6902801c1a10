/**
 * Puts a whole file of this node's at another path, for whoever works with it there: as a second name of the
 * store's own copy, which is never written to; of the owner's, who may write to his at any time, as a copy.
 */
import { constants } from 'node:fs'
import { chmod, copyFile, link, rm } from 'node:fs/promises'
import { codeOf, notHere, toStoreError } from './disk-errors.ts'
import { stampAt } from './file-stamp.ts'
import type { FileEntry } from './file-entry.ts'
import type { FileIndex } from './file-index.ts'
import type { PieceStore } from './piece-store.ts'

export interface FilePlacingComponents {
  index: FileIndex
  store: PieceStore
}

/** Whoever a task runs as may read it, and nobody may write to it. */
const PLACED_MODE = 0o444
/** A file system without second names, another disk, or more names than it takes. */
const UNLINKABLE: ReadonlySet<unknown> = new Set(['EXDEV', 'EMLINK', 'EPERM', 'ENOTSUP', 'ENOSYS'])

/** @throws MeshError FILE_NOT_FOUND, STORE_FULL, STORE_FAILED */
export async function placeFile(
  components: FilePlacingComponents,
  file: FileEntry,
  path: string
): Promise<void> {
  const { index, store } = components
  const isPlaced =
    (file.own === 'blob' && (await placeOwn(store, file, path))) ||
    (await placeShared(components, index.sharedPathsOf(file.id), path))
  if (!isPlaced) throw notHere(file.id)
  await chmod(path, PLACED_MODE)
}

/** @returns false where it is lost */
async function placeOwn(store: PieceStore, file: FileEntry, path: string): Promise<boolean> {
  const blob = store.blobPath(file.id)
  try {
    await link(blob, path).catch((cause: unknown) => {
      if (!UNLINKABLE.has(codeOf(cause))) throw cause
      return copyFile(blob, path, constants.COPYFILE_FICLONE)
    })
    return true
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw toStoreError(cause, path)
    await store.removeOwn(file.id)
    return false
  }
}

/** From the first path that still has it. @returns false where none has */
async function placeShared(
  { store }: FilePlacingComponents,
  shared: readonly { path: string; stamp: string }[],
  path: string
): Promise<boolean> {
  for (const source of shared) {
    // The next is read only where this one fails.
    /* oxlint-disable no-await-in-loop */
    const isCopied = await copyFile(source.path, path, constants.COPYFILE_FICLONE).then(
      () => true,
      (cause: unknown) => {
        const error = toStoreError(cause, path)
        if (error.code === 'STORE_FULL') throw error
        return false
      }
    )
    // Looked at afterwards: until then nobody has written to it.
    if (isCopied && (await stampAt(source.path)) === source.stamp) return true
    await rm(path, { force: true })
    await store.withdraw(source.path)
    /* oxlint-enable no-await-in-loop */
  }
  return false
}
