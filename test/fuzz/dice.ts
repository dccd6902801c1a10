/** Chance from a seed, in the words in which mutations need it. */
import { seededRandom } from '../../src/core/random.ts'

export class Dice {
  readonly #random: ReturnType<typeof seededRandom>

  constructor(seed: number) {
    this.#random = seededRandom(seed)
  }

  /** A whole number from 0 up to, but without, `count`. */
  below(count: number): number {
    return Math.floor(this.#random.next() * count)
  }

  /** True one time in `count`. */
  oneIn(count: number): boolean {
    return this.below(count) === 0
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }

  /** Mostly small, seldom up to `max`: 1, 2, 4 … are each as likely. */
  small(max: number): number {
    const bits = Math.ceil(Math.log2(max + 1))
    return Math.min(max, 1 + this.below(2 ** this.below(bits + 1)))
  }
}
