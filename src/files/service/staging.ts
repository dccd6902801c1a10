/**
 * Where the inputs of tasks lie while they run, apart from the library: files that nobody may write to,
 * folders as they were before they became a list. Tasks that use the same at the same time share it. What an
 * earlier life of this node has left goes at the start.
 */
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { inLanes } from '../../core/lanes.ts'
import { toStoreError } from '../store/disk-errors.ts'
import type { FetchedTree } from './tree-fetch.ts'
import type { FileLibrary } from '../store/library.ts'
import type { Startable } from '../../core/startable.ts'

export interface StagingComponents {
  library: Pick<FileLibrary, 'place'>
}

export interface StagingInit {
  /** Its own, on the disk of the library. */
  folder: string
}

/** Something that lies ready until it is let go of. */
export interface Staged {
  path: string
  letGo: () => Promise<void>
}

interface Place {
  path: string
  ready: Promise<void>
  userCount: number
}

/** Whoever a task runs as may look into it, and nobody may change it. */
const FOLDER_MODE = 0o555
const FILE_MODE = 0o444
/** Of folders while they are filled or emptied. */
const OPEN_MODE = 0o755
const AT_ONCE_MAX = 16

export class Staging implements Startable {
  readonly #components: StagingComponents
  readonly #folder: string
  /** By file id. */
  readonly #places = new Map<string, Place>()
  #count = 0

  constructor(components: StagingComponents, { folder }: StagingInit) {
    this.#components = components
    this.#folder = folder
  }

  /** @throws MeshError STORE_FAILED */
  async start(): Promise<void> {
    try {
      await removeTree(this.#folder)
      await mkdir(this.#folder, { recursive: true, mode: OPEN_MODE })
    } catch (cause) {
      throw toStoreError(cause, this.#folder)
    }
  }

  async stop(): Promise<void> {
    await removeTree(this.#folder).catch(() => {})
  }

  /**
   * A file or folder that is here with all that is in it.
   * @throws MeshError FILE_NOT_FOUND, STORE_FULL, STORE_FAILED
   */
  async take(tree: FetchedTree): Promise<Staged> {
    let place = this.#places.get(tree.id)
    if (place === undefined) {
      const path = this.#newPath()
      place = { path, ready: this.#fill(path, tree), userCount: 0 }
      this.#places.set(tree.id, place)
    }
    const taken = place
    taken.userCount += 1
    const letGo = (): Promise<void> => this.#letGo(tree.id, taken)
    try {
      await taken.ready
      return { path: taken.path, letGo }
    } catch (cause) {
      await letGo()
      throw toStoreError(cause, taken.path)
    }
  }

  /** @throws MeshError STORE_FULL, STORE_FAILED */
  async takeBytes(bytes: Uint8Array): Promise<Staged> {
    const path = this.#newPath()
    const letGo = (): Promise<void> => removeTree(path)
    try {
      await writeFile(path, bytes, { flag: 'wx' })
      await chmod(path, FILE_MODE)
      return { path, letGo }
    } catch (cause) {
      await letGo()
      throw toStoreError(cause, path)
    }
  }

  async #fill(path: string, { entries, id, kind }: FetchedTree): Promise<void> {
    const { library } = this.#components
    if (kind === 'file') return await library.place(id, path)
    const folders = new Set([path])
    for (const entry of entries) {
      for (let at = dirname(entry.path); at !== '.'; at = dirname(at)) folders.add(join(path, at))
    }
    // Outer ones first.
    const sorted = [...folders].toSorted()
    for (const folder of sorted) {
      // oxlint-disable-next-line no-await-in-loop
      await mkdir(folder, { mode: OPEN_MODE })
    }
    await inLanes(entries, AT_ONCE_MAX, async (entry) => {
      await library.place(entry.id, join(path, entry.path))
    })
    await Promise.all(sorted.map((folder) => chmod(folder, FOLDER_MODE)))
  }

  /** Whoever comes while the last one leaves gets a place of his own. */
  async #letGo(id: string, place: Place): Promise<void> {
    place.userCount -= 1
    if (place.userCount > 0) return
    if (this.#places.get(id) === place) this.#places.delete(id)
    await removeTree(place.path)
  }

  #newPath(): string {
    this.#count += 1
    return join(this.#folder, String(this.#count))
  }
}

/** Its folders are made such that what is in them can go. */
async function removeTree(path: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true }).catch(() => [])
  const folders = entries.filter((entry) => entry.isDirectory())
  if (entries.length > 0) await chmod(path, OPEN_MODE)
  for (const { name, parentPath } of folders) {
    // oxlint-disable-next-line no-await-in-loop -- outer ones come first
    await chmod(join(parentPath, name), OPEN_MODE)
  }
  await rm(path, { recursive: true, force: true })
}
