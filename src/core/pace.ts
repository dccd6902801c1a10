/**
 * How much of something each peer may have for how long: a bucket of tokens for each, which fills again by
 * itself. Whoever was not heard of for longest is forgotten, and begins with a full bucket.
 */
import { LIMITS } from './limits.ts'
import type { Clock } from './clock.ts'

export interface PaceInit {
  /** What a peer may take at once. */
  burst: number
  /** What comes back in a second. */
  perSecond: number
}

/** Fractions of a token may add up to a little less than a whole one. */
const ROUNDING = 1e-6

interface Bucket {
  left: number
  atMs: number
}

export class Pace {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #init: PaceInit
  /** Last heard of first to go. */
  readonly #buckets = new Map<string, Bucket>()

  constructor(clock: Pick<Clock, 'monotonicMs'>, init: PaceInit) {
    this.#clock = clock
    this.#init = init
  }

  /** @returns false, and takes nothing, where less than that is left */
  take(peer: string, amount: number): boolean {
    const bucket = { left: this.leftOf(peer), atMs: this.#clock.monotonicMs() }
    this.#keep(peer, bucket)
    if (bucket.left < amount - ROUNDING) return false
    bucket.left -= amount
    return true
  }

  /** Gives back what was taken and turned out not to be the peer's doing. */
  giveBack(peer: string, amount: number): void {
    const left = Math.min(this.#init.burst, this.leftOf(peer) + amount)
    this.#keep(peer, { left, atMs: this.#clock.monotonicMs() })
  }

  /** Takes what was had already: where less is left, what comes back makes up for it first, for as long as that took. */
  takeAll(peer: string, amount: number): void {
    const left = Math.max(-this.#init.burst, this.leftOf(peer) - amount)
    this.#keep(peer, { left, atMs: this.#clock.monotonicMs() })
  }

  /** What a peer may take now, with what of a token has come back. */
  leftOf(peer: string): number {
    const { burst, perSecond } = this.#init
    const bucket = this.#buckets.get(peer)
    if (bucket === undefined) return burst
    const passedMs = this.#clock.monotonicMs() - bucket.atMs
    return Math.min(burst, bucket.left + (passedMs / 1_000) * perSecond)
  }

  /** How long until it may take so much. */
  waitMs(peer: string, amount: number): number {
    const missing = Math.max(0, amount - this.leftOf(peer))
    return Math.ceil((missing * 1_000) / this.#init.perSecond)
  }

  #keep(peer: string, bucket: Bucket): void {
    this.#buckets.delete(peer)
    this.#buckets.set(peer, bucket)
    if (this.#buckets.size <= LIMITS.pacedPeersMax) return
    const [oldest] = this.#buckets.keys()
    if (oldest !== undefined) this.#buckets.delete(oldest)
  }
}
