/**
 * How times are spread, in a bounded number of counters whose bounds grow by a tenth: a quantile is right to a
 * twentieth however many times there were, and to count one costs a logarithm. Pure.
 */

/** Milliseconds; below it nobody sees a difference. */
const LEAST = 0.1
const GROWTH = 1.1
/** To some twelve days. */
const BUCKETS = 242

const LOG_GROWTH = Math.log(GROWTH)

export class Histogram {
  readonly #counts = new Uint32Array(BUCKETS)
  #total = 0

  add(ms: number): void {
    const place = ms <= LEAST ? 0 : Math.ceil(Math.log(ms / LEAST) / LOG_GROWTH)
    const index = Math.min(BUCKETS - 1, place)
    this.#counts[index] = (this.#counts[index] as number) + 1
    this.#total += 1
  }

  /** Takes in what another has counted. */
  merge(other: Histogram): void {
    for (const [index, count] of other.#counts.entries()) {
      this.#counts[index] = (this.#counts[index] as number) + count
    }
    this.#total += other.#total
  }

  clear(): void {
    this.#counts.fill(0)
    this.#total = 0
  }

  /** Null while nothing was counted. @param share 0.5 for the median */
  quantile(share: number): number | null {
    if (this.#total === 0) return null
    let left = Math.max(1, Math.ceil(share * this.#total))
    const index = this.#counts.findIndex((count) => (left -= count) <= 0)
    // In the middle between its bounds.
    return round(LEAST * GROWTH ** (index - 0.5))
  }
}

/** Three digits: no more of them are true. */
function round(ms: number): number {
  return Number(ms.toPrecision(3))
}
