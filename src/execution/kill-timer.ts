/** Says when a task that was told to stop is ended by force. A later word may make the time shorter, never longer. */
import type { CancelTimer, Clock } from '../core/clock.ts'

export class KillTimer {
  readonly #clock: Clock
  readonly #controller = new AbortController()
  #dueMs = Infinity
  #cancel: CancelTimer = () => {}

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Fires when the time is up. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** The task may go on for so long from now. */
  set(afterMs: number): void {
    const dueMs = this.#clock.monotonicMs() + afterMs
    if (dueMs >= this.#dueMs) return
    this.#cancel()
    this.#dueMs = dueMs
    if (afterMs <= 0) this.#controller.abort()
    else this.#cancel = this.#clock.after(afterMs, () => this.#controller.abort())
  }

  /** The task is over. */
  clear(): void {
    this.#cancel()
  }
}
