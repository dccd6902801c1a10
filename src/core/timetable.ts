/**
 * Many moments, one timer: what falls due is handed back in order of time, and may be moved or taken away
 * before. A hundred thousand timers of the system would cost several times the memory.
 */
import { PositionHeap } from './position-heap.ts'
import type { CancelTimer, Clock } from './clock.ts'
import type { Positioned } from './position-heap.ts'

export interface TimetableInit<T> {
  clock: Clock
  /** The clock by which moments are given. */
  nowMs: () => number
  onDue: (member: T) => void
}

interface Moment<T> extends Positioned {
  member: T
  dueMs: number
}

export class Timetable<T> {
  readonly #init: TimetableInit<T>
  readonly #moments = new Map<T, Moment<T>>()
  readonly #heap = new PositionHeap<Moment<T>>((left, right) => left.dueMs < right.dueMs)
  #cancelTimer: CancelTimer = () => {}
  /** The moment for which the timer is set. */
  #timerMs = Infinity

  constructor(init: TimetableInit<T>) {
    this.#init = init
  }

  get size(): number {
    return this.#moments.size
  }

  /** Gives a member its moment, in place of any earlier one. */
  set(member: T, dueMs: number): void {
    const known = this.#moments.get(member)
    if (known === undefined) {
      const moment = { member, dueMs, position: 0 }
      this.#moments.set(member, moment)
      this.#heap.add(moment)
    } else {
      known.dueMs = dueMs
      this.#heap.moved(known)
    }
    this.#watch()
  }

  delete(member: T): void {
    const moment = this.#moments.get(member)
    if (moment === undefined) return
    this.#moments.delete(member)
    this.#heap.remove(moment)
    this.#watch()
  }

  clear(): void {
    for (const moment of this.#moments.values()) this.#heap.remove(moment)
    this.#moments.clear()
    this.#watch()
  }

  #watch(): void {
    const nextMs = this.#heap.peek()?.dueMs ?? Infinity
    // A timer that is too early only looks once more; that is cheaper than setting it anew each time.
    if (nextMs !== Infinity && nextMs >= this.#timerMs) return
    this.#cancelTimer()
    this.#timerMs = nextMs
    if (nextMs === Infinity) return
    const delayMs = Math.max(0, nextMs - this.#init.nowMs())
    this.#cancelTimer = this.#init.clock.after(delayMs, () => this.#onTime())
  }

  #onTime(): void {
    this.#timerMs = Infinity
    const nowMs = this.#init.nowMs()
    for (let first = this.#heap.peek(); first !== undefined; first = this.#heap.peek()) {
      if (first.dueMs > nowMs) break
      this.#moments.delete(first.member)
      this.#heap.remove(first)
      this.#init.onDue(first.member)
    }
    this.#watch()
  }
}
