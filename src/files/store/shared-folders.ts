/** The folders that the owner shares: which they are, that none lies in another, and that sharing lasts. */
import { lstat, realpath } from 'node:fs/promises'
import { resolve, sep } from 'node:path'
import { MeshError } from '../../core/errors.ts'
import { ShareFolder } from './share-folder.ts'
import { toFileError, unreadable } from './disk-errors.ts'
import type { ScanReport, ShareFolderComponents, ShareFolderInit } from './share-folder.ts'
import type { SharedPath } from './file-index.ts'
import type { Startable } from '../../core/startable.ts'

export interface SharedFoldersInit {
  /** The node's own folder, with its key, or at least the store's: it is never shared. */
  own: string
  /** Of each of them. */
  sharing?: Omit<ShareFolderInit, 'path' | 'exclude'>
}

export class SharedFolders implements Startable {
  readonly #components: ShareFolderComponents
  readonly #init: SharedFoldersInit
  readonly #folders = new Map<string, ShareFolder>()

  constructor(components: ShareFolderComponents, init: SharedFoldersInit) {
    this.#components = components
    this.#init = init
  }

  /** Goes on with what was shared. */
  async start(): Promise<void> {
    for (const path of this.#components.index.folders()) {
      // oxlint-disable-next-line no-await-in-loop -- it only begins
      await this.#begin(path)
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#folders.values()].map((folder) => folder.stop()))
    this.#folders.clear()
  }

  /** See `FileLibrary.share`. */
  async share(path: string): Promise<ScanReport> {
    const folder = await realPathOf(path)
    if (!(await lstat(folder)).isDirectory()) throw unreadable(path, 'it is no folder')
    if (isWithin(folder, await this.#own())) {
      throw new MeshError('FIELD_INVALID', `${path} is of this node itself`, {
        path: 'folder',
        hint: 'share another folder: here lie its key and what others have given it'
      })
    }
    const around = this.#around(folder)
    if (around !== undefined) return around.scan()
    const inner = [...this.#folders.keys()].find((shared) => isWithin(shared, folder))
    if (inner !== undefined) {
      throw new MeshError('FIELD_INVALID', `${inner} in it is shared by itself`, {
        path: 'folder',
        hint: `stop sharing ${inner} first`
      })
    }
    this.#components.index.addFolder(folder)
    return (await this.#begin(folder)).scan()
  }

  /** See `FileLibrary.unshare`. */
  async unshare(path: string): Promise<void> {
    const { index } = this.#components
    // It may be gone.
    const folder = await realPathOf(path).catch(() => resolve(path))
    const shared = this.#folders.get(folder)
    if (shared === undefined) {
      throw new MeshError('FIELD_INVALID', `${path} is not shared`, {
        path: 'folder',
        hint: `shared are: ${index.folders().join(', ') || 'none'}`
      })
    }
    this.#folders.delete(folder)
    await shared.stop()
    index.removeFolder(folder)
  }

  /** What is offered of a folder, which is shared or lies in one that is. */
  pathsIn(folder: string): SharedPath[] {
    const shared = this.#around(folder)?.path ?? folder
    return this.#components.index.sharedPathsIn(shared).filter(({ path }) => isWithin(path, folder))
  }

  #around(path: string): ShareFolder | undefined {
    return [...this.#folders.values()].find((folder) => isWithin(path, folder.path))
  }

  async #begin(path: string): Promise<ShareFolder> {
    const { sharing = {} } = this.#init
    const folder = new ShareFolder(this.#components, {
      ...sharing,
      path,
      exclude: [await this.#own()]
    })
    this.#folders.set(path, folder)
    await folder.start()
    return folder
  }

  /** It may be named by a link. */
  async #own(): Promise<string> {
    return await realpath(this.#init.own)
  }
}

/**
 * A path's one form: folders on the way may be links; what it ends in may not.
 * @throws MeshError FILE_UNREADABLE
 */
export async function realPathOf(path: string): Promise<string> {
  const full = resolve(path)
  try {
    if ((await lstat(full)).isSymbolicLink()) throw unreadable(path, 'it is a link')
    return await realpath(full)
  } catch (cause) {
    throw toFileError(cause, path)
  }
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}
