/**
 * Brings files and folders here with all that is in them, several at once. They are held from the first
 * moment, so that none goes to make room for the next.
 */
import { MeshError } from '../../core/errors.ts'
import { inLanes } from '../../core/lanes.ts'
import { folderContents } from './folder-contents.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { Clock } from '../../core/clock.ts'
import type { FileLibrary } from '../store/library.ts'
import type { FileService } from './file-service.ts'
import type { FolderEntry } from '../content/folder-manifest.ts'
import type { Keep } from '../store/file-entry.ts'

export interface TreeFetchComponents {
  clock: Clock
  service: Pick<FileService, 'download' | 'fetch' | 'library'>
}

export interface TreeFetchInit {
  ids: readonly string[]
  /** Peers that are said to have some of it; their addresses are known. */
  peers: readonly string[]
  /** Hears now and then how much of all that is known to be wanted is here; what it throws ends the fetch. */
  onProgress: (progress: FetchProgress) => void
}

export interface FetchProgress {
  bytes: number
  totalBytes: number
  /** What of it was not here before. */
  missingBytes: number
}

/** A file, or a folder with what is in it. */
export interface FetchedTree {
  id: string
  name: string
  kind: 'file' | 'folder'
  /** Of a folder, all that is in it. */
  sizeBytes: number
  entries: readonly FolderEntry[]
}

/** Small files would else wait for one another's round trips; large ones have the line to themselves. */
const AT_ONCE_MAX = 8
const PERIOD_MS = 500

export class TreeFetch {
  readonly #components: TreeFetchComponents
  readonly #init: TreeFetchInit
  readonly #holds: (() => void)[] = []
  /** Being fetched: id → its size, where that was known before. */
  readonly #active = new Map<string, number | undefined>()
  /** Ended as soon as one file does not come. */
  readonly #stopping = new AbortController()
  #sizes = { doneBytes: 0, knownBytes: 0, missingBytes: 0 }

  constructor(components: TreeFetchComponents, init: TreeFetchInit) {
    this.#components = components
    this.#init = init
  }

  /** What was not here before. */
  get fetchedBytes(): number {
    return this.#sizes.missingBytes
  }

  /**
   * To be called once; what it brings is held until `letGo`, whatever the outcome.
   * @throws MeshError as `FileService.fetch`; FIELD_INVALID for a folder that says what is not so; what
   * `onProgress` threw; the signal's reason
   */
  async run({ signal }: AbortOptions): Promise<FetchedTree[]> {
    const { clock } = this.#components
    const onAbort = (): void => this.#stopping.abort(signal?.reason)
    signal?.throwIfAborted()
    signal?.addEventListener('abort', onAbort, { once: true })
    const cancel = clock.every(PERIOD_MS, () => this.#tell())
    try {
      const ids = [...new Set(this.#init.ids)]
      await this.#fetchAll(ids.map((id) => ({ id })))
      const trees = await Promise.all(ids.map((id) => this.#look(id)))
      await this.#fetchAll(trees.flatMap(({ entries }) => entries))
      this.#tell()
      this.#stopping.signal.throwIfAborted()
      return trees
    } finally {
      cancel()
      signal?.removeEventListener('abort', onAbort)
    }
  }

  letGo(): void {
    for (const letGo of this.#holds.splice(0)) letGo()
  }

  async #look(id: string): Promise<FetchedTree> {
    const { library } = this.#components.service
    const { name = id, sizeBytes = 0 } = library.get(id) ?? {}
    const entries = await folderContents(library, id)
    if (entries === undefined) return { id, name, kind: 'file', sizeBytes, entries: [] }
    const inside = entries.reduce((sum, { size }) => sum + size, 0)
    return { id, name, kind: 'folder', sizeBytes: inside, entries }
  }

  async #fetchAll(wanted: readonly { id: string; size?: number }[]): Promise<void> {
    this.#holds.push(this.#components.service.library.hold(wanted.map(({ id }) => id)))
    const missing = this.#count(wanted)
    this.#tell()
    await inLanes(missing, AT_ONCE_MAX, async ({ id, size }) => {
      try {
        await this.#fetch(id, size)
      } catch (cause) {
        // The others need not come any more.
        this.#stopping.abort(cause)
        throw cause
      }
    })
    this.#stopping.signal.throwIfAborted()
  }

  /** Notes how much it is. @returns what is not here, each once */
  #count(
    wanted: readonly { id: string; size?: number }[]
  ): { id: string; size: number | undefined }[] {
    const { library } = this.#components.service
    const missing = new Map<string, { id: string; size: number | undefined }>()
    for (const { id, size } of wanted) {
      const file = library.get(id)
      const sizeBytes = file?.sizeBytes ?? size
      if (size !== undefined && size !== sizeBytes) throw wrongSize(id)
      const isNew = !missing.has(id)
      if (file?.isComplete !== true) missing.set(id, { id, size: sizeBytes })
      if (sizeBytes === undefined || !isNew) continue
      this.#sizes.knownBytes += sizeBytes
      if (file?.isComplete === true) this.#sizes.doneBytes += sizeBytes
      else this.#sizes.missingBytes += sizeBytes
    }
    return [...missing.values()]
  }

  async #fetch(id: string, size: number | undefined): Promise<void> {
    const { service } = this.#components
    const { signal } = this.#stopping
    signal.throwIfAborted()
    this.#active.set(id, size)
    try {
      const { sizeBytes } = await service.fetch(id, { peers: this.#init.peers }, { signal })
      if (size !== undefined && size !== sizeBytes) throw wrongSize(id)
      this.#sizes.doneBytes += sizeBytes
      if (size !== undefined) return
      this.#sizes.knownBytes += sizeBytes
      this.#sizes.missingBytes += sizeBytes
    } finally {
      this.#active.delete(id)
    }
  }

  #tell(): void {
    const { doneBytes, knownBytes, missingBytes } = this.#sizes
    const progress = { bytes: doneBytes, totalBytes: knownBytes, missingBytes }
    for (const [id, size] of this.#active) {
      const { bytes = 0, sizeBytes } = this.#components.service.download(id)?.progress() ?? {}
      progress.bytes += bytes
      // Of what is asked for by its id alone, nobody knew the size before.
      if (size !== undefined || sizeBytes === undefined) continue
      progress.totalBytes += sizeBytes
      progress.missingBytes += sizeBytes
    }
    try {
      this.#init.onProgress(progress)
    } catch (cause) {
      this.#stopping.abort(cause)
    }
  }
}

/** A folder stays with all that is in it. */
export function keepTree(
  library: Pick<FileLibrary, 'keep'>,
  { entries, id }: FetchedTree,
  keep: Keep
): void {
  for (const each of new Set([id, ...entries.map((entry) => entry.id)])) library.keep(each, keep)
}

function wrongSize(id: string): MeshError {
  return new MeshError('FIELD_INVALID', `a folder gives ${id} a size that it does not have`, {
    path: 'entries'
  })
}
