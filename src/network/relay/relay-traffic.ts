/** What goes through this relay: how many circuits there are, and how fast all of them together may be. */
import { LIMITS } from '../../core/limits.ts'
import { Pace } from '../../core/pace.ts'
import type { Clock } from '../../core/clock.ts'
import type { GuardInit } from '../guard/guarded-service.ts'
import type { Stream } from '@libp2p/interface'

/** What a relay's owner gives to others. */
export interface RelayLimits {
  /** Nodes that may be reached through it at a time. */
  readonly reservationsMax: number
  /** Of each circuit, both ways together; undefined: no limit. */
  readonly dataBytes: number | undefined
  /** Of each circuit; undefined: no limit. */
  readonly durationMs: number | undefined
  /** Bytes a second through all circuits together; undefined: no limit. */
  readonly rateBytes: number | undefined
}

/**
 * A circuit is one stream of the relay's, and all that goes through it is of that stream: that is bounded here. What
 * a guard bounds is how often a peer asks for one.
 */
export const CIRCUITS_ASKED = {
  pace: { burst: 512, perSecond: 16 },
  streamBytes: 1,
  isBulk: true
} as const satisfies GuardInit

/** All share one allowance. */
const ALL = 'all'

export class RelayTraffic {
  readonly #clock: Pick<Clock, 'after'>
  readonly #pace: Pace | undefined
  #circuitCount = 0

  constructor(
    clock: Pick<Clock, 'after' | 'monotonicMs'>,
    { rateBytes }: Pick<RelayLimits, 'rateBytes'>
  ) {
    this.#clock = clock
    if (rateBytes !== undefined) {
      this.#pace = new Pace(clock, { burst: rateBytes, perSecond: rateBytes })
    }
  }

  /** @returns false where there are as many as this node carries */
  add(stream: Stream): boolean {
    if (this.#circuitCount >= LIMITS.circuitsMax) return false
    this.#circuitCount += 1
    stream.addEventListener('close', () => {
      this.#circuitCount -= 1
    })
    this.pace(stream)
    return true
  }

  /** What comes in by it is read no faster than the owner allows. */
  pace(stream: Stream): void {
    const pace = this.#pace
    if (pace === undefined) return
    stream.addEventListener('message', ({ data }) => {
      pace.takeAll(ALL, data.byteLength)
      const waitMs = pace.waitMs(ALL, 1)
      if (waitMs === 0 || stream.readStatus !== 'readable') return
      stream.pause()
      this.#clock.after(waitMs, () => {
        if (stream.readStatus === 'paused') stream.resume()
      })
    })
  }
}
