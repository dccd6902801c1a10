/**
 * The places in which tasks run, and the line of those that wait for one. First come, first served, but a task
 * that needs more than a place may be passed by: the few behind it need not wait for what they do not need.
 */
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

/** So many at the head of the line are looked at for one that can begin. */
const LOOKED_AT_MAX = 16
/** Nobody is passed by for longer. */
const PASSED_BY_MS_MAX = 10_000

/** What a task needs beside its place. */
export interface Claim {
  /** Whether it could begin now: `tight` where another one should, if there is one that fits. */
  fit: () => 'yes' | 'tight' | 'no'
  /** Takes it, together with the place. */
  take: () => void
}

interface Waiting {
  claim: Claim
  sinceMs: number
  turn: PromiseWithResolvers<void>
}

export class Slots {
  readonly #clock: Clock
  readonly #count: number
  readonly #waitMsMax: number
  readonly #waiting: Waiting[] = []
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
   * Takes a slot: at once, and then returns nothing; or resolves with the slot in hand, and what was claimed.
   * @throws MeshError WORKER_BUSY, what `handBack` was given, or the signal's reason
   */
  take(claim: Claim, signal: AbortSignal): Promise<void> | undefined {
    const isFree = this.#waiting.length === 0 && this.#runningCount < this.#count
    if (!isFree || claim.fit() === 'no') return this.#wait(claim, signal)
    this.#runningCount += 1
    claim.take()
    return undefined
  }

  /** Frees the slot, for who waits or who comes. What else its task had must be free before. */
  release(): void {
    const atMs = this.#clock.monotonicMs()
    if (this.#runningCount >= this.#recent.count || atMs - this.#recent.atMs >= RECENT_MS) {
      this.#recent = { count: this.#runningCount, atMs }
    }
    this.#runningCount -= 1
    this.#fill()
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
    for (const { turn } of this.#waiting.splice(0)) turn.reject(error)
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

  /** Gives free slots to those who wait. */
  #fill(): void {
    while (this.#runningCount < this.#count) {
      const index = this.#nextIndex()
      const [next] = index === -1 ? [] : this.#waiting.splice(index, 1)
      if (next === undefined) return
      this.#runningCount += 1
      next.claim.take()
      next.turn.resolve()
    }
  }

  /** Who is next: the first that fits, or would rather wait if nobody does; -1 for nobody. */
  #nextIndex(): number {
    const nowMs = this.#clock.monotonicMs()
    let tightIndex = -1
    for (const [index, { claim, sinceMs }] of this.#waiting.entries()) {
      if (index >= LOOKED_AT_MAX) break
      const fits = claim.fit()
      if (fits === 'yes') return index
      if (fits === 'tight' && tightIndex === -1) tightIndex = index
      if (nowMs - sinceMs >= PASSED_BY_MS_MAX) break
    }
    return tightIndex
  }

  async #wait(claim: Claim, signal: AbortSignal): Promise<void> {
    const waitMsMax = this.#waitMsMax
    const turn = deferred<void>()
    const waiting = { claim, turn, sinceMs: this.#clock.monotonicMs() }
    this.#waiting.push(waiting)
    const giveUp = (reason: unknown): void => {
      const index = this.#waiting.indexOf(waiting)
      if (index !== -1) this.#waiting.splice(index, 1)
      turn.reject(reason)
      // It may have kept others from a slot.
      this.#fill()
    }
    const onAbort = (): void => giveUp(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    const cancel = this.#clock.after(waitMsMax, () =>
      giveUp(
        new MeshError('WORKER_BUSY', `no slot became free within ${formatDuration(waitMsMax)}`)
      )
    )
    // One that fits may pass those that wait for more than a slot.
    this.#fill()
    try {
      await turn.promise
    } finally {
      cancel()
      signal.removeEventListener('abort', onAbort)
    }
  }
}
