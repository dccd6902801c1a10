/** Peers that gave what is not what they said: not asked for a while, longer each time, and forgiven in the end. */
import { LIMITS } from '../../core/limits.ts'
import type { Clock } from '../../core/clock.ts'

interface Shunned {
  count: number
  untilMs: number
}

/** A disk that fails now and then, or malice that tries once: both cost little. */
const SHUN_MS_MIN = 10 * 60_000
const SHUN_MS_MAX = 24 * 3_600_000

export class ShunnedPeers {
  readonly #clock: Clock
  /** Those who lied last are last. */
  readonly #peers = new Map<string, Shunned>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** It has lied. */
  note(peer: string): void {
    const nowMs = this.#clock.monotonicMs()
    const known = this.#peers.get(peer)
    // Whoever was good for as long as it was shunned begins anew.
    const lastMs = known === undefined ? 0 : shunMs(known.count)
    const count = known !== undefined && nowMs < known.untilMs + lastMs ? known.count + 1 : 1
    this.#peers.delete(peer)
    this.#peers.set(peer, { count, untilMs: nowMs + shunMs(count) })
    const [oldest] = this.#peers.keys()
    if (oldest !== undefined && this.#peers.size > LIMITS.shunnedPeersMax) {
      this.#peers.delete(oldest)
    }
  }

  has(peer: string): boolean {
    const known = this.#peers.get(peer)
    return known !== undefined && this.#clock.monotonicMs() < known.untilMs
  }
}

function shunMs(count: number): number {
  return Math.min(SHUN_MS_MAX, SHUN_MS_MIN * 2 ** (count - 1))
}
