/**
 * Keeps the router's queue bounded: what does not fit any more is refused before it is stored, with the
 * time after which it is likely to fit.
 */
import { MeshError } from '../../core/errors.ts'

export interface AdmissionComponents {
  /** Milliseconds since 1970 that never jump. */
  nowMs: () => number
  /** Items of all jobs that have not ended, counted. */
  countOpen: () => number
}

export interface AdmissionInit {
  /** Items that may be open at a time. */
  queuedItemsMax: number
}

/** Counting goes over all jobs; in between, what comes and goes is reckoned. */
const COUNTED_MS = 1_000

const SECOND_MS = 1_000
const RATE_SECONDS = 60
const RETRY_MS_MIN = 1_000
const RETRY_MS_MAX = 60_000

export class Admission {
  readonly #components: AdmissionComponents
  readonly #max: number
  /** Items that were admitted and are on their way into the store. */
  #entering = 0
  #counted = { atMs: -Infinity, count: 0 }
  /** Ended items by second, oldest first; of the last minute. */
  #ended: { second: number; count: number }[] = []

  constructor(components: AdmissionComponents, init: AdmissionInit) {
    this.#components = components
    this.#max = init.queuedItemsMax
  }

  /**
   * Lets items in, or not.
   * @returns what to call once they are counted among the others, or came to nothing
   * @throws MeshError QUEUE_FULL
   */
  admit(itemCount: number): (isIn: boolean) => void {
    const open = this.#open() + this.#entering
    if (open + itemCount > this.#max) throw this.#refusal(open, itemCount)
    this.#entering += itemCount
    return (isIn) => {
      this.#entering -= itemCount
      if (isIn) this.#counted.count += itemCount
    }
  }

  /** Items of a job have ended. */
  ended(itemCount: number): void {
    this.#counted.count = Math.max(0, this.#counted.count - itemCount)
    const second = this.#second()
    const last = this.#ended.at(-1)
    if (last?.second === second) last.count += itemCount
    else this.#ended = [...this.#recentlyEnded(second), { second, count: itemCount }]
  }

  #open(): number {
    const nowMs = this.#components.nowMs()
    if (nowMs - this.#counted.atMs >= COUNTED_MS) {
      this.#counted = { atMs: nowMs, count: this.#components.countOpen() }
    }
    return this.#counted.count
  }

  #refusal(open: number, itemCount: number): MeshError {
    if (itemCount > this.#max) {
      const message = `${itemCount} items are more than this router ever queues: ${this.#max}`
      const hint = 'submit them in parts, or start the router with a larger --max-queued'
      return new MeshError('QUEUE_FULL', message, { retryable: false, hint })
    }
    const retryAfterMs = this.#retryAfterMs(open + itemCount - this.#max)
    const message = `the queue is full: ${open} of ${this.#max} items wait or run, and ${itemCount} more do not fit`
    const hint = `try again in ${Math.ceil(retryAfterMs / SECOND_MS)} s, or start the router with a larger --max-queued`
    return new MeshError('QUEUE_FULL', message, { retryAfterMs, hint })
  }

  /** As long as so many items took to end of late. */
  #retryAfterMs(excess: number): number {
    const recent = this.#recentlyEnded(this.#second())
    const perSecond = recent.reduce((sum, { count }) => sum + count, 0) / RATE_SECONDS
    const waitMs = perSecond === 0 ? RETRY_MS_MAX : Math.ceil((excess / perSecond) * SECOND_MS)
    return Math.min(RETRY_MS_MAX, Math.max(RETRY_MS_MIN, waitMs))
  }

  #recentlyEnded(second: number): { second: number; count: number }[] {
    return this.#ended.filter((ended) => ended.second > second - RATE_SECONDS)
  }

  #second(): number {
    return Math.floor(this.#components.nowMs() / SECOND_MS)
  }
}
