/**
 * The places in which tasks run, and the lines of those that wait for one: a line for each router, so that none
 * is kept from its turn by how many tasks another has sent. Who has the fewest running is next, and of one router
 * first come, first served; but a task that needs more than a place may be passed by: the few behind it need not
 * wait for what they do not need.
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

/** So many at the head of a line are looked at for one that can begin. */
const LOOKED_AT_MAX = 16
/** Nobody is passed by for longer. */
const PASSED_BY_MS_MAX = 10_000

/** What a task needs beside its place. */
export interface Claim {
  /** Whose task it is. */
  router: string
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
  /** Of routers whose tasks wait; the one that has been in line for longest comes first. */
  readonly #lines = new Map<string, Waiting[]>()
  #waitingCount = 0
  /** By router. */
  readonly #running = new Map<string, number>()
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
    return this.#waitingCount
  }

  /** Tasks of one router that wait. */
  waitingOf(router: string): number {
    return this.#lines.get(router)?.length ?? 0
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
    const isFree = this.#waitingCount === 0 && this.#runningCount < this.#count
    if (!isFree || claim.fit() === 'no') return this.#wait(claim, signal)
    this.#begin(claim)
    return undefined
  }

  /** Frees the slot of a router, for who waits or who comes. What else its task had must be free before. */
  release(router: string): void {
    const atMs = this.#clock.monotonicMs()
    if (this.#runningCount >= this.#recent.count || atMs - this.#recent.atMs >= RECENT_MS) {
      this.#recent = { count: this.#runningCount, atMs }
    }
    this.#runningCount -= 1
    const left = (this.#running.get(router) ?? 0) - 1
    if (left > 0) this.#running.set(router, left)
    else this.#running.delete(router)
    this.#fill()
    this.#noteIdle()
  }

  /** Frees a slot only once what is in it has gone; who waits for quiet does not wait for that. */
  async releaseAfter(router: string, gone: Promise<void>): Promise<void> {
    this.#lingeringCount += 1
    this.#noteIdle()
    await gone
    this.#lingeringCount -= 1
    this.release(router)
  }

  /** Sends all away that wait. */
  handBack(error: MeshError): void {
    const waiting = [...this.#lines.values()].flat()
    this.#lines.clear()
    this.#waitingCount = 0
    for (const { turn } of waiting) turn.reject(error)
  }

  /** Sends the last away that a router has in line. @returns whether there was one */
  handBackLast(router: string, error: MeshError): boolean {
    const last = this.#lines.get(router)?.at(-1)
    if (last === undefined) return false
    this.#takeOut(last)
    last.turn.reject(error)
    return true
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

  #begin(claim: Claim): void {
    const { router } = claim
    this.#runningCount += 1
    this.#running.set(router, (this.#running.get(router) ?? 0) + 1)
    claim.take()
  }

  /** Gives free slots to those who wait. */
  #fill(): void {
    while (this.#runningCount < this.#count) {
      const next = this.#next()
      if (next === undefined) return
      this.#takeOut(next)
      this.#begin(next.claim)
      next.turn.resolve()
    }
  }

  /** Who is next: the first that fits, or would rather wait if nobody does. */
  #next(): Waiting | undefined {
    const nowMs = this.#clock.monotonicMs()
    let tight: Waiting | undefined
    for (const line of this.#linesInTurn()) {
      for (const waiting of line.slice(0, LOOKED_AT_MAX)) {
        const fits = waiting.claim.fit()
        if (fits === 'yes') return waiting
        if (fits === 'tight') tight ??= waiting
        if (nowMs - waiting.sinceMs >= PASSED_BY_MS_MAX) return tight
      }
    }
    return tight
  }

  #linesInTurn(): Iterable<Waiting[]> {
    if (this.#lines.size <= 1) return this.#lines.values()
    const runningOf = (router: string): number => this.#running.get(router) ?? 0
    return [...this.#lines]
      .toSorted(([left], [right]) => runningOf(left) - runningOf(right))
      .map(([, line]) => line)
  }

  /** It waits no more. What its router has beside it goes behind the other lines. */
  #takeOut(waiting: Waiting): void {
    const { router } = waiting.claim
    const line = this.#lines.get(router) ?? []
    const index = line.indexOf(waiting)
    if (index === -1) return
    line.splice(index, 1)
    this.#waitingCount -= 1
    this.#lines.delete(router)
    if (line.length > 0) this.#lines.set(router, line)
  }

  #queue(waiting: Waiting): void {
    const { router } = waiting.claim
    const line = this.#lines.get(router)
    if (line === undefined) this.#lines.set(router, [waiting])
    else line.push(waiting)
    this.#waitingCount += 1
  }

  async #wait(claim: Claim, signal: AbortSignal): Promise<void> {
    const waitMsMax = this.#waitMsMax
    const turn = deferred<void>()
    const waiting = { claim, turn, sinceMs: this.#clock.monotonicMs() }
    this.#queue(waiting)
    const giveUp = (reason: unknown): void => {
      this.#takeOut(waiting)
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
