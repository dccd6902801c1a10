/** Bytes a second, smoothed over some seconds, so that people can read it. Pure. */

/** After this time, what came before counts for a third. */
const SMOOTHING_MS = 3_000

export class RateMeter {
  #perMs = 0
  #weight = 0
  #bytes = 0
  #atMs: number

  constructor(nowMs: number) {
    this.#atMs = nowMs
  }

  add(bytes: number): void {
    this.#bytes += bytes
  }

  /** Looked at once in a while. */
  tick(nowMs: number): void {
    const elapsedMs = nowMs - this.#atMs
    if (elapsedMs <= 0) return
    const kept = Math.exp(-elapsedMs / SMOOTHING_MS)
    this.#perMs = this.#perMs * kept + (this.#bytes / elapsedMs) * (1 - kept)
    // At first there is nothing before to smooth with.
    this.#weight = this.#weight * kept + (1 - kept)
    this.#bytes = 0
    this.#atMs = nowMs
  }

  get bytesPerSecond(): number {
    return this.#weight === 0 ? 0 : (this.#perMs / this.#weight) * 1_000
  }
}
