/** How long things take, counted by how long: a few numbers, however many things there are. */

/**
 * Upper ends in seconds, the last of them for all that is longer. From a task that does nothing over the usual limits of
 * phases (10 s to dial, a minute to answer, ten to fetch) to the longest jobs.
 */
export const SECONDS: readonly number[] = [
  0.002,
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
  10,
  30,
  60,
  300,
  600,
  3_600,
  86_400,
  Infinity
]

const MS_PER_SECOND = 1_000

export class Histogram {
  readonly #counts = SECONDS.map(() => 0)
  #seconds = 0

  note(tookMs: number): void {
    const seconds = Math.max(0, tookMs) / MS_PER_SECOND
    const place = SECONDS.findIndex((end) => seconds <= end)
    this.#counts[place] = (this.#counts[place] ?? 0) + 1
    this.#seconds += seconds
  }

  /** Of all that was noted. */
  get seconds(): number {
    return this.#seconds
  }

  /** How many took no longer, by upper end. */
  cumulated(): (readonly [end: number, count: number])[] {
    let sum = 0
    return SECONDS.map((end, place) => [end, (sum += this.#counts[place] ?? 0)] as const)
  }
}
