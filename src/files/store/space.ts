/**
 * Room for what comes: the store's own files together stay within a budget, and on the disk. What was
 * used longest ago goes first; what is pinned or kept, and what is being fetched or worked with, stays. The owner's own files,
 * which are only shared, neither count nor go.
 */
import { statfsSync } from 'node:fs'
import { formatBytes } from '../../core/units.ts'
import { MeshError } from '../../core/errors.ts'
import type { FileIndex } from './file-index.ts'
import type { Holds } from './holds.ts'
import type { PieceStore } from './piece-store.ts'

export interface SpaceComponents {
  holds: Pick<Holds, 'has'>
  index: FileIndex
  store: PieceStore
}

export interface SpaceInit {
  folder: string
  budgetBytes: number
}

/** What a file needs: less than its size where some of it is here. */
export interface Need {
  /** Counted against the budget. */
  budgetBytes: number
  /** To be written to the disk. */
  diskBytes: number
}

export class Space {
  readonly #components: SpaceComponents
  readonly #init: SpaceInit

  constructor(components: SpaceComponents, init: SpaceInit) {
    this.#components = components
    this.#init = init
  }

  /** Whether a file of that size could be here at all. @throws MeshError STORE_FULL */
  checkBudget(sizeBytes: number): void {
    const { budgetBytes } = this.#init
    if (sizeBytes <= budgetBytes) return
    throw full(`the budget for files is ${formatBytes(budgetBytes)}`, sizeBytes - budgetBytes)
  }

  /**
   * Lets go of as much as is needed, or of nothing where that would not do.
   * @throws MeshError STORE_FULL
   */
  async makeRoom(need: Need): Promise<void> {
    const { holds, index, store } = this.#components
    const { budgetBytes, folder } = this.#init
    this.checkBudget(need.budgetBytes)
    // Of the disk on which the index is asked in the same way: many small files come one after the other here.
    const { bavail, bsize } = statfsSync(folder)
    let overBudget = index.ownBytes() + need.budgetBytes - budgetBytes
    let overDisk = need.diskBytes - bavail * bsize
    if (need.budgetBytes === 0) overBudget = 0
    if (overBudget <= 0 && overDisk <= 0) return
    const leaving: string[] = []
    for (const { id, own, sizeBytes } of index.evictable()) {
      if (overBudget <= 0 && overDisk <= 0) break
      if (store.isOpen(id) || holds.has(id)) continue
      leaving.push(id)
      overBudget -= sizeBytes
      // How much of a part is on the disk is not known here, and may be nothing.
      if (own === 'blob') overDisk -= sizeBytes
    }
    if (overBudget > 0) {
      throw full(`the budget of ${formatBytes(budgetBytes)} for files is used up`, overBudget)
    }
    if (overDisk > 0) throw full(`the disk of ${folder} is full`, overDisk)
    await Promise.all(leaving.map((id) => store.removeOwn(id)))
  }
}

function full(what: string, missingBytes: number): MeshError {
  return new MeshError('STORE_FULL', `${what}: ${formatBytes(missingBytes)} are missing`, {
    hint: 'unpin or remove files, free some space, or raise the budget'
  })
}
