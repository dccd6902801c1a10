/** Files of this machine that change their place: moved or copied, private and on the disk when it is done. */
import { constants } from 'node:fs'
import { chmod, copyFile, lstat, open, rename } from 'node:fs/promises'
import { codeOf } from './disk-errors.ts'

/** Of a file that only this node's user may use. */
const PRIVATE_MODE = 0o600

/**
 * Moves a file that nobody needs where it is. One that has other names, or another owner, is copied: whoever
 * has those could write to it still.
 */
export async function moveFile(from: string, to: string): Promise<void> {
  const { nlink, uid } = await lstat(from)
  const isOurs = process.getuid === undefined || uid === process.getuid()
  if (nlink > 1 || !isOurs || !(await isRenamed(from, to))) return copyPlain(from, to)
  await chmod(to, PRIVATE_MODE)
  await syncFile(to)
}

/** Where the file system can share the blocks of two files until one is written to, it takes no room. */
export async function copyPlain(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE)
  await chmod(to, PRIVATE_MODE)
  await syncFile(to)
}

/** @returns false where it lies on another disk */
async function isRenamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (cause) {
    if (codeOf(cause) === 'EXDEV') return false
    throw cause
  }
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+')
  try {
    await handle.datasync()
  } finally {
    await handle.close()
  }
}

/** A name is on the disk once its folder is. Windows has no such thing, and no need. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
