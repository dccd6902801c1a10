/**
 * Keeps files and folders of the mesh here for others until a date: brings what is missing and sees that none
 * of it goes to make room. What the owner himself shares is not copied: it is here for as long as he has it.
 */
import { TreeFetch } from './tree-fetch.ts'
import { readMeshFile } from '../../model/input-uri.ts'
import { withOwnFault } from './own-faults.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { FetchProgress, TreeFetchComponents } from './tree-fetch.ts'

export interface FileToKeep {
  /** `mesh:sha256:…` */
  file: string
  /** Unix milliseconds. */
  untilMs: number
  /** For whom: a job's id. */
  owner: string
}

export class FileKeeperService {
  readonly #components: TreeFetchComponents

  constructor(components: TreeFetchComponents) {
    this.#components = components
  }

  /** See the port of engine `storage`. */
  async keep(
    { file, owner, untilMs }: FileToKeep,
    { onProgress, signal }: AbortOptions & { onProgress: (progress: FetchProgress) => void }
  ): Promise<{ file: string; sizeBytes: number; kind: 'file' | 'folder' }> {
    const { file: id } = readMeshFile(file, 'task.file')
    const { library } = this.#components.service
    const fetching = new TreeFetch(this.#components, { ids: [id], peers: [], onProgress })
    try {
      const trees = await fetching.run({ signal })
      for (const { entries } of trees) {
        for (const inner of new Set([id, ...entries.map((entry) => entry.id)])) {
          library.keep(inner, { keptFor: owner, untilMs })
        }
      }
      const { kind = 'file', sizeBytes = 0 } = trees[0] ?? {}
      return { file, sizeBytes, kind }
    } catch (cause) {
      signal?.throwIfAborted()
      throw withOwnFault(cause)
    } finally {
      fetching.letGo()
    }
  }
}
