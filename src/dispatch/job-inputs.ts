/**
 * Which files of the mesh the items of a job read, for selection to ask who has them. Ids alone: the
 * document, with all its bodies, stays in the store.
 */
import { filesOfItem } from '../model/job-inputs.ts'
import type { FileHoldings } from './ports.ts'
import type { InputFiles } from '../selection/candidate.ts'
import type { JobDocument } from '../model/job.ts'

export class JobInputs {
  readonly #holdings: FileHoldings
  /** Of items without inputs of their own. */
  readonly #shared: readonly string[]
  readonly #own = new Map<number, readonly string[]>()

  /** @param document as it is to be run: what was asked for by other names has become files of the mesh */
  constructor(document: JobDocument, holdings: FileHoldings) {
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
      files: ids.map((id) => ({ id, sizeBytes: holdings.sizeOf(id) })),
      has: (peer, fileId) => holdings.has(peer, fileId),
      ageMs: (peer) => holdings.ageMs(peer)
    }
  }
}
