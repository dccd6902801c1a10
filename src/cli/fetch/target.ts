/** Where what is fetched is to lie, and what of it lies there already. */
import { basename, dirname, join, resolve } from 'node:path'
import { stat } from 'node:fs/promises'
import { Hasher } from '../../files/store/hasher.ts'
import { inTheWay, isEmptyFolder, look } from './placing.ts'
import { plural } from '../render.ts'
import { systemClock } from '../../core/clock.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { FolderEntry } from '../../files/content/folder-manifest.ts'

export interface Target {
  folder: string
  /** Undefined: what it is called by those who have it. */
  name: string | undefined
}

/** `-o`: a folder that is there or ends in a slash, else the place itself. */
export async function readTarget(
  output: string | undefined,
  name: string | undefined
): Promise<Target> {
  if (output === undefined) return { folder: resolve('.'), name }
  const isFolder = (await stat(output).catch(() => undefined))?.isDirectory() === true
  if (isFolder || /[/\\]$/.test(output)) return { folder: resolve(output), name }
  return { folder: dirname(resolve(output)), name: basename(output) }
}

export interface LookInit extends AbortOptions {
  id: string
  isForced: boolean
}

/**
 * Looks at what lies in a file's place.
 * @returns whether it is that file already
 * @throws MeshError FIELD_INVALID where something else is in the way
 */
export async function isInPlace(
  path: string,
  { id, isForced, signal }: LookInit
): Promise<boolean> {
  const stats = await look(path)
  if (stats === undefined) return false
  // What it is to be can't be told before its list is here.
  if (stats.isDirectory()) return false
  const isSame = (hasher: Hasher): Promise<boolean> => hasContent(hasher, path, id, { signal })
  if (stats.isFile() && (await withHasher(isSame))) return true
  if (isForced) return false
  throw inTheWay(path, stats.isFile() ? 'is there already, with other content' : 'is no plain file')
}

/**
 * Looks at what lies in a folder's place.
 * @returns the files that are missing there
 * @throws MeshError FIELD_INVALID where something else is in the way
 */
export async function missingEntries(
  path: string,
  entries: readonly FolderEntry[],
  { isForced, signal }: Omit<LookInit, 'id'>
): Promise<readonly FolderEntry[]> {
  const stats = await look(path)
  if (stats === undefined || (await isEmptyFolder(path))) return entries
  if (!stats.isDirectory()) throw inTheWay(path, 'is no folder', 'name another place with -o')
  const missing: FolderEntry[] = []
  await withHasher(async (hasher) => {
    for (const entry of entries) {
      // One after the other: each is hashed on all cores.
      if (!(await hasEntry(path, entry, hasher, { signal }))) missing.push(entry)
    }
  })
  if (missing.length === 0 || isForced) return missing
  const what = `${missing.length} of its ${plural(entries.length, 'file')} missing or different`
  throw inTheWay(path, `is there already, with ${what}`)
}

/** Through no link on the way. */
async function hasEntry(
  root: string,
  { id, path, size }: FolderEntry,
  hasher: Hasher,
  options: AbortOptions
): Promise<boolean> {
  const names = path.split('/')
  for (const [index] of names.entries()) {
    const stats = await look(join(root, ...names.slice(0, index + 1)))
    if (index < names.length - 1 && stats?.isDirectory() === true) continue
    if (stats?.isFile() !== true || stats.size !== size) return false
  }
  return await hasContent(hasher, join(root, ...names), id, options)
}

async function hasContent(
  hasher: Hasher,
  path: string,
  id: string,
  options: AbortOptions
): Promise<boolean> {
  return (await hasher.hashFile(path, options)).manifest.id === id
}

async function withHasher<T>(work: (hasher: Hasher) => Promise<T>): Promise<T> {
  const hasher = new Hasher({ clock: systemClock })
  await hasher.start()
  try {
    return await work(hasher)
  } finally {
    await hasher.stop()
  }
}
