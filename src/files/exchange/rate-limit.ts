/** So many bytes a second and no more, over all who share it: a token bucket that may go into debt by one block. */
import type { Clock } from '../../core/clock.ts'

/** What may be saved up while nothing is sent. */
const BURST_MS = 250

export class RateLimit {
  readonly #clock: Clock
  #bytesPerSecond: number
  #bytes = 0
  #filledAtMs: number

  /** @param bytesPerSecond Infinity for no limit */
  constructor(clock: Clock, bytesPerSecond: number = Infinity) {
    this.#clock = clock
    this.#bytesPerSecond = bytesPerSecond
    this.#filledAtMs = clock.monotonicMs()
  }

  get bytesPerSecond(): number {
    return this.#bytesPerSecond
  }

  /** From now on. */
  set bytesPerSecond(bytesPerSecond: number) {
    this.#fill()
    this.#bytesPerSecond = bytesPerSecond
    this.#bytes = Math.min(this.#bytes, 0)
  }

  /** Takes them, if anything is left at all. */
  take(bytes: number): boolean {
    if (this.#bytesPerSecond === Infinity) return true
    this.#fill()
    if (this.#bytes < 0) return false
    this.#bytes -= bytes
    return true
  }

  /** Gives back what was taken and not used. */
  give(bytes: number): void {
    if (this.#bytesPerSecond !== Infinity) this.#bytes += bytes
  }

  /** When something may be taken again. */
  get waitMs(): number {
    if (this.#bytesPerSecond === Infinity) return 0
    this.#fill()
    return this.#bytes >= 0 ? 0 : Math.ceil((-this.#bytes * 1_000) / this.#bytesPerSecond)
  }

  #fill(): void {
    const nowMs = this.#clock.monotonicMs()
    const bytes = this.#bytes + ((nowMs - this.#filledAtMs) * this.#bytesPerSecond) / 1_000
    this.#bytes = Math.min(bytes, (BURST_MS * this.#bytesPerSecond) / 1_000)
    this.#filledAtMs = nowMs
  }
}
