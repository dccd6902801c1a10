/**
 * The folders that the owner of a node has named in its settings. They and no others are shared: one that is
 * no longer named is no longer offered. The node is up while they are still being read.
 */
import { lstat } from 'node:fs/promises'
import { sep } from 'node:path'
import { MeshError, messageOf } from '../core/errors.ts'
import { realPathOf } from '../files/store/shared-folders.ts'
import type { FileLibrary } from '../files/store/library.ts'
import type { Logger } from '../observe/logger.ts'
import type { Startable } from '../core/startable.ts'

export interface OwnerFoldersComponents {
  library: FileLibrary
  logger: Logger
}

export class OwnerFolders {
  readonly #components: OwnerFoldersComponents
  readonly #named: readonly string[]
  #folders: readonly string[] = []

  constructor(components: OwnerFoldersComponents, named: readonly string[]) {
    this.#components = components
    this.#named = named
  }

  /** For the time before anybody can ask. Throws FILE_UNREADABLE for what is no folder. */
  get check(): Startable {
    return { start: () => this.#check(), stop: async () => {} }
  }

  /** It only begins: what is hashed already is given meanwhile. */
  get reading(): Startable {
    const start = async (): Promise<void> => {
      for (const folder of this.#folders) void this.#read(folder)
    }
    return { start, stop: async () => {} }
  }

  async #check(): Promise<void> {
    const { library } = this.#components
    const named: string[] = []
    // oxlint-disable-next-line no-await-in-loop -- the first that is wrong is the one to name
    for (const path of this.#named) named.push(await folderAt(path))
    this.#folders = outermost(named)
    const left = library.sharedFolders().filter((path) => !this.#folders.includes(path))
    await Promise.all(left.map((path) => library.unshare(path)))
  }

  /** Never rejects: one folder that cannot be read does not keep the others from being shared. */
  async #read(folder: string): Promise<void> {
    const { library, logger } = this.#components
    try {
      const { fileCount, hashedFiles, problemCount, sizeBytes } = await library.share(folder)
      const fields = { folder, fileCount, sizeBytes, hashedFiles, problemCount }
      logger.info(fields, 'a folder is shared')
    } catch (cause) {
      if (cause instanceof MeshError && cause.code === 'STOPPING') return
      logger.error({ folder, err: cause }, 'a folder is not shared')
    }
  }
}

async function folderAt(path: string): Promise<string> {
  const folder = await realPathOf(path).catch((cause: unknown) => {
    throw notShared(path, messageOf(cause), cause)
  })
  if ((await lstat(folder)).isDirectory()) return folder
  throw notShared(path, 'it is no folder')
}

function notShared(path: string, why: string, cause?: unknown): MeshError {
  return new MeshError('FILE_UNREADABLE', `${path} cannot be shared: ${why}`, {
    path: 'share_dirs',
    hint: 'name folders that are there and that the user of this node may read; for a file alone there is `taskmesh files add`',
    cause
  })
}

/** A folder in another is shared with it. */
function outermost(folders: readonly string[]): string[] {
  return [...new Set(folders)].filter((path) => !folders.some((folder) => isWithin(path, folder)))
}

function isWithin(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}
