/**
 * An amount, such as of memory, that several share: who asks for more than is left waits, first come, first served, of
 * those with the same rank.
 */
import { assert } from './assert.ts'
import { deferred } from './abort.ts'

export class SharedAmount {
  readonly #total: number
  #left: number
  /** By rank, then as they came. */
  readonly #waiting: { amount: number; rank: number; go: () => void }[] = []

  constructor(total: number) {
    this.#total = total
    this.#left = total
  }

  /**
   * Has so much of it while it works.
   * @param rank a lower one comes first
   */
  async use<T>(amount: number, work: () => Promise<T>, rank = 0): Promise<T> {
    assert(amount <= this.#total, 'nobody needs more than there is')
    if (this.#waiting.length > 0 || amount > this.#left) {
      const { promise, resolve } = deferred<void>()
      const place = this.#waiting.findLastIndex((other) => other.rank <= rank) + 1
      this.#waiting.splice(place, 0, { amount, rank, go: resolve })
      await promise
    } else this.#left -= amount
    try {
      return await work()
    } finally {
      this.#left += amount
      this.#pass()
    }
  }

  #pass(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (next.amount > this.#left) return
      this.#left -= next.amount
      this.#waiting.shift()
      next.go()
    }
  }
}
