/**
 * Writes files that came back from a worker into a folder of this machine. Their names are a stranger's: none leaves
 * the folder, not even by a link that lies in it, and what is there already stays unless its owner said otherwise.
 */
import { constants } from 'node:fs'
import { lstat, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { MeshError, messageOf } from '../core/errors.ts'
import { checkTaskPath } from '../model/task-files.ts'
import type { ReturnedFile } from './program-result.ts'

/** Without this a link in the place of a file would be followed. */
const NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
const REPLACED = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW

/**
 * All or, where one may not be written, none.
 * @param id of the job, by which they can be had again
 * @returns where each of them is now
 * @throws MeshError FIELD_INVALID for a path that leaves the folder, or one that is there already
 */
export async function saveFiles(
  folder: string,
  files: readonly ReturnedFile[],
  { id, isForced }: { id: string; isForced: boolean }
): Promise<string[]> {
  for (const { path } of files) {
    checkTaskPath(path, path)
    // oxlint-disable-next-line no-await-in-loop -- the first that may not be written is the one to name
    await checkPlace(folder, path, { id, isForced })
  }
  const saved: string[] = []
  for (const file of files) {
    // oxlint-disable-next-line no-await-in-loop -- in their order
    saved.push(await saveFile(folder, file, isForced ? REPLACED : NEW))
  }
  return saved
}

async function checkPlace(
  folder: string,
  path: string,
  { id, isForced }: { id: string; isForced: boolean }
): Promise<void> {
  const segments = path.split('/')
  for (const [index] of segments.entries()) {
    const place = join(folder, ...segments.slice(0, index + 1))
    // oxlint-disable-next-line no-await-in-loop -- from the outside in
    const found = await lstat(place).catch(() => undefined)
    if (found === undefined) return
    const isLast = index === segments.length - 1
    if (!isLast && !found.isDirectory()) throw taken(place, 'is no folder')
    if (isLast && !isForced)
      throw taken(
        place,
        'is there already',
        `replace it: taskmesh job wait ${id} --save ${folder} --force`
      )
    if (isLast && !found.isFile()) throw taken(place, 'is no plain file')
  }
}

async function saveFile(
  folder: string,
  { content, path }: ReturnedFile,
  flags: number
): Promise<string> {
  const target = join(folder, ...path.split('/'))
  try {
    await mkdir(join(target, '..'), { recursive: true })
    const file = await open(target, flags, 0o644)
    try {
      await file.writeFile(content)
    } finally {
      await file.close()
    }
    return target
  } catch (cause) {
    throw taken(target, `could not be written: ${messageOf(cause)}`)
  }
}

function taken(place: string, what: string, hint = 'name another folder'): MeshError {
  return new MeshError('FIELD_INVALID', `${place} ${what}`, { path: '--save', hint })
}
