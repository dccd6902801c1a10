/** Who has which files, as a test says. */
import type { FileHoldings } from '../../src/dispatch/ports.ts'

export class FakeHoldings implements FileHoldings {
  /** By peer. */
  readonly #held = new Map<string, Set<string>>()
  readonly #sizes = new Map<string, number>()

  give(peer: string, fileId: string, sizeBytes?: number): this {
    const held = this.#held.get(peer) ?? new Set()
    this.#held.set(peer, held.add(fileId))
    if (sizeBytes !== undefined) this.#sizes.set(fileId, sizeBytes)
    return this
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
