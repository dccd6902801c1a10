/**
 * The way to something in a folder that a stranger has filled: from folder to folder by open descriptors, each
 * of them a folder itself and no link, so that no name leads out and nothing that changes meanwhile leads elsewhere.
 */
import { constants } from 'node:fs'
import { lstat, open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { Stats } from 'node:fs'

/** Something at the end of its way. */
export interface Found {
  /** Leads to it for as long as it is used; it may itself be a link. */
  at: string
  stats: Stats
}

/** Why there is no way: nothing is there, or what stands there is no folder to go through. */
export type Obstacle = 'missing' | 'link' | 'special file' | 'changed'

const FOLDER_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_DIRECTORY

/** @param path has passed `checkTaskPath` */
export async function findGuestPath<T>(
  root: string,
  path: string,
  use: (found: Found | Obstacle) => Promise<T>
): Promise<T> {
  const folders: FileHandle[] = []
  try {
    return await use(await goTo(root, path.split('/'), folders))
  } finally {
    for (const folder of folders) await folder.close()
  }
}

async function goTo(
  root: string,
  names: readonly string[],
  folders: FileHandle[]
): Promise<Found | Obstacle> {
  let found: Found | undefined
  for (const name of names) {
    const folder = found === undefined ? undefined : await openGuestFolder(found)
    if (folder !== undefined) folders.push(folder)
    else if (found !== undefined) return found.stats.isDirectory() ? 'changed' : kindOf(found.stats)
    const at = `${found === undefined || folder === undefined ? root : wayInto(folder, found.at)}/${name}`
    const stats = await statsOf(at)
    if (stats === undefined) return 'missing'
    found = { at, stats }
  }
  return found ?? 'missing'
}

export async function statsOf(at: string): Promise<Stats | undefined> {
  return await lstat(at).catch(() => undefined)
}

/** Undefined if it is no folder, or no longer the one that was looked at. */
export async function openGuestFolder({ at, stats }: Found): Promise<FileHandle | undefined> {
  const folder = await open(at, FOLDER_FLAGS).catch(() => undefined)
  const now = await folder?.stat()
  if (now?.dev === stats.dev && now.ino === stats.ino) return folder
  await folder?.close()
  return undefined
}

/** Leads to the folder itself, whatever its name leads to by now, where the system has such ways. */
export function wayInto({ fd }: FileHandle, at: string): string {
  return process.platform === 'linux' ? `/proc/self/fd/${fd}` : at
}

export function kindOf(stats: Stats): 'link' | 'special file' {
  return stats.isSymbolicLink() ? 'link' : 'special file'
}
