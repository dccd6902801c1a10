/**
 * How much of its registry a bootstrap tells one peer: a question of some bytes has an answer of half a megabyte, and
 * who asks without end would have others wait.
 */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { Pace } from '../core/pace.ts'
import type { Clock } from '../core/clock.ts'
import type { FindNodesResult } from '../model/generated/commands-find-nodes.ts'

/** All that there may be, twice: a router that has lost its bootstrap and comes back. Then as much each five minutes. */
const TOLD = { burst: 2 * LIMITS.registryWorkersMax, perSecond: LIMITS.registryWorkersMax / 300 }

export class RegistryPace {
  /** Workers that were told of; a question counts as one. */
  readonly #told: Pace

  constructor({ clock }: { clock: Pick<Clock, 'monotonicMs'> }) {
    this.#told = new Pace(clock, TOLD)
  }

  /** @throws MeshError TOO_MANY_REQUESTS, or whatever the answer throws */
  tell(peer: string, answer: () => FindNodesResult): FindNodesResult {
    const retryAfterMs = this.#told.waitMs(peer, 1)
    if (retryAfterMs > 0) {
      throw new MeshError('TOO_MANY_REQUESTS', 'this peer has been told of enough workers', {
        retryAfterMs
      })
    }
    this.#told.takeAll(peer, 1)
    const result = answer()
    this.#told.takeAll(peer, result.nodes.length)
    return result
  }
}
