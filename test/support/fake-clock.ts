/** A clock that stands still until a test moves it, so that no test waits and every run is the same. */
import type { CancelTimer, Clock } from '../../src/core/clock.ts'

interface Timer {
  dueMs: number
  /** Undefined for a timer that fires once. */
  periodMs: number | undefined
  callback: () => void
}

export class FakeClock implements Clock {
  readonly #startMs: number
  readonly #timers = new Set<Timer>()
  #elapsedMs = 0
  /** How far somebody has set the wall clock. */
  #jumpedMs = 0

  /** @param startMs what the wall clock shows at first */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#startMs = startMs
  }

  wallMs(): number {
    return this.#startMs + this.#elapsedMs + this.#jumpedMs
  }

  /** Somebody sets the wall clock; no time passes. */
  jumpWall(ms: number): void {
    this.#jumpedMs += ms
  }

  monotonicMs(): number {
    return this.#elapsedMs
  }

  after(delayMs: number, callback: () => void): CancelTimer {
    return this.#add(delayMs, undefined, callback)
  }

  every(periodMs: number, callback: () => void): CancelTimer {
    return this.#add(periodMs, Math.max(periodMs, 1), callback)
  }

  /** Timers that still wait: 0 once everything was stopped properly. */
  get timerCount(): number {
    return this.#timers.size
  }

  /** Moves the time on and fires what falls due on the way, in order; equal times in order of setting. */
  advance(ms: number): void {
    const endMs = this.#elapsedMs + ms
    let timer = this.#nextDue(endMs)
    while (timer !== undefined) {
      this.#elapsedMs = Math.max(this.#elapsedMs, timer.dueMs)
      if (timer.periodMs === undefined) this.#timers.delete(timer)
      else timer.dueMs += timer.periodMs
      timer.callback()
      timer = this.#nextDue(endMs)
    }
    this.#elapsedMs = endMs
  }

  #add(delayMs: number, periodMs: number | undefined, callback: () => void): CancelTimer {
    const timer: Timer = { dueMs: this.#elapsedMs + Math.max(delayMs, 0), periodMs, callback }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  #nextDue(endMs: number): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.dueMs <= endMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer
    }
    return next
  }
}
