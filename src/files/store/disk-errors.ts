/** What the file system and the index report, turned into errors that say which file and what to do. */
import { MeshError, messageOf } from '../../core/errors.ts'

/** SQLite's result code for a disk that takes no more (sqlite.org/rescode.html). */
const SQLITE_FULL = 13
/** The second is a user's quota. */
const FULL: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT'])
const UNREADABLE: ReadonlySet<unknown> = new Set([
  'EACCES',
  'EISDIR',
  'ELOOP',
  'ENAMETOOLONG',
  'ENOENT',
  'ENOTDIR',
  'ENXIO',
  'EPERM'
])

/** An error about a file of the user's. */
export function toFileError(cause: unknown, path: string): MeshError {
  if (cause instanceof MeshError) return cause
  if (UNREADABLE.has(codeOf(cause))) return unreadable(path, whyUnreadable(cause), cause)
  return toStoreError(cause, path)
}

/** An error about a file of the store's own. */
export function toStoreError(cause: unknown, path: string): MeshError {
  if (cause instanceof MeshError) return cause
  if (isDiskFull(cause)) {
    return new MeshError('STORE_FULL', `there is no room on the disk of ${path}`, {
      hint: 'free some space; a download goes on where it stopped',
      cause
    })
  }
  return new MeshError('STORE_FAILED', `${path}: ${messageOf(cause)}`, {
    hint: 'see that this user may write there and that the disk is sound',
    cause
  })
}

/** The usual two without the words of the system. */
function whyUnreadable(cause: unknown): string {
  const code = codeOf(cause)
  if (code === 'ENOENT') return 'it is not there'
  return code === 'EACCES' ? 'this user may not read it' : messageOf(cause)
}

export function unreadable(path: string, why: string, cause?: unknown): MeshError {
  return new MeshError('FILE_UNREADABLE', `${path} cannot be read: ${why}`, {
    hint: 'name a plain file that the user of this node may read',
    cause
  })
}

export function changed(path: string): MeshError {
  return new MeshError('FILE_CHANGED', `${path} was written to while it was read, or since`, {
    hint: 'wait until its writer is done'
  })
}

export function notHere(id: string): MeshError {
  return new MeshError('FILE_NOT_FOUND', `this node does not have ${id}`)
}

/** Where the program went wrong and nothing of the outside did, there is no code. */
export function codeOf(cause: unknown): unknown {
  return (cause as { code?: unknown } | null)?.code
}

function isDiskFull(cause: unknown): boolean {
  const { errcode } = (cause ?? {}) as { errcode?: unknown }
  const isIndexFull = typeof errcode === 'number' && (errcode & 0xff) === SQLITE_FULL
  return FULL.has(codeOf(cause)) || isIndexFull
}
