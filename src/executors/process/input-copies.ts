/**
 * A task's inputs where no sandbox keeps it from changing them: copies of its own, so that what others read stays
 * what it is. A file system that can share blocks between copies does.
 */
import { chmod, chown, copyFile, mkdir, readdir } from 'node:fs/promises'
import { constants } from 'node:fs'
import { dirname, join } from 'node:path'
import type { TaskInput } from '../executor.ts'

/** Its owner may change that; where the worker is root, the task is not the owner. */
const READ_ONLY = { file: 0o444, folder: 0o555 } as const

/** @param place the task's working folder, and whose it is */
export async function copyInputs(
  inputs: readonly TaskInput[],
  { folder, uid }: { folder: string; uid: number }
): Promise<void> {
  for (const { kind, path, source } of inputs) {
    await makeParents(folder, path, uid)
    await copy(source, join(folder, path), kind)
  }
}

/** Folders on the way are the task's own, and hold what it likes. */
async function makeParents(folder: string, path: string, uid: number): Promise<void> {
  const names = dirname(path) === '.' ? [] : dirname(path).split('/')
  let at = folder
  for (const name of names) {
    at = join(at, name)
    await mkdir(at, { mode: 0o700, recursive: true })
    if (process.getuid?.() !== uid) await chown(at, uid, uid)
  }
}

async function copy(source: string, target: string, kind: TaskInput['kind']): Promise<void> {
  if (kind === 'file') await copyFile(source, target, constants.COPYFILE_FICLONE)
  else {
    await mkdir(target)
    for (const entry of await readdir(source, { withFileTypes: true })) {
      const innerKind = entry.isDirectory() ? 'folder' : 'file'
      await copy(join(source, entry.name), join(target, entry.name), innerKind)
    }
  }
  await chmod(target, READ_ONLY[kind])
}
