/** The last few thousand names that were added: two sets in turn, so that forgetting costs nothing. */

/** A dispatch that others have overtaken comes within seconds. */
const GENERATION_MAX = 4_096

export class RecentNames {
  #younger = new Set<string>()
  #older = new Set<string>()

  add(name: string): void {
    this.#younger.add(name)
    if (this.#younger.size < GENERATION_MAX) return
    this.#older = this.#younger
    this.#younger = new Set()
  }

  has(name: string): boolean {
    return this.#younger.has(name) || this.#older.has(name)
  }
}
