/**
 * The newest experience of each router that is believed at all, until it expires. Of what a router has said
 * only the number of its last word outlives a restart, so that nobody can repeat an old one.
 */
import type { Claims } from '../reputation/shared.ts'
import type { RouterExperience } from './experience.ts'

/** Clocks of good machines differ by no more. */
export const CLOCK_TOLERANCE_MS = 300_000
/** What says that it may be believed for longer is believed for so long. */
export const LIFETIME_MS_MAX = 900_000

/** Why a word is not taken. */
export type Refusal = 'repeated' | 'expired' | 'from the future'

interface Book extends Claims {
  untilMs: number
}

export class ExperienceBooks {
  readonly #books = new Map<string, Book>()
  readonly #seqs: Map<string, number>

  /** @param seqs number of the last word of each router, from before */
  constructor(seqs: Iterable<[string, number]> = []) {
    this.#seqs = new Map(seqs)
  }

  /** Number of the last word of each router. */
  seqs(): [string, number][] {
    return [...this.#seqs]
  }

  /** @param nowMs Unix milliseconds. @returns undefined where it is taken */
  take(experience: RouterExperience, nowMs: number): Refusal | undefined {
    const { at_ms: atMs, expires_ms: expiresMs, router, seq, workers } = experience
    if (seq <= (this.#seqs.get(router) ?? -1)) return 'repeated'
    if (expiresMs + CLOCK_TOLERANCE_MS < nowMs) return 'expired'
    if (atMs - CLOCK_TOLERANCE_MS > nowMs) return 'from the future'
    this.#seqs.set(router, seq)
    this.#books.set(router, {
      router,
      workers: new Map(workers.map(({ bad, good, peer_id }) => [peer_id, { bad, good }])),
      untilMs: Math.min(expiresMs + CLOCK_TOLERANCE_MS, nowMs + LIFETIME_MS_MAX)
    })
    return undefined
  }

  /** What is believed now. */
  current(nowMs: number): Claims[] {
    for (const { router, untilMs } of this.#books.values()) {
      if (untilMs < nowMs) this.#books.delete(router)
    }
    return [...this.#books.values()]
  }
}
