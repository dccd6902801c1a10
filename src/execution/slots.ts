/** The places in which tasks run, and the line of those that wait for one: first come, first served. */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { deferred } from '../core/abort.ts'
import { formatDuration } from '../core/units.ts'
import type { Clock } from '../core/clock.ts'

/**
 * How long the machine may still show the work of tasks that have ended: its figures are of the last
 * five seconds, and up to five seconds old.
 */
const RECENT_MS = 10_000

export class Slots {
  readonly #clock: Clock
  readonly #count: number
  readonly #waitMsMax: number
  readonly #waiting: PromiseWithResolvers<void>[] = []
  #runningCount = 0
  /** Of those that run: left to themselves, as nothing can end them. */
  #lingeringCount = 0
  #recent = { count: 0, atMs: Number.NEGATIVE_INFINITY }
  #idle: PromiseWithResolvers<void> | undefined

  constructor(clock: Clock, init: { slots: number; waitMsMax?: number | undefined }) {
    this.#clock = clock
    this.#count = init.slots
    this.#waitMsMax = init.waitMsMax ?? LIMITS.workerWaitMsMax
  }

  get runningCount(): number {
    return this.#runningCount
  }

  get waitingCount(): number {
    return this.#waiting.length
  }

  /** The most that ran at once in the time of which the machine's figures tell. */
  recentCount(): number {
    const isRecent = this.#clock.monotonicMs() - this.#recent.atMs < RECENT_MS
    return isRecent ? Math.max(this.#recent.count, this.#runningCount) : this.#runningCount
  }

  /**
   * Takes a slot: at once, and then returns nothing; or resolves with the slot in hand.
   * @throws MeshError WORKER_BUSY, what `handBack` was given, or the signal's reason
   */
  take(signal: AbortSignal): Promise<void> | undefined {
    if (this.#runningCount >= this.#count) return this.#wait(signal)
    this.#runningCount += 1
    return undefined
  }

  /** Hands the slot to who has waited longest, or frees it. */
  release(): void {
    const next = this.#waiting.shift()
    if (next !== undefined) return next.resolve()
    const atMs = this.#clock.monotonicMs()
    if (this.#runningCount >= this.#recent.count || atMs - this.#recent.atMs >= RECENT_MS) {
      this.#recent = { count: this.#runningCount, atMs }
    }
    this.#runningCount -= 1
    this.#noteIdle()
  }

  /** Frees a slot only once what is in it has gone; who waits for quiet does not wait for that. */
  async releaseAfter(gone: Promise<void>): Promise<void> {
    this.#lingeringCount += 1
    this.#noteIdle()
    await gone
    this.#lingeringCount -= 1
    this.release()
  }

  /** Sends all away that wait. */
  handBack(error: MeshError): void {
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error)
  }

  /** Resolves when nothing runs, or only what nobody can end. */
  async whenIdle(): Promise<void> {
    while (!this.#isIdle()) {
      this.#idle = deferred<void>()
      await this.#idle.promise
    }
  }

  #isIdle(): boolean {
    return this.#runningCount === this.#lingeringCount
  }

  #noteIdle(): void {
    if (this.#isIdle()) this.#idle?.resolve()
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const waitMsMax = this.#waitMsMax
    const waiting = deferred<void>()
    this.#waiting.push(waiting)
    const giveUp = (reason: unknown): void => {
      const index = this.#waiting.indexOf(waiting)
      if (index !== -1) this.#waiting.splice(index, 1)
      waiting.reject(reason)
    }
    const onAbort = (): void => giveUp(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    const cancel = this.#clock.after(waitMsMax, () =>
      giveUp(
        new MeshError('WORKER_BUSY', `no slot became free within ${formatDuration(waitMsMax)}`)
      )
    )
    try {
      await waiting.promise
    } finally {
      cancel()
      signal.removeEventListener('abort', onAbort)
    }
  }
}
