/**
 * What a task has left in a folder, looked at before any of it is taken: plain files alone. Links, pipes,
 * sockets and devices are left out and named; what cannot be written on every system is the task's mistake.
 */
import { chmod, lstat } from 'node:fs/promises'
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { findClash, pathFault } from '../../model/safe-name.ts'
import { pathBelow, walkFolder } from '../store/folder-walk.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { BigIntStats } from 'node:fs'

export interface ProducedFile {
  /** Below the folder, with `/`. */
  path: string
  /** On this machine. */
  source: string
  sizeBytes: number
}

export interface ProducedFolder {
  files: ProducedFile[]
  /** Paths of what is left out: so many of them as anybody reads. */
  skipped: string[]
  skippedCount: number
}

const SKIPPED_NAMED_MAX = 20
/** For its owner: to read a file, and to read and enter a folder. */
const READABLE = { file: 0o400n, folder: 0o500n }
const READABLE_TO_ALL = 0o004n
const OWNER_MODE = { file: 0o600, folder: 0o700 }

/** @throws MeshError TASK_FAILED; the signal's reason */
export async function readProducedFolder(
  root: string,
  { signal }: AbortOptions
): Promise<ProducedFolder> {
  const folder: ProducedFolder = { files: [], skipped: [], skippedCount: 0 }
  let seenCount = 0
  let owner: bigint | undefined
  for await (const found of walkFolder(root, { exclude: new Set(), signal })) {
    seenCount += 1
    if (seenCount > 2 * LIMITS.folderEntriesMax) throw tooMany()
    if (found.kind === 'problem') {
      await skip(folder, pathBelow(root, found.path), found)
      continue
    }
    // The folder itself comes first.
    owner ??= found.stats.uid
    if (found.kind === 'file' && isOthersSecret(found.stats, owner)) {
      leaveOut(folder, pathBelow(root, found.path))
      continue
    }
    await makeReadable(found.path, found.kind, found.stats)
    if (found.kind !== 'file') continue
    if (folder.files.length >= LIMITS.folderEntriesMax) throw tooMany()
    const path = pathBelow(root, found.path)
    const fault = pathFault(path)
    if (fault !== undefined) throw unusable(`"${path}" cannot be in a folder of the mesh: ${fault}`)
    folder.files.push({ path, source: found.path, sizeBytes: Number(found.stats.size) })
  }
  const clash = findClash(folder.files.map(({ path }) => path))
  if (clash === undefined) return folder
  throw unusable(`"${clash.path}" and "${clash.other}" cannot both be in a folder of the mesh`)
}

/**
 * A second name that a task has given to a file of somebody else, which it may not read itself: a worker that is root
 * could, and must not do it for the task.
 */
export function isOthersSecret({ mode, nlink, uid }: BigIntStats, owner: bigint): boolean {
  return nlink > 1n && uid !== owner && (mode & READABLE_TO_ALL) === 0n
}

/** The task may have taken the right to it from everybody. */
export async function makeReadable(
  path: string,
  kind: 'file' | 'folder',
  { mode }: Pick<BigIntStats, 'mode'>
): Promise<void> {
  if ((mode & READABLE[kind]) === READABLE[kind]) return
  // Where it is another's, as of a worker that is root, the right is not needed.
  await chmod(path, OWNER_MODE[kind]).catch(() => {})
}

/** @throws MeshError TASK_FAILED for a file or folder that should be there and cannot be had */
async function skip(
  folder: ProducedFolder,
  path: string,
  found: { path: string; why: string }
): Promise<void> {
  const stats = await lstat(found.path).catch(() => undefined)
  if (stats === undefined || stats.isFile() || stats.isDirectory()) {
    throw unusable(`"${path}" cannot be read: ${found.why}`)
  }
  leaveOut(folder, path)
}

function leaveOut(folder: ProducedFolder, path: string): void {
  folder.skippedCount += 1
  if (folder.skipped.length < SKIPPED_NAMED_MAX) folder.skipped.push(path)
}

function tooMany(): MeshError {
  return unusable(`there are more than ${LIMITS.folderEntriesMax} files and folders in it`)
}

function unusable(why: string): MeshError {
  return new MeshError('TASK_FAILED', why, { path: 'outputs' })
}
