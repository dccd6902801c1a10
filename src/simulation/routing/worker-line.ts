/** Tasks that wait at a simulated worker: the first that fits goes first, but for whoever has waited too long. */
import type { Attempt } from './attempt.ts'

/** A task that needs much memory lets so many pass that need less. */
const SCAN_MAX = 16
/** Then nobody passes it any more. */
const PASSED_MS_MAX = 10_000

/** Taken ones leave gaps, so that nothing moves up one by one. */
export class WorkerLine {
  #places: (Attempt | undefined)[] = []
  #first = 0
  #count = 0

  get count(): number {
    return this.#count
  }

  add(attempt: Attempt): void {
    this.#places.push(attempt)
    this.#count += 1
  }

  takeFirst(memoryMb: number, nowMs: number): Attempt | undefined {
    let scanned = 0
    for (let at = this.#first; at < this.#places.length && scanned < SCAN_MAX; at += 1) {
      const attempt = this.#places[at]
      if (attempt === undefined) continue
      scanned += 1
      if (attempt.job.memoryMb <= memoryMb) return this.#take(at, attempt)
      if (nowMs - attempt.waitsSinceMs > PASSED_MS_MAX) return undefined
    }
    return undefined
  }

  remove(attempt: Attempt): void {
    const at = this.#places.indexOf(attempt, this.#first)
    if (at !== -1) this.#take(at, attempt)
  }

  /** In order. */
  all(): Attempt[] {
    return this.#places.slice(this.#first).filter((attempt) => attempt !== undefined)
  }

  clear(): Attempt[] {
    const all = this.all()
    this.#reset()
    return all
  }

  #take(at: number, attempt: Attempt): Attempt {
    this.#places[at] = undefined
    this.#count -= 1
    if (this.#count === 0) this.#reset()
    while (this.#first < this.#places.length && this.#places[this.#first] === undefined)
      this.#first += 1
    if (this.#first > 1_024 && 2 * this.#first > this.#places.length) {
      this.#places = this.#places.slice(this.#first)
      this.#first = 0
    }
    return attempt
  }

  #reset(): void {
    this.#places = []
    this.#first = 0
    this.#count = 0
  }
}
