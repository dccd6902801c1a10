/**
 * Folders and files that only their owner gets into, whatever the umask says. What others could have put
 * there is refused and not repaired: nobody can tell any more whose it is.
 */
import { chmodSync, closeSync, mkdirSync, openSync, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { MeshError } from './errors.ts'
import type { Stats } from 'node:fs'

/** What may be wrong with a place, and what puts it right. */
export interface PlaceFault {
  readonly what: string
  readonly remedy: string
}

type Rights = Pick<Stats, 'mode' | 'uid'>

const FOLDER_MODE = 0o700
const FILE_MODE = 0o600
const OTHERS = 0o077
const OTHERS_WRITE = 0o022
/** In such a folder, as /tmp is one, everybody may make files, and each may rename only their own. */
const STICKY = 0o1000
const ROOT = 0

/**
 * Makes the folder, or takes away what rights others have to look into it.
 * @throws MeshError IDENTITY_UNUSABLE where others may have changed what is in it
 */
export function openPrivateFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: FOLDER_MODE })
  requirePrivate(folder)
  if (hasRights() && (statSync(folder).mode & OTHERS) !== 0) chmodSync(folder, FOLDER_MODE)
}

/**
 * Makes an empty file that only its owner can read; one that is there loses the rights of others. It isn't opened
 * for that: closing it would drop the locks that this process may have on it.
 */
export function touchPrivateFile(file: string): void {
  try {
    closeSync(openSync(file, 'wx', FILE_MODE))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
    if (hasRights() && (statSync(file).mode & OTHERS) !== 0) chmodSync(file, FILE_MODE)
  }
}

/**
 * Looks at a folder with secrets and at the one around it: who may write there can put another key in the place of ours.
 * To root the folder around it may be another user's, as with a folder of the host in a container: what that user
 * put in it would be that user's, and is refused itself.
 * @throws MeshError IDENTITY_UNUSABLE
 */
export function requirePrivate(folder: string): void {
  if (!hasRights()) return
  const inner = realpathSync(folder)
  const outer = dirname(inner)
  const fault =
    folderFault(inner, statSync(inner)) ??
    (ownUid() === ROOT ? openFault : folderFault)(outer, statSync(outer))
  if (fault === undefined) return
  throw new MeshError('IDENTITY_UNUSABLE', fault.what, { path: '--home', hint: fault.remedy })
}

/** Why a folder is no place for secrets; undefined where it is one. */
export function folderFault(path: string, stats: Rights): PlaceFault | undefined {
  if (isTrusted(stats.uid)) return openFault(path, stats)
  return {
    what: `the folder ${path} belongs to another user (uid ${stats.uid}), who can change what is in it`,
    remedy: `use a --home of your own, or run: chown ${ownUid()} ${path}`
  }
}

function openFault(path: string, { mode }: Rights): PlaceFault | undefined {
  if ((mode & OTHERS_WRITE) === 0 || (mode & STICKY) !== 0) return undefined
  return {
    what: `others may write in the folder ${path}, and so put another key there`,
    remedy: `see that nothing in it is strange, then run: chmod go-w ${path}`
  }
}

/** Root can do as it likes anyway. */
export function isTrusted(uid: number): boolean {
  return uid === ROOT || uid === ownUid()
}

/** Whether files have an owner and rights here as Unix knows them. */
export function hasRights(): boolean {
  return process.platform !== 'win32'
}

function ownUid(): number {
  return process.geteuid?.() ?? ROOT
}
