/** Who has which files, as a test says. */
import type { FileHoldings } from '../../src/dispatch/ports.ts'
import type { InputSize } from '../../src/selection/candidate.ts'

export class FakeHoldings implements FileHoldings {
  /** By peer. */
  readonly #held = new Map<string, Set<string>>()
  readonly #sizes = new Map<string, number>()
  readonly #folders = new Map<string, readonly InputSize[]>()

  give(peer: string, fileId: string, sizeBytes?: number): this {
    const held = this.#held.get(peer) ?? new Set()
    this.#held.set(peer, held.add(fileId))
    if (sizeBytes !== undefined) this.#sizes.set(fileId, sizeBytes)
    return this
  }

  /** A folder, and what is in it. */
  addFolder(folderId: string, files: readonly InputSize[]): this {
    this.#folders.set(folderId, files)
    for (const { id, sizeBytes } of files)
      if (sizeBytes !== undefined) this.#sizes.set(id, sizeBytes)
    return this
  }

  async filesOf(fileId: string): Promise<readonly InputSize[] | undefined> {
    return this.#folders.get(fileId)
  }

  /** Nobody has anything any more. */
  clear(): void {
    this.#held.clear()
  }

  has(peer: string, fileId: string): boolean {
    return this.#held.get(peer)?.has(fileId) === true
  }

  isHeld(fileId: string): boolean {
    return [...this.#held.values()].some((held) => held.has(fileId))
  }

  sizeOf(fileId: string): number | undefined {
    return this.#sizes.get(fileId)
  }

  ageMs(): number {
    return 1_000
  }
}

export const NOTHING_HELD: FileHoldings = new FakeHoldings()
