/**
 * What a worker says of the work that it has: how much waits, how long a new task would wait, and how fast
 * work arrives. All from what each task was expected to take when it came. Workers and the simulator's
 * machines reckon with it alike. Pure, and cheap enough to be asked with every answer: each figure is kept as tasks come
 * and go, none is ever summed up.
 */
import { WorkRate } from './work-rate.ts'

/** No task is expected to take less. */
const EXPECTED_MS_MIN = 0.1
/** What a task is taken for of which nobody has said anything, before one has run. */
const EXPECTED_MS_FIRST = 200
/** How much the last one counts of what such tasks take. */
const RECENT_SHARE = 0.1

export class LoadFigures {
  readonly #slots: number
  readonly #rate = new WorkRate()
  #queuedCount = 0
  #queuedMs = 0
  #runningCount = 0
  /** Tasks that are expected to end, per millisecond. */
  #endRate = 0
  #recentMs = EXPECTED_MS_FIRST

  constructor(slots: number) {
    this.#slots = slots
  }

  /** Expected work of the tasks that wait, per slot. */
  get queuedMs(): number {
    return this.#queuedMs / this.#slots
  }

  /**
   * How long a task that came now would wait for a slot. Where tasks wait beside a free one, for memory that is not there
   * yet, it waits as behind a full one: a worker that is said to be free then draws more than it can begin.
   */
  get waitMs(): number {
    const isFree = this.#runningCount < this.#slots && this.#queuedCount === 0
    return isFree ? 0 : this.#nextEndMs + this.queuedMs
  }

  /** Until one of the running tasks is expected to end. */
  get #nextEndMs(): number {
    return this.#runningCount === 0 ? 0 : 1 / this.#endRate
  }

  workRateAt(nowMs: number): number {
    return this.#rate.at(nowMs)
  }

  /** What a task is reckoned with: what its router expects, within reason, or what such tasks took lately. */
  expected(toldMs: number | undefined, timeoutMs: number): number {
    return Math.min(timeoutMs, Math.max(EXPECTED_MS_MIN, toldMs ?? this.#recentMs))
  }

  /** A task of which nobody had said how long it would take has run for so long. */
  learn(ranMs: number): void {
    this.#recentMs += RECENT_SHARE * (ranMs - this.#recentMs)
  }

  /** A task was let in, and waits for its slot. */
  arrived(expectedMs: number, nowMs: number): void {
    this.#rate.add(expectedMs, nowMs)
    this.#queuedCount += 1
    this.#queuedMs += expectedMs
  }

  /** It waits no more: it has its slot, or was given up. */
  leftQueue(expectedMs: number): void {
    this.#queuedCount -= 1
    // So that no rest of rounding is ever left.
    this.#queuedMs = this.#queuedCount === 0 ? 0 : Math.max(0, this.#queuedMs - expectedMs)
  }

  began(expectedMs: number): void {
    this.#runningCount += 1
    this.#endRate += 1 / expectedMs
  }

  ended(expectedMs: number): void {
    this.#runningCount -= 1
    this.#endRate = this.#runningCount === 0 ? 0 : this.#endRate - 1 / expectedMs
  }
}
