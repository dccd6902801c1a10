/** Tells the network who has shown a certificate; and those who wait for a peer's, when it has. */
import { MeshError } from '../core/errors.ts'
import { deferred, unlessAborted } from '../core/abort.ts'
import type { Admission } from '../network/guard/admission.ts'
import type { Deferred } from '../core/abort.ts'
import type { Members } from '../membership/members.ts'

interface Expectation {
  shown: Deferred<void>
  waitingCount: number
}

export class Arrivals implements Admission {
  readonly #expected = new Map<string, Expectation>()
  #members: Pick<Members, 'isBanned' | 'of'> | undefined

  /** The network is there before anybody knows what a member is. */
  follow(members: Pick<Members, 'isBanned' | 'of'>): void {
    this.#members = members
  }

  isMember = (peer: string): boolean => this.#members?.of(peer) !== undefined

  isBanned = (peer: string): boolean => this.#members?.isBanned(peer) === true

  /** @throws MeshError NOT_A_MEMBER when the signal fires */
  admit = async (peer: string, signal: AbortSignal): Promise<void> => {
    if (this.isMember(peer)) return
    const expectation = this.#expected.get(peer) ?? { shown: deferred<void>(), waitingCount: 0 }
    this.#expected.set(peer, expectation)
    expectation.waitingCount += 1
    try {
      await unlessAborted(expectation.shown.promise, { signal })
    } catch (cause) {
      const message = `${peer} has shown no certificate in time`
      throw new MeshError('NOT_A_MEMBER', message, { cause })
    } finally {
      expectation.waitingCount -= 1
      const isLast = expectation.waitingCount === 0 && this.#expected.get(peer) === expectation
      if (isLast) this.#expected.delete(peer)
    }
  }

  met(peer: string): void {
    this.#expected.get(peer)?.shown.resolve()
    this.#expected.delete(peer)
  }
}
