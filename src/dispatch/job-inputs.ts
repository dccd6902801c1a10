/**
 * Which files of the mesh the items of a job read, for selection to ask who has them. A folder
 * counts by its files. Ids alone: the document, with all its bodies, stays in the store.
 */
import { filesOfItem } from '../model/job-inputs.ts'
import type { FileHoldings } from './ports.ts'
import type { InputFiles, InputSize } from '../selection/candidate.ts'
import type { JobDocument } from '../model/job.ts'

/** Inputs of a job that are looked at for being folders, and files of one that stand for all of it: the largest. */
const FOLDERS_MAX = 1_000
const FOLDER_FILES_MAX = 256

export class JobInputs {
  readonly #holdings: FileHoldings
  /** What stands for a folder, by its id. */
  readonly #folders = new Map<string, readonly InputSize[]>()
  /** Of items without inputs of their own. */
  readonly #shared: readonly string[]
  readonly #own = new Map<number, readonly string[]>()

  /** @param document as it is to be run: what was asked for by other names has become files of the mesh */
  static async read(document: JobDocument, holdings: FileHoldings): Promise<JobInputs> {
    const inputs = new JobInputs(document, holdings)
    await inputs.#openFolders()
    return inputs
  }

  private constructor(document: JobDocument, holdings: FileHoldings) {
    this.#holdings = holdings
    const { each, ...job } = document
    this.#shared = filesOfItem(job, 0).files
    for (const [index, item] of (each ?? []).entries()) {
      if (item.inputs !== undefined) this.#own.set(index, filesOfItem(document, index).files)
    }
  }

  /** With sizes as they are known by now; undefined where the item reads none. */
  of(index: number): InputFiles | undefined {
    const holdings = this.#holdings
    const ids = this.#own.get(index) ?? this.#shared
    if (ids.length === 0) return undefined
    return {
      files: ids.flatMap((id) => this.#folders.get(id) ?? [{ id, sizeBytes: holdings.sizeOf(id) }]),
      has: (peer, fileId) => holdings.has(peer, fileId),
      ageMs: (peer) => holdings.ageMs(peer)
    }
  }
  /** A folder's own file is the list of what is in it, and says nothing of how much that is. */
  async #openFolders(): Promise<void> {
    const ids = new Set([...this.#shared, ...[...this.#own.values()].flat()])
    for (const id of [...ids].slice(0, FOLDERS_MAX)) {
      // oxlint-disable-next-line no-await-in-loop -- they are few, and lists are short
      const files = await this.#holdings.filesOf(id)
      if (files !== undefined && files.length > 0) this.#folders.set(id, largest(files))
    }
  }
}

function largest(files: readonly InputSize[]): readonly InputSize[] {
  if (files.length <= FOLDER_FILES_MAX) return files
  const bySize = files.toSorted((left, right) => (right.sizeBytes ?? 0) - (left.sizeBytes ?? 0))
  return bySize.slice(0, FOLDER_FILES_MAX)
}
