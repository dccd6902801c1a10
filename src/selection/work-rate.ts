/**
 * How fast work arrives somewhere, of late: in milliseconds of work per millisecond. Workers measure what comes
 * from all by it, and each router what it sends, so that the two can be held against each other.
 */

/** Over so long it is averaged. */
const AVERAGE_MS = 1_000

export class WorkRate {
  /** As of `#atMs`. */
  #rate = 0
  #atMs = 0

  at(nowMs: number): number {
    return this.#rate * Math.exp(-Math.max(0, nowMs - this.#atMs) / AVERAGE_MS)
  }

  add(workMs: number, nowMs: number): void {
    this.#rate = this.at(nowMs) + workMs / AVERAGE_MS
    this.#atMs = nowMs
  }
}
