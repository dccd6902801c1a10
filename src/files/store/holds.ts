/** Files that this node itself is at work with: none of them goes to make room while somebody holds it. */

export class Holds {
  readonly #counts = new Map<string, number>()

  has(id: string): boolean {
    return this.#counts.has(id)
  }

  /** Whether they are here already or only to come. @returns what lets go of them; to be called once */
  hold(ids: readonly string[]): () => void {
    for (const id of ids) this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1)
    return () => {
      for (const id of ids) {
        const count = (this.#counts.get(id) ?? 0) - 1
        if (count > 0) this.#counts.set(id, count)
        else this.#counts.delete(id)
      }
    }
  }
}
