/** Shares a limited rate of giving: whoever wants to send a block while nothing is left stands in line, and all take turns. */
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { RateLimit } from './rate-limit.ts'

export interface TurnTaker {
  /** It may be its turn. */
  onTurn: () => void
}

export interface Turns {
  /** Whether it may send so many bytes now; if not, it is told when it is its turn. */
  take: (taker: TurnTaker, bytes: number) => boolean
  /** It wants nothing any more. */
  leave: (taker: TurnTaker) => void
}

export class UploadTurns implements Turns {
  readonly #clock: Clock
  readonly #limit: RateLimit
  /** The first is the next. */
  readonly #line = new Set<TurnTaker>()
  /** Whose turn it is, and who has not used it. */
  readonly #granted = new Set<TurnTaker>()
  #cancelTimer: CancelTimer | undefined

  constructor(clock: Clock, limit: RateLimit) {
    this.#clock = clock
    this.#limit = limit
  }

  take(taker: TurnTaker, bytes: number): boolean {
    const isNext = this.#granted.delete(taker) || this.#line.size === 0
    if (isNext && this.#limit.take(bytes)) {
      if (this.#limit.waitMs > 0) this.#wait()
      return true
    }
    this.#line.add(taker)
    this.#wait()
    return false
  }

  leave(taker: TurnTaker): void {
    this.#line.delete(taker)
    this.#granted.delete(taker)
  }

  stop(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#line.clear()
  }

  #wait(): void {
    if (this.#line.size === 0) return
    this.#cancelTimer ??= this.#clock.after(Math.max(1, this.#limit.waitMs), () => {
      this.#cancelTimer = undefined
      this.#onTime()
    })
  }

  #onTime(): void {
    const [next] = this.#line
    if (next === undefined) return
    this.#line.delete(next)
    this.#granted.add(next)
    next.onTurn()
    this.#wait()
  }
}
