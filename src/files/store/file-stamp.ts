/**
 * A file's stamp: what the file system says of it that cannot stay the same when its bytes change. Two
 * equal stamps of one path mean equal bytes, without reading them.
 */
import { constants } from 'node:fs'
import { lstat, open } from 'node:fs/promises'
import { toFileError, unreadable } from './disk-errors.ts'
import type { BigIntStats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'

/**
 * File systems write down times as coarse as their clock's tick: what is written twice within one tick
 * may bear one time. Linux ticks every 1 to 10 ms.
 */
export const STAMP_TICK_MS = 20

/**
 * Inode and both times: `mtime` can be set by anybody, `ctime` by nobody. The device is left out, as its
 * number may be another after a restart.
 */
export function stampOf({ ctimeNs, ino, mtimeNs, size }: BigIntStats): string {
  return `${ino}:${size}:${mtimeNs}:${ctimeNs}`
}

/** Undefined where there is no such file. */
export async function stampAt(path: string): Promise<string | undefined> {
  try {
    return stampOf(await lstat(path, { bigint: true }))
  } catch {
    return undefined
  }
}

/** A file that is open, with what it was when it was opened. */
export interface OpenFile {
  handle: FileHandle
  stats: BigIntStats
}

/**
 * Opens a plain file, and neither a link nor a device, whatever stood there a moment ago.
 * @throws MeshError FILE_UNREADABLE
 */
export async function openPlainFile(path: string): Promise<OpenFile> {
  // Windows has but one of the three. Without O_NONBLOCK, a pipe that nobody writes to would be waited for.
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants
  let handle: FileHandle | undefined
  try {
    handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    const stats = await handle.stat({ bigint: true })
    if (!stats.isFile()) throw unreadable(path, 'it is not a plain file')
    return { handle, stats }
  } catch (cause) {
    await handle?.close()
    throw toFileError(cause, path)
  }
}
