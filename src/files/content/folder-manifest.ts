/**
 * A folder is a file too: the list of what is in it, in one text for one content, so that equal folders
 * have one id as equal files have. It knows names, sizes and ids, and neither times nor rights. Pure.
 */
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { parseJson } from '../../core/json.ts'
import { validatorFor } from '../../model/validate.ts'
import { findClash, lengthFault, pathFault, sharedFolderLetters } from '../../model/safe-name.ts'
import type { FolderManifestDocument } from '../../model/generated/folder-manifest.ts'

/** A file in a folder: its path there, with `/`, its size in bytes and its id. */
export type FolderEntry = FolderManifestDocument['entries'][number]

const checkDocument = validatorFor<FolderManifestDocument>('folder-manifest')

/**
 * The folder's one text: what is hashed, kept and sent.
 * @throws MeshError FIELD_INVALID where a path cannot be written on every system, or two not both
 */
export function writeFolder(entries: readonly FolderEntry[]): Uint8Array {
  if (entries.length > LIMITS.folderEntriesMax) {
    throw new MeshError('FIELD_INVALID', `the folder has ${entries.length} files`, {
      path: 'entries',
      hint: `share parts of it: one folder has up to ${LIMITS.folderEntriesMax}`
    })
  }
  const inOrder = sorted(entries)
  checkPaths(inOrder)
  const clash = findClash(entries.map(({ path }) => path))
  if (clash !== undefined) {
    throw new MeshError(
      'FIELD_INVALID',
      `"${clash.path}" and "${clash.other}" cannot both be in a folder`,
      { path: 'entries', hint: 'some systems take them for one: rename one of them' }
    )
  }
  const document: FolderManifestDocument = {
    kind: 'folder',
    version: 1,
    entries: inOrder.map(({ path, size, id }) => ({ path, size, id }))
  }
  return new TextEncoder().encode(JSON.stringify(document))
}

/**
 * A folder's text that came from outside: each path in it is checked and may be written.
 * @throws MeshError FIELD_INVALID and the like, also where it is not the one text of its content
 */
export function readFolder(bytes: Uint8Array): FolderEntry[] {
  if (bytes.length > LIMITS.folderBytesMax) {
    throw new MeshError('REQUEST_TOO_LARGE', `a folder's list has ${bytes.length} bytes`, {
      hint: `it may have ${LIMITS.folderBytesMax}`
    })
  }
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  const { entries } = checkDocument(parseJson(text, LIMITS.folderBytesMax))
  if (Buffer.compare(writeFolder(entries), bytes) === 0) return entries
  throw new MeshError('FIELD_INVALID', "a folder's list is not written in its one form", {
    path: 'entries',
    hint: 'sorted by the bytes of the paths, without spaces, fields in the order of the schema'
  })
}

/**
 * That each can be written on every system; of folders that many share, each is looked at once. A few long
 * paths could name as many folders as a million short ones.
 * @throws MeshError FIELD_INVALID
 */
function checkPaths(inOrder: readonly FolderEntry[]): void {
  let folderCount = 0
  let before = ''
  for (const { path } of inOrder) {
    const rest = path.slice(sharedFolderLetters(before, path))
    const fault = lengthFault(path) ?? pathFault(rest)
    if (fault !== undefined) {
      const message = `"${path}" cannot be in a folder: ${fault}`
      throw new MeshError('FIELD_INVALID', message, { path: 'entries' })
    }
    folderCount += rest.split('/').length - 1
    before = path
    if (folderCount <= LIMITS.folderEntriesMax) continue
    throw new MeshError('FIELD_INVALID', 'the folder has too many folders in it', {
      path: 'entries',
      hint: `share parts of it: one folder has up to ${LIMITS.folderEntriesMax}`
    })
  }
}

/** By bytes of UTF-8, as every language can; JavaScript's own order is that of UTF-16. */
function sorted(entries: readonly FolderEntry[]): FolderEntry[] {
  return entries
    .map((entry) => ({ entry, key: Buffer.from(entry.path) }))
    .toSorted((left, right) => Buffer.compare(left.key, right.key))
    .map(({ entry }) => entry)
}
