/** What the router's job engine needs to know and to have of files: who holds them, and copies of its own. */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { TreeFetch, keepTree } from '../files/service/tree-fetch.ts'
import { folderContents } from '../files/service/folder-contents.ts'
import { formatBytes } from '../core/units.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { Clock } from '../core/clock.ts'
import type { FetchProgress } from '../files/service/tree-fetch.ts'
import type { FileCopies, FileCopy, FileHoldings } from '../dispatch/ports.ts'
import type { RouterFiles } from './router-files.ts'

/** As the catalogue has it, which follows all nodes, and the router's own library. */
export function fileHoldings({ ageMs, catalogue, library }: RouterFiles): FileHoldings {
  const isHere = (fileId: string): boolean => library.get(fileId)?.isComplete === true
  return {
    has: (peer, fileId) => catalogue.has(peer, fileId),
    filesOf: async (fileId) => {
      const entries = isHere(fileId) ? await folderContents(library, fileId) : undefined
      return entries?.map(({ id, size }) => ({ id, sizeBytes: size }))
    },
    isHeld: (fileId) => isHere(fileId) || catalogue.find(fileId) !== undefined,
    sizeOf: (fileId) => library.get(fileId)?.sizeBytes ?? catalogue.find(fileId)?.sizeBytes,
    ageMs
  }
}

/** In the router's own library. */
export class LibraryCopies implements FileCopies {
  readonly #clock: Clock
  readonly #files: Pick<RouterFiles, 'library' | 'service'>

  constructor(clock: Clock, files: Pick<RouterFiles, 'library' | 'service'>) {
    this.#clock = clock
    this.#files = files
  }

  async fetch({ file, jobId, peers, untilMs }: FileCopy, options: AbortOptions): Promise<void> {
    const { library, service } = this.#files
    const init = { ids: [file.file], peers, onProgress: refuseMore }
    const fetching = new TreeFetch({ clock: this.#clock, service }, init)
    try {
      const [tree] = await fetching.run(options)
      if (tree !== undefined) keepTree(library, tree, { keptFor: jobId, untilMs })
    } finally {
      fetching.letGo()
    }
  }
}

/** A worker says how large an output is; what comes is what counts. */
function refuseMore({ totalBytes }: FetchProgress): void {
  if (totalBytes <= LIMITS.outputCopyBytesMax) return
  throw new MeshError(
    'FIELD_INVALID',
    `the output is larger than ${formatBytes(LIMITS.outputCopyBytesMax)}, whatever its worker said`
  )
}
