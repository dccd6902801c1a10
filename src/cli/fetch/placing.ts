/**
 * Puts what is whole where it is to be. Names came from strangers: none leads out of the folder, not even by a link
 * that lies in it, and what is there already stays unless its owner said otherwise.
 */
import { chmod, link, lstat, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { MeshError, messageOf } from '../../core/errors.ts'
import { pathFault } from '../../model/safe-name.ts'
import type { FolderEntry } from '../../files/content/folder-manifest.ts'
import type { Stats } from 'node:fs'

export interface PlacingInit {
  /** Of files. */
  mode: number
  /** What is there may be replaced. */
  isForced: boolean
}

/** @throws MeshError FIELD_INVALID where something is in the way; STORE_FAILED */
export async function placeFile(from: string, to: string, init: PlacingInit): Promise<void> {
  try {
    await chmod(from, init.mode)
    if (init.isForced) await replace(from, to)
    else await putNew(from, to)
  } catch (cause) {
    throw toPlacingError(cause, to)
  }
}

/** @param entries what lies below `from`, or some of it where the rest is in place already */
export async function placeFolder(
  from: string,
  to: string,
  entries: readonly Pick<FolderEntry, 'path'>[],
  init: PlacingInit
): Promise<void> {
  try {
    await mkdir(from, { recursive: true })
    for (const { path } of entries) await chmod(join(from, ...path.split('/')), init.mode)
    // A folder that is empty makes room; a link does not.
    if ((await look(to)) === undefined || (await isEmptyFolder(to))) return await rename(from, to)
    for (const { path } of entries) {
      await makeFolders(to, path)
      await placeFile(join(from, ...path.split('/')), join(to, ...path.split('/')), init)
    }
  } catch (cause) {
    throw toPlacingError(cause, to)
  }
}

/** What lies there; a link is itself. */
export async function look(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw toPlacingError(cause, path)
  }
}

export async function isEmptyFolder(path: string): Promise<boolean> {
  const stats = await look(path)
  return stats?.isDirectory() === true && (await readdir(path)).length === 0
}

export function inTheWay(path: string, what: string, hint?: string): MeshError {
  return new MeshError('FIELD_INVALID', `${path} ${what}`, {
    path: '--output',
    hint: hint ?? 'name another place with -o, or replace it with --force'
  })
}

/** @throws MeshError FIELD_INVALID for a path that leads out of its folder, or that no system takes */
export function checkFolderPath(path: string): void {
  const fault = pathFault(path)
  if (fault === undefined) return
  throw new MeshError('FIELD_INVALID', `"${path}" cannot be written: ${fault}`, { path: 'entries' })
}

/** A second name for the bytes is given only where there is none: no moment in which somebody else's file is lost. */
async function putNew(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    // Some file systems know one name for a file and no more.
    const hasLinks = code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP'
    if (hasLinks || (await look(to)) !== undefined) throw cause
    return await rename(from, to)
  }
  await rm(from)
}

async function replace(from: string, to: string): Promise<void> {
  if ((await look(to))?.isDirectory() === true) throw inTheWay(to, 'is a folder')
  await rename(from, to)
}

/** From the outside in, none of them a link. */
async function makeFolders(root: string, path: string): Promise<void> {
  checkFolderPath(path)
  const names = path.split('/').slice(0, -1)
  let folder = root
  for (const name of ['', ...names]) {
    folder = join(folder, name)
    const stats = await look(folder)
    if (stats === undefined) await mkdir(folder)
    else if (!stats.isDirectory()) throw inTheWay(folder, 'is no folder')
  }
}

function toPlacingError(cause: unknown, path: string): MeshError {
  if (cause instanceof MeshError) return cause
  const { code } = cause as NodeJS.ErrnoException
  if (code === 'EEXIST' || code === 'ENOTEMPTY') return inTheWay(path, 'is there already')
  if (code === 'ENOTDIR') return inTheWay(dirname(path), 'is no folder')
  return new MeshError('STORE_FAILED', `${path} could not be written: ${messageOf(cause)}`, {
    hint: 'what has come is kept; see that you may write there, and start the same command again',
    cause
  })
}
