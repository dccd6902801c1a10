/** How well all workers together see tasks through: the faded sum of their counts, kept as they change. */
import { decayService, expectedShare } from './score.ts'
import type { Service } from './score.ts'

export class FleetService {
  #good = 0
  #bad = 0
  #atMs = -Infinity

  /** Counts what has changed of one worker's service; less than nothing where it is forgotten. */
  add({ bad, good }: Service, nowMs: number): void {
    const [sum, change] =
      nowMs >= this.#atMs
        ? [this.#leftAt(nowMs), { good, bad }]
        : [{ good: this.#good, bad: this.#bad }, decayService({ good, bad }, this.#atMs - nowMs)]
    // So that no rest of rounding is ever less than nothing.
    this.#good = Math.max(0, sum.good + change.good)
    this.#bad = Math.max(0, sum.bad + change.bad)
    this.#atMs = Math.max(this.#atMs, nowMs)
  }

  /** The share of tasks that a worker of this fleet is expected to see through. */
  shareAt(nowMs: number): number {
    return expectedShare(this.#leftAt(nowMs))
  }

  #leftAt(nowMs: number): Service {
    return decayService({ good: this.#good, bad: this.#bad }, nowMs - this.#atMs)
  }
}
