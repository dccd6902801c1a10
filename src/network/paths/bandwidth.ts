/**
 * How fast bytes go to each peer and come from it, learnt from what is moved anyway: nothing is sent to measure. What
 * was learnt of one kind of path says nothing of another, and is forgotten once a peer is reached otherwise.
 */
import { LIMITS } from '../../core/limits.ts'
import { RecentMap } from '../../core/recent-map.ts'
import type { Clock } from '../../core/clock.ts'
import type { PathKind } from './paths.ts'
import type { Transfer, TransferDirection } from '../../protocol/transfer-meter.ts'

/** What is reckoned with. */
export interface Rate {
  bytesPerMs: number
  /** Since it was last measured. */
  ageMs: number
}

/**
 * A fast transfer shows what the path can do; a slow one may be the other end's disk, its limits, or other transfers
 * beside it. So the estimate rises soon and falls slowly.
 */
const RISE = 0.5
const FALL = 0.125

/** After so long it is measured anew: whoever looked slow once would be spared large transfers, and never be looked at. */
const VALID_MS = 30 * 60_000

interface Estimate {
  bytesPerMs: number
  atMs: number
}

type Known = Partial<Record<TransferDirection, Estimate>> & { readonly path: PathKind }

export class Bandwidth {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #pathOf: (peer: string) => PathKind | undefined
  readonly #known = new RecentMap<string, Known>(LIMITS.directoryWorkersMax)

  /** @param pathOf how a peer is reached now; undefined of one that is not connected */
  constructor(clock: Pick<Clock, 'monotonicMs'>, pathOf: (peer: string) => PathKind | undefined) {
    this.#clock = clock
    this.#pathOf = pathOf
  }

  note(peer: string, direction: TransferDirection, { bytes, ms }: Transfer): void {
    const path = this.#pathOf(peer)
    if (path === undefined || !(bytes > 0 && ms > 0)) return
    const known = this.#knownOf(peer, path) ?? { path }
    const before = this.rateOf(peer, path, direction)?.bytesPerMs
    known[direction] = {
      bytesPerMs: smoothed(before, bytes / ms),
      atMs: this.#clock.monotonicMs()
    }
    this.#known.set(peer, known)
  }

  /** Undefined while nothing was measured on the way by which the peer is reached now. */
  rateOf(peer: string, path: PathKind, direction: TransferDirection): Rate | undefined {
    const estimate = this.#knownOf(peer, path)?.[direction]
    if (estimate === undefined) return undefined
    const { atMs, bytesPerMs } = estimate
    const ageMs = this.#clock.monotonicMs() - atMs
    return ageMs > VALID_MS ? undefined : { bytesPerMs, ageMs }
  }

  #knownOf(peer: string, path: PathKind): Known | undefined {
    const known = this.#known.get(peer)
    return known?.path === path ? known : undefined
  }
}

/** Between what was believed and what was seen, so never beyond the fastest and the slowest seen. */
function smoothed(before: number | undefined, seen: number): number {
  if (before === undefined) return seen
  return before + (seen > before ? RISE : FALL) * (seen - before)
}
