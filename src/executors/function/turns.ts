/** Who may call a function now: so many at a time, first come, first served. */
import { deferred } from '../../core/abort.ts'
import type { Deferred } from '../../core/abort.ts'

export class Turns {
  readonly #waiting: Deferred<void>[] = []
  #freeCount: number

  constructor(count: number) {
    this.#freeCount = count
  }

  /** Resolves with a turn in hand. @throws the signal's reason, and then without one */
  async take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#freeCount > 0) {
      this.#freeCount -= 1
      return
    }
    const waiting = deferred<void>()
    const giveUp = (): void => {
      const index = this.#waiting.indexOf(waiting)
      // One that is no longer there has its turn already.
      if (index === -1) return
      this.#waiting.splice(index, 1)
      waiting.reject(signal.reason)
    }
    this.#waiting.push(waiting)
    signal.addEventListener('abort', giveUp, { once: true })
    await waiting.promise.finally(() => signal.removeEventListener('abort', giveUp))
  }

  /** Hands the turn to who has waited longest. */
  release(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#freeCount += 1
    else next.resolve()
  }
}
