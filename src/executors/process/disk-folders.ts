/**
 * Working folders on the worker's disk, for tasks that may write more than their memory holds. Where the
 * worker is root, each is a file system of its own in a file that has its whole size from the start: the
 * kernel bounds it to the block, a full disk shows before the task begins, and as it is mounted in the
 * task's own namespace, nothing of it outlives the task, whoever is killed. Elsewhere it is a plain
 * folder, and its sum has to be watched (`disk-watch.ts`).
 */
import { chownSync, mkdirSync, mkdtempSync, statfsSync, unlinkSync } from 'node:fs'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { rm } from 'node:fs/promises'
import { promisify } from 'node:util'
import { MeshError, messageOf } from '../../core/errors.ts'
import { findTool } from './system-view.ts'
import { formatBytes } from '../../core/units.ts'
import { removeTree } from './remove-tree.ts'

export interface DiskFoldersInit {
  /** A folder of the worker's own for them, which `start` empties. */
  folder: string
  /** Whose they are. */
  uid: number
  /** Whether each may be a file system of its own. */
  hasImages: boolean
}

export interface DiskFolder {
  /** Goes before all else, and brings the folder to where the task's user can reach it. */
  readonly command: readonly string[]
  /** Where it is for what follows. */
  readonly path: string
  /** Whether nothing but a watch bounds it. */
  readonly isWatched: boolean
  /** Its task's processes hold it from now on. */
  enter(): void
  remove(): Promise<void>
}

/** `image` and `bound` folders are another user's than the worker; `plain` ones the worker's own. */
type Way = 'image' | 'bound' | 'plain' | 'none'

const run = promisify(execFile)

/**
 * Where root puts the folder in a namespace of the task's own. It is on every system, everybody may go
 * there, and no sandbox shows it: each has its own.
 */
const STAGE = '/dev/shm'
const PRIVATE = ['--mount', '--propagation', 'private', '--', '/bin/sh', '-c']
const GO_ON = 'shift 2 && exec "$@"'
/** No journal, nothing kept back for root, nothing given back to the disk while it is made. */
const FORMAT = ['-q', '-F', '-m', '0', '-O', '^has_journal']
const FORMAT_EXTRAS = 'nodiscard,lazy_itable_init=1'
/** What the file system needs for itself: tables of files, a little of everything. */
const IMAGE_SHARE = 1 / 32
const IMAGE_BYTES = 4 * 2 ** 20
const TRIAL_BYTES = 2 ** 20

export class DiskFolders {
  readonly #init: DiskFoldersInit
  #way: Way = 'none'
  #count = 0

  constructor(init: DiskFoldersInit) {
    this.#init = init
  }

  /** Whether there are any. */
  get isOffered(): boolean {
    return this.#way !== 'none'
  }

  /** Removes what an earlier run left, and finds out by trying what can be done here. */
  async start(): Promise<void> {
    const { folder, hasImages, uid } = this.#init
    await removeTree(folder)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    if (process.getuid?.() === uid) this.#way = 'plain'
    else if (hasImages && (await this.#works('image'))) this.#way = 'image'
    else this.#way = (await this.#works('bound')) ? 'bound' : 'none'
  }

  /** @throws MeshError RESOURCES_UNAVAILABLE where the disk has not so much */
  async open(bytes: number): Promise<DiskFolder> {
    return this.#way === 'image' ? await this.#openImage(bytes) : this.#openFolder(bytes, this.#way)
  }

  async stop(): Promise<void> {
    await removeTree(this.#init.folder)
  }

  async #openImage(bytes: number): Promise<DiskFolder> {
    const { folder, uid } = this.#init
    this.#count += 1
    const file = join(folder, `image-${this.#count}`)
    const size = Math.ceil(bytes * (1 + IMAGE_SHARE)) + IMAGE_BYTES
    const extras = ['-E', `${FORMAT_EXTRAS},root_owner=${uid}:${uid}`, file]
    try {
      await run(findTool('fallocate', 'util-linux'), ['-l', String(size), file], { env: {} })
      await run(findTool('mkfs.ext4', 'e2fsprogs'), [...FORMAT, ...extras], { env: {} })
    } catch (cause) {
      await rm(file, { force: true })
      throw noSpace(bytes, folder, cause)
    }
    const mount = 'mount -n -t ext4 -o loop,nosuid,nodev,noatime,noinit_itable "$1" "$2"'
    return {
      command: stageCommand(`${mount} && rmdir "$2/lost+found" && ${GO_ON}`, file),
      path: STAGE,
      isWatched: false,
      // The mount keeps it, and lets it go by itself.
      enter: () => unlinkSync(file),
      remove: async () => await rm(file, { force: true })
    }
  }

  #openFolder(bytes: number, way: Way): DiskFolder {
    const { folder, uid } = this.#init
    const { bavail, bsize } = statfsSync(folder)
    if (bavail * bsize < bytes) throw noSpace(bytes, folder)
    const path = mkdtempSync(join(folder, 'folder-'))
    if (way === 'bound') chownSync(path, uid, uid)
    return {
      command: way === 'bound' ? stageCommand(`mount -n --bind "$1" "$2" && ${GO_ON}`, path) : [],
      path: way === 'bound' ? STAGE : path,
      isWatched: true,
      enter: () => {},
      remove: () => removeTree(path)
    }
  }

  async #works(way: 'image' | 'bound'): Promise<boolean> {
    try {
      const trial =
        way === 'image' ? await this.#openImage(TRIAL_BYTES) : this.#openFolder(TRIAL_BYTES, way)
      const [file = '', ...rest] = trial.command
      await run(file, [...rest, '/bin/sh', '-c', 'echo >"$0/there"', trial.path], { env: {} })
      await trial.remove()
      return true
    } catch {
      // A tool is missing, or this root may not mount; the next way may still work.
      return false
    }
  }
}

function stageCommand(script: string, source: string): string[] {
  return [findTool('unshare', 'util-linux'), ...PRIVATE, script, 'sh', source, STAGE]
}

function noSpace(bytes: number, folder: string, cause?: unknown): MeshError {
  const { bavail, bsize } = statfsSync(folder)
  const freeBytes = bavail * bsize
  const why = freeBytes < bytes || cause === undefined ? '' : `: ${messageOf(cause)}`
  return new MeshError(
    'RESOURCES_UNAVAILABLE',
    `no folder of ${formatBytes(bytes)} can be made on the worker's disk, which has ${formatBytes(freeBytes)} free${why}`,
    { path: 'resources.disk', hint: 'free some space there, or ask for less', blame: 'worker' }
  )
}
