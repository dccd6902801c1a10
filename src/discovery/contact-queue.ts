/**
 * In what order a router introduces itself to workers, so many at a time: ten thousand at once would only time
 * out together. First those that somebody waits for, and those that were here; then, in turns, one that was just
 * found and one that was tried before, so that neither the invented nor the dead keep the others waiting. One that
 * does not answer soon gives its place to the next and goes on beside it, for as long as a contact may last.
 */
import { LIMITS } from '../core/limits.ts'
import type { Clock } from '../core/clock.ts'

export type ContactRank = 'awaited' | 'found' | 'tried'

/** Whoever answers, answers within it, nearly always. */
const SOON_MS = 1_000

export class ContactQueue {
  readonly #clock: Pick<Clock, 'after'>
  readonly #atOnceMax: number
  readonly #waiting: Readonly<Record<ContactRank, Map<string, () => Promise<void>>>> = {
    awaited: new Map(),
    found: new Map(),
    tried: new Map()
  }
  #runningCount = 0
  #isTurnOfTried = false

  constructor(clock: Pick<Clock, 'after'>, atOnceMax: number = LIMITS.contactsAtOnceMax) {
    this.#clock = clock
    this.#atOnceMax = atOnceMax
  }

  get waitingCount(): number {
    const { awaited, found, tried } = this.#waiting
    return awaited.size + found.size + tried.size
  }

  /** Begins now or when its turn comes; one that waits already keeps its place. @param work never rejects */
  add(peer: string, rank: ContactRank, work: () => Promise<void>): void {
    const isWaiting = Object.values(this.#waiting).some((waiting) => waiting.has(peer))
    if (!isWaiting) this.#waiting[rank].set(peer, work)
    else if (rank === 'awaited') this.hasten(peer)
    this.#pump()
  }

  /** One that waits comes before those that nobody waits for. */
  hasten(peer: string): void {
    const { awaited, found, tried } = this.#waiting
    const work = found.get(peer) ?? tried.get(peer)
    if (work === undefined) return
    this.remove(peer)
    awaited.set(peer, work)
  }

  /** It does not begin any more, unless it has. */
  remove(peer: string): void {
    for (const waiting of Object.values(this.#waiting)) waiting.delete(peer)
  }

  clear(): void {
    for (const waiting of Object.values(this.#waiting)) waiting.clear()
  }

  #pump(): void {
    while (this.#runningCount < this.#atOnceMax) {
      const next = this.#take()
      if (next === undefined) return
      this.#begin(next)
    }
  }

  #begin(work: () => Promise<void>): void {
    let hasPlace = true
    const leave = (): void => {
      cancel()
      if (!hasPlace) return
      hasPlace = false
      this.#runningCount -= 1
      this.#pump()
    }
    const cancel = this.#clock.after(SOON_MS, leave)
    this.#runningCount += 1
    void work().finally(leave)
  }

  #take(): (() => Promise<void>) | undefined {
    const { awaited, found, tried } = this.#waiting
    this.#isTurnOfTried = !this.#isTurnOfTried
    const inTurn = this.#isTurnOfTried ? [tried, found] : [found, tried]
    for (const waiting of [awaited, ...inTurn]) {
      for (const [peer, work] of waiting) {
        waiting.delete(peer)
        return work
      }
    }
    return undefined
  }
}
