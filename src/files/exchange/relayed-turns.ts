/**
 * Politeness to relays: what goes to one peer through a relay goes no faster than this, whoever owns the relay, and
 * takes its turns under the node's own limit besides.
 */
import { LIMITS } from '../../core/limits.ts'
import { RateLimit } from './rate-limit.ts'
import { UploadTurns } from './upload-turns.ts'
import type { Clock } from '../../core/clock.ts'
import type { Turns, TurnTaker } from './upload-turns.ts'

export class RelayedTurns implements Turns {
  readonly #common: Turns
  readonly #limit: RateLimit
  readonly #own: UploadTurns

  /** Of all streams of one peer. @param common of all peers */
  constructor(clock: Clock, common: Turns) {
    this.#common = common
    this.#limit = new RateLimit(clock, LIMITS.relayedPieceRateMax)
    this.#own = new UploadTurns(clock, this.#limit)
  }

  take(taker: TurnTaker, bytes: number): boolean {
    if (!this.#own.take(taker, bytes)) return false
    if (this.#common.take(taker, bytes)) return true
    this.#limit.give(bytes)
    return false
  }

  leave(taker: TurnTaker): void {
    this.#own.leave(taker)
    this.#common.leave(taker)
  }

  stop(): void {
    this.#own.stop()
  }
}
