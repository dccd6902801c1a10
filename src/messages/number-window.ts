/**
 * Which numbers of an author were heard: each counts once, and gossip may bring them in another order than they were
 * said in. What lies too far behind the newest is taken for a repetition.
 */

/** What several ways to the same neighbour may put out of order. */
const WINDOW = 256

export class NumberWindow {
  readonly session: number
  #newest = 0
  readonly #heard = new Set<number>()

  /** @param session when the author began to count */
  constructor(session: number) {
    this.session = session
  }

  /** @returns false where it was heard before, or may have been */
  take(number: number): boolean {
    if (number <= this.#newest - WINDOW || this.#heard.has(number)) return false
    this.#heard.add(number)
    this.#newest = Math.max(this.#newest, number)
    if (this.#heard.size > 2 * WINDOW) this.#forget()
    return true
  }

  #forget(): void {
    for (const number of this.#heard) {
      if (number <= this.#newest - WINDOW) this.#heard.delete(number)
    }
  }
}
