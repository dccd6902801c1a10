/**
 * Keeps files and folders of the mesh here for others until a date: brings what is missing and sees that none
 * of it goes to make room. What others keep here does not go for it: then this node has no room, and says so.
 * What the owner himself shares is not copied: it is here for as long as he has it.
 */
import { MeshError } from '../../core/errors.ts'
import { TreeFetch, keepTree } from './tree-fetch.ts'
import { formatBytes } from '../../core/units.ts'
import { learnPeers, sourcesAt } from './named-peers.ts'
import { readMeshFile } from '../../model/input-uri.ts'
import { withOwnFault } from './own-faults.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type { LearnAddresses } from './named-peers.ts'
import type { FetchProgress, TreeFetchComponents } from './tree-fetch.ts'

export interface FileToKeep {
  /** `mesh:sha256:…` */
  file: string
  /** Unix milliseconds. */
  untilMs: number
  /** For whom: a job's id. */
  owner: string
}

export interface FileKeeperComponents extends TreeFetchComponents {
  learnAddresses: LearnAddresses
}

export class FileKeeperService {
  readonly #components: FileKeeperComponents

  constructor(components: FileKeeperComponents) {
    this.#components = components
  }

  /** See the port of engine `storage`. */
  async keep(
    { file, owner, untilMs }: FileToKeep,
    { onProgress, signal }: AbortOptions & { onProgress: (progress: FetchProgress) => void }
  ): Promise<{ file: string; sizeBytes: number; kind: 'file' | 'folder' }> {
    const { file: id, peers: addresses } = readMeshFile(file, 'task.file')
    const { learnAddresses, service } = this.#components
    let checkedBytes = 0
    const fetching = new TreeFetch(this.#components, {
      ids: [id],
      peers: await learnPeers(sourcesAt(addresses), learnAddresses),
      onProgress: (progress) => {
        if (progress.missingBytes > checkedBytes) this.#checkRoom(progress)
        checkedBytes = progress.missingBytes
        onProgress(progress)
      }
    })
    try {
      const [tree] = await fetching.run({ signal })
      if (tree !== undefined) keepTree(service.library, tree, { keptFor: owner, untilMs })
      const { kind = 'file', sizeBytes = 0 } = tree ?? {}
      return { file, sizeBytes, kind }
    } catch (cause) {
      signal?.throwIfAborted()
      throw asRefusal(cause)
    } finally {
      fetching.letGo()
    }
  }

  /** Before anything goes to make room for what cannot be here whole. @throws MeshError STORE_FULL */
  #checkRoom({ missingBytes }: FetchProgress): void {
    const { library } = this.#components.service
    const freeable = library.freeableBytes()
    if (missingBytes <= freeable) return
    const sizes = `it needs ${formatBytes(missingBytes)}, and at most ${formatBytes(freeable)} could be freed`
    throw new MeshError('STORE_FULL', sizes)
  }
}

/** No room here is no fault of anybody's: others may have some. */
function asRefusal(cause: unknown): MeshError {
  const error = withOwnFault(cause)
  if (error.code !== 'STORE_FULL') return error
  return new MeshError('RESOURCES_UNAVAILABLE', `no room to keep it here: ${error.message}`, {
    path: 'task.file',
    cause
  })
}
