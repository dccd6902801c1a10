/**
 * Moves sessions to a direct way. When a peer that was reached through a relay is reached directly, whoever has opened
 * the session opens another one, which goes the better way and is used from then on. The one before it is closed once
 * nobody waits for anything on it: what was asked there is answered there.
 */
import { MeshError } from '../core/errors.ts'
import { sleep } from '../core/abort.ts'
import type { Clock } from '../core/clock.ts'
import type { PeerLink } from './peer-link.ts'
import type { Session } from './session.ts'

export interface SessionMovesComponents {
  clock: Clock
  link: Pick<PeerLink, 'isRelayed' | 'onDirect'>
  /** Sessions with a peer that this node has opened. */
  own: (peer: string) => readonly Session[]
  /** The one that is used for what is new. */
  current: (peer: string) => Session | undefined
  /** Another one, by the best way that there is. */
  openAnew: (peer: string) => Promise<Session>
}

/** The direct way may have been gone again, and may be back. */
const RETRY_MS = 5_000
/** Nobody waits for the end of a session that is no longer used. */
const LOOK_MS = 1_000

export class SessionMoves {
  readonly #components: SessionMovesComponents
  /** Peers whose sessions are being moved; true: and are to be once more. */
  readonly #moving = new Map<string, boolean>()
  readonly #retiring = new WeakSet<Session>()
  readonly #controller = new AbortController()
  #unlisten: () => void = () => {}

  constructor(components: SessionMovesComponents) {
    this.#components = components
  }

  start(): void {
    this.#unlisten = this.#components.link.onDirect((peer) => {
      if (this.#moving.has(peer)) this.#moving.set(peer, true)
      else void this.#moveAll(peer)
    })
  }

  stop(reason: MeshError): void {
    this.#unlisten()
    this.#controller.abort(reason)
  }

  /** Never rejects. */
  async #moveAll(peer: string): Promise<void> {
    const { signal } = this.#controller
    do {
      this.#moving.set(peer, false)
      // oxlint-disable-next-line no-await-in-loop -- ways come one after the other
      while (!(await this.#move(peer))) {
        // oxlint-disable-next-line no-await-in-loop
        await sleep(this.#components.clock, RETRY_MS, { signal }).catch(() => {})
      }
    } while (this.#moving.get(peer) === true)
    this.#moving.delete(peer)
  }

  /** @returns whether there is nothing more to do */
  async #move(peer: string): Promise<boolean> {
    const { link, openAnew, own } = this.#components
    if (this.#controller.signal.aborted || link.isRelayed(peer) || own(peer).length === 0) {
      return true
    }
    try {
      const session = await openAnew(peer)
      const before = own(peer).filter((other) => other !== session)
      // The other end knows it by then, and asks nothing new over those before.
      await session.roundTrip()
      for (const old of before) void this.#retire(old)
      return true
    } catch {
      // What there was goes on.
      return false
    }
  }

  /** Never rejects. */
  async #retire(old: Session): Promise<void> {
    if (this.#retiring.has(old)) return
    this.#retiring.add(old)
    const { clock, current } = this.#components
    const { signal } = this.#controller
    try {
      // What the other end has asked before it knew of the new one is here by then.
      await old.roundTrip()
      do {
        // oxlint-disable no-await-in-loop
        while (old.isOpen && !old.isIdle) await sleep(clock, LOOK_MS, { signal })
        // Our last answer has arrived by then.
        await old.roundTrip()
        // oxlint-enable no-await-in-loop
      } while (!old.isIdle)
      // Where the new one is lost already, the old one is used again.
      if (current(old.remotePeer) === old) this.#retiring.delete(old)
      else await old.close(new MeshError('SESSION_CLOSED', 'it goes on by a direct way'))
    } catch {
      // It has ended by itself.
    }
  }
}
