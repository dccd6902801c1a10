/**
 * A hidden folder beside the place where files are to be: what has come of them waits there, so that a run that was
 * cut short is gone on with, and the place itself only ever sees whole files.
 *
 *     .0a1b2c3d4e5f6071.taskmesh/files/     the library in which pieces gather
 *     .0a1b2c3d4e5f6071.taskmesh/whole/…    files and folders that are whole, by their id
 *     .0a1b2c3d4e5f6071.taskmesh/made-here  that a run has made it here, and nobody else has brought it
 */
import {
  lstat,
  mkdir,
  mkdtemp,
  open,
  readFile,
  readdir,
  rename,
  rm,
  writeFile
} from 'node:fs/promises'
import { join } from 'node:path'
import { FILE_ID_PREFIX } from '../../model/file-id.ts'
import { MeshError, messageOf } from '../../core/errors.ts'
import type { Stats } from 'node:fs'

const DIGITS = 16
const PERMISSION_BITS = 0o777
/** Says which folder it was made for. */
const MARK = 'made-here'

export class Workspace {
  readonly path: string
  /** What this user's files may be for others, by the mask of the process. */
  readonly fileMode: number

  private constructor(path: string, fileMode: number) {
    this.path = path
    this.fileMode = fileMode
  }

  /**
   * Makes it, or goes on with it.
   * @param name what is fetched: the id of a file or a job
   * @throws MeshError STORE_FAILED
   */
  static async open(folder: string, name: string): Promise<Workspace> {
    const path = join(folder, `.${shortName(name)}.taskmesh`)
    try {
      await mkdir(folder, { recursive: true })
      await makeMarked(folder, path)
      await mkdir(join(path, 'whole'), { recursive: true })
      return new Workspace(path, await usualMode(join(path, 'mode')))
    } catch (cause) {
      throw new MeshError('STORE_FAILED', `${path} cannot be used: ${messageOf(cause)}`, {
        hint: 'choose a folder that you may write to with -o',
        cause
      })
    }
  }

  get library(): string {
    return join(this.path, 'files')
  }

  /** Where a file, or a folder, waits once it is whole. */
  whole(id: string): string {
    return join(this.path, 'whole', id.slice(FILE_ID_PREFIX.length))
  }

  /** Of a run that has brought nothing, nothing is left. */
  async removeIfEmpty(): Promise<void> {
    const kept = ['whole', 'files/parts', 'files/blobs'].map(async (name) => {
      const folder = join(this.path, ...name.split('/'))
      const inside = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
      return inside.some((entry) => entry.isFile())
    })
    if (!(await Promise.all(kept)).includes(true)) await this.remove()
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true, maxRetries: 3 })
  }
}

function shortName(name: string): string {
  return name.startsWith(FILE_ID_PREFIX)
    ? name.slice(FILE_ID_PREFIX.length, FILE_ID_PREFIX.length + DIGITS)
    : name
}

/**
 * Makes it with its mark in it, or finds it as an earlier run has made it here. What is in it is believed, so one that
 * came with an archive, or that others have put here, makes place for a new one.
 */
async function makeMarked(folder: string, path: string): Promise<void> {
  if (await isMadeHere(path)) return
  await rm(path, { recursive: true, force: true })
  const fresh = await mkdtemp(join(folder, '.new.taskmesh-'))
  try {
    await writeFile(join(fresh, MARK), markOf(await lstat(fresh)), { mode: 0o600 })
    await rename(fresh, path)
  } catch (cause) {
    await rm(fresh, { recursive: true, force: true })
    // Another run was faster.
    if (!(await isMadeHere(path))) throw cause
  }
}

/** Undone by copying, as by an archive or a clone of a repository: nobody can know the number before. */
function markOf({ birthtimeMs, ino }: Stats): string {
  return `${ino} ${Math.trunc(birthtimeMs)}`
}

/** @throws Error for what is a link, or somebody else's: that could be a trap, and is not ours to remove */
async function isMadeHere(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined)
  if (stats === undefined) return false
  const isOwn = process.getuid === undefined || stats.uid === process.getuid()
  if (!stats.isDirectory() || !isOwn) throw new Error('it is not a folder of your own')
  return (await readFile(join(path, MARK), 'utf8').catch(() => '')) === markOf(stats)
}

/** As the system gives it to any new file. */
async function usualMode(path: string): Promise<number> {
  await rm(path, { force: true })
  const handle = await open(path, 'wx', 0o666)
  try {
    return (await handle.stat()).mode & PERMISSION_BITS
  } finally {
    await handle.close()
  }
}
