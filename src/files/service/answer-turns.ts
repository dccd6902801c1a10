/**
 * Answers that take some milliseconds of this thread each are worked out one by one, with a turn for everything else
 * in between: a peer that sends a thousand questions in one packet waits for itself, and not the node for it.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { MeshError } from '../../core/errors.ts'
import { PeerQuota } from '../../protocol/peer-quota.ts'
import { SharedAmount } from '../../core/shared-amount.ts'

/** Whoever fetches many files of one holder asks for some dozen manifests at once. */
const WAITING_MAX = { perPeerMax: 64, totalMax: 4_096 } as const

export class AnswerTurns {
  readonly #turns = new SharedAmount(1)
  readonly #waiting = new PeerQuota(WAITING_MAX)

  /** @throws MeshError TOO_MANY_REQUESTS; what the work throws */
  async take<T>(peer: string, work: () => T): Promise<T> {
    if (!this.#waiting.take(peer, 1)) {
      throw new MeshError('TOO_MANY_REQUESTS', 'too many lists are asked for at once', {
        hint: 'ask again when some have come'
      })
    }
    try {
      return await this.#turns.use(1, async () => {
        await turn()
        return work()
      })
    } finally {
      this.#waiting.give(peer, 1)
    }
  }
}
