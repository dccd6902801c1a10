/**
 * A hidden folder beside the place where files are to be: what has come of them waits there, so that a run that was
 * cut short is gone on with, and the place itself only ever sees whole files.
 *
 *     .0a1b2c3d4e5f6071.taskmesh/files/     the library in which pieces gather
 *     .0a1b2c3d4e5f6071.taskmesh/whole/…    files and folders that are whole, by their id
 */
import { lstat, mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { FILE_ID_PREFIX } from '../../model/file-id.ts'
import { MeshError, messageOf } from '../../core/errors.ts'

const DIGITS = 16
const PERMISSION_BITS = 0o777

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
      await mkdir(path, { mode: 0o700 }).catch(ignoreExisting)
      // Somebody else's, or a link, could be a trap.
      const stats = await lstat(path)
      const isOwn = process.getuid === undefined || stats.uid === process.getuid()
      if (!stats.isDirectory() || !isOwn) throw new Error('it is not a folder of your own')
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

function ignoreExisting(cause: NodeJS.ErrnoException): void {
  if (cause.code !== 'EEXIST') throw cause
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
