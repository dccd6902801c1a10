/** What goes through this relay: how many circuits there are, and how fast all of them together may be. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { Pace } from '../../core/pace.ts'
import { PeerQuota } from '../../protocol/peer-quota.ts'
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

export interface RelayCounts {
  circuits: number
  /** That were passed on, of all time. */
  bytes: number
}

/** All share one allowance. */
const ALL = 'all'

export class RelayTraffic {
  readonly #clock: Pick<Clock, 'after'>
  readonly #pace: Pace | undefined
  readonly #circuits = new PeerQuota({
    perPeerMax: LIMITS.circuitsPerPeerMax,
    totalMax: LIMITS.circuitsMax
  })
  readonly #pairs = new PeerQuota({
    perPeerMax: LIMITS.circuitsPerPairMax,
    totalMax: LIMITS.circuitsMax
  })
  readonly #counts: RelayCounts = { circuits: 0, bytes: 0 }
  /** For whom another one is called. */
  readonly #asker = new AsyncLocalStorage<string>()

  constructor(
    clock: Pick<Clock, 'after' | 'monotonicMs'>,
    { rateBytes }: Pick<RelayLimits, 'rateBytes'>
  ) {
    this.#clock = clock
    if (rateBytes !== undefined) {
      this.#pace = new Pace(clock, { burst: rateBytes, perSecond: rateBytes })
    }
  }

  /** @returns false where this node, or that peer, has as many as it may */
  add(stream: Stream, asker: string): boolean {
    if (!this.#circuits.take(asker, 1)) return false
    stream.addEventListener('close', () => this.#circuits.give(asker, 1))
    this.count(stream)
    this.pace(stream)
    return true
  }

  /** What is called meanwhile is called for that peer. */
  runFor<T>(asker: string, work: () => T): T {
    return this.#asker.run(asker, work)
  }

  /**
   * A circuit leads to that peer. @returns what says that it has ended
   * @throws MeshError TOO_MANY_REQUESTS where its asker has as many to it as one may
   */
  enter(called: string): () => void {
    const pair = `${this.#asker.getStore() ?? ''} ${called}`
    if (!this.#pairs.take(pair, 1)) {
      throw new MeshError('TOO_MANY_REQUESTS', 'it is called too often by the same peer')
    }
    this.#counts.circuits += 1
    return () => {
      this.#counts.circuits -= 1
      this.#pairs.give(pair, 1)
    }
  }

  counts(): RelayCounts {
    return { ...this.#counts }
  }

  /** What goes out by it was passed on, but for a few words that set the circuit up. */
  count(stream: Stream): void {
    const send = stream.send.bind(stream)
    stream.send = (bytes) => {
      this.#counts.bytes += bytes.byteLength
      return send(bytes)
    }
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
