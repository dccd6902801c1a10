/** Time for simulations: it leaps from one timer to the next, and a life that ends takes its timers along. */
import TinyQueue from 'tinyqueue'
import type { CancelTimer, Clock } from '../../src/core/clock.ts'

interface Timer {
  dueMs: number
  /** Equal times go in the order of setting. */
  order: number
  /** Undefined once it was cancelled or has fired. */
  callback: (() => void) | undefined
}

/** The world's own time. */
export class SimClock {
  readonly #timers = new TinyQueue<Timer>(
    [],
    (left, right) => left.dueMs - right.dueMs || left.order - right.order
  )
  #nowMs = 0
  #order = 0

  get nowMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, callback: () => void): CancelTimer {
    const timer: Timer = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order, callback }
    this.#order += 1
    this.#timers.push(timer)
    return () => {
      timer.callback = undefined
    }
  }

  /** Goes to the next timer and fires it; says false if there is none. */
  step(): boolean {
    for (let timer = this.#timers.pop(); timer !== undefined; timer = this.#timers.pop()) {
      const { callback, dueMs } = timer
      if (callback === undefined) continue
      timer.callback = undefined
      this.#nowMs = dueMs
      callback()
      return true
    }
    return false
  }
}

/** The clock of one life of a router: when that ends, nothing of it happens any more. */
export class LifeClock implements Clock {
  readonly #world: SimClock
  readonly #bornMs: number
  readonly #originMs: number
  #timerCount = 0
  #isDead = false

  /** @param originMs what the wall clock showed when the world began */
  constructor(world: SimClock, originMs: number) {
    this.#world = world
    this.#bornMs = world.nowMs
    this.#originMs = originMs
  }

  /** Timers that still wait: 0 once nothing is left to do. */
  get timerCount(): number {
    return this.#timerCount
  }

  wallMs(): number {
    return this.#originMs + this.#world.nowMs
  }

  monotonicMs(): number {
    return this.#world.nowMs - this.#bornMs
  }

  after(delayMs: number, callback: () => void): CancelTimer {
    let isOpen = true
    this.#timerCount += 1
    const close = (): boolean => {
      if (!isOpen) return false
      isOpen = false
      this.#timerCount -= 1
      return true
    }
    const cancel = this.#world.after(delayMs, () => {
      if (close() && !this.#isDead) callback()
    })
    return () => {
      if (close()) cancel()
    }
  }

  every(periodMs: number, callback: () => void): CancelTimer {
    const again = (): CancelTimer =>
      this.after(periodMs, () => {
        cancel = again()
        callback()
      })
    let cancel = again()
    return () => cancel()
  }

  die(): void {
    this.#isDead = true
  }
}
