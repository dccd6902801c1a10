/**
 * Dials peers by their ids: several of a peer's addresses at a time, in the order of `dial-order.ts`. libp2p's own
 * queue tries them one after the other, so that each address that is dead or of another network costs seconds. Like
 * that queue it asks the gater, dials by the transport manager and notes who was reached; it is a service of libp2p.
 */
import { DialError, InvalidPeerIdError, NotStartedError } from '@libp2p/interface'
import { unlessAborted, whenAborted } from '../../core/abort.ts'
import { LIMITS } from '../../core/limits.ts'
import { SharedAmount } from '../../core/shared-amount.ts'
import { SharedWork } from '../../core/shared-work.ts'
import { DialDeniedError } from './dial-error.ts'
import { DialPlans } from './dial-plans.ts'
import { DialRace } from './dial-race.ts'
import { isRelayed } from '../paths/paths.ts'
import type { ConnectionManager, TransportManager } from '@libp2p/interface-internal'
import type {
  Connection,
  Libp2pEvents,
  PeerId,
  PeerStore,
  TypedEventTarget
} from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { AbortOptions } from '../../core/abort.ts'
import type { Clock } from '../../core/clock.ts'
import type { DialPlansComponents, Ways } from './dial-plans.ts'
import type { PlannedDial, Whereabouts } from './dial-order.ts'
import type { Startable } from '../../core/startable.ts'

/** What it takes of libp2p. */
export interface DiallerComponents extends DialPlansComponents {
  connectionManager: Pick<ConnectionManager, 'getConnections'>
  events: Pick<TypedEventTarget<Libp2pEvents>, 'addEventListener' | 'removeEventListener'>
  peerId: PeerId
  peerStore: Pick<PeerStore, 'get' | 'merge'>
  transportManager: Pick<TransportManager, 'dial' | 'dialTransportForMultiaddr'>
}

export interface DiallerInit {
  clock: Clock
  here: Whereabouts
}

/** For a caller who sets no limit: as long as libp2p's queue takes. */
const DIAL_MS = 10_000
/** One try. A machine under load answers late, and the others go on meanwhile. */
const TRY_MS = 6_000

export class Dialler implements Startable {
  readonly #components: DiallerComponents
  readonly #init: DiallerInit
  readonly #plans: DialPlans
  readonly #slots = new SharedAmount(LIMITS.dialTriesMax)
  /** Dials that somebody waits for, by peer. */
  readonly #dials: Record<Ways, Map<string, SharedWork<Connection>>> = {
    any: new Map(),
    direct: new Map()
  }
  /** Also those that go on trying direct ways when a relay has won. */
  readonly #races = new Map<string, DialRace>()
  #isStarted = false

  constructor(components: DiallerComponents, init: DiallerInit) {
    this.#components = components
    this.#init = init
    this.#plans = new DialPlans(components, init.here)
  }

  async start(): Promise<void> {
    this.#isStarted = true
    this.#components.events.addEventListener('connection:open', this.#onOpen)
  }

  async stop(): Promise<void> {
    this.#isStarted = false
    this.#components.events.removeEventListener('connection:open', this.#onOpen)
    const reason = new NotStartedError('this node is stopping')
    const { any, direct } = this.#dials
    const works = [...any.values(), ...direct.values()]
    for (const race of this.#races.values()) race.stop(reason)
    await Promise.all(works.map((work) => work.stop(reason)))
  }

  /** The best connection with the peer that there is; where there is none, the first that comes about. */
  async dial(peer: PeerId, options: AbortOptions = {}): Promise<Connection> {
    const open = this.#connections(peer)
    const existing = open.find((connection) => !isRelayed(connection)) ?? open[0]
    return existing ?? (await this.#join(peer, 'any', options))
  }

  /** A connection through no relay, also with a peer that is reached through one. */
  async upgrade(peer: PeerId, options: AbortOptions = {}): Promise<Connection> {
    const existing = this.#connections(peer).find((connection) => !isRelayed(connection))
    if (existing !== undefined) return existing
    const underWay = this.#races.get(peer.toString())
    if (underWay !== undefined) return await unlessAborted(underWay.direct, limited(options))
    return await this.#join(peer, 'direct', options)
  }

  readonly #onOpen = ({ detail: connection }: CustomEvent<Connection>): void => {
    // Those that it has opened itself come by its own tries.
    if (connection.direction === 'outbound') return
    this.#races.get(connection.remotePeer.toString())?.offer(connection, isRelayed(connection))
  }

  #connections(peer: PeerId): Connection[] {
    const { connectionManager } = this.#components
    return connectionManager.getConnections(peer).filter(({ status }) => status === 'open')
  }

  async #join(peerId: PeerId, ways: Ways, options: AbortOptions): Promise<Connection> {
    const dials = this.#dials[ways]
    const peer = peerId.toString()
    let work = dials.get(peer)
    if (work === undefined || work.isGivenUp) {
      this.#checkReady(peerId, dials.size)
      work = new SharedWork((signal) => this.#reach(peerId, ways, signal))
      dials.set(peer, work)
      void this.#forgetOnceOver(dials, peer, work)
    }
    return await work.join(limited(options))
  }

  async #forgetOnceOver(
    dials: Map<string, SharedWork<Connection>>,
    peer: string,
    work: SharedWork<Connection>
  ): Promise<void> {
    await work.over()
    if (dials.get(peer) === work) dials.delete(peer)
  }

  #checkReady(peer: PeerId, dialCount: number): void {
    if (!this.#isStarted) throw new NotStartedError('this node is not running')
    if (peer.equals(this.#components.peerId)) throw new InvalidPeerIdError('this node is that peer')
    if (dialCount < LIMITS.dialledPeersMax) return
    throw new DialError(`${LIMITS.dialledPeersMax} other peers are being dialled`)
  }

  async #reach(peer: PeerId, ways: Ways, signal: AbortSignal): Promise<Connection> {
    const { connectionGater } = this.#components
    if ((await connectionGater.denyDialPeer?.(peer)) === true) {
      throw new DialDeniedError('this node leaves the peer alone')
    }
    let failure: unknown = new DialError('no address of it is known that leads there from here')
    for await (const plan of this.#plans.of(peer, ways, signal)) {
      try {
        return await this.#race(peer, plan, signal)
      } catch (cause) {
        failure = cause
      }
      signal.throwIfAborted()
    }
    throw failure
  }

  async #race(
    peerId: PeerId,
    plan: readonly PlannedDial[],
    signal: AbortSignal
  ): Promise<Connection> {
    signal.throwIfAborted()
    const peer = peerId.toString()
    this.#races.get(peer)?.stop(new DialError('the peer is dialled anew'))
    const race = new DialRace(
      {
        clock: this.#init.clock,
        slots: this.#slots,
        dial: (address, tried) => this.#dialAddress(address, tried)
      },
      plan,
      { tryMs: TRY_MS, triesMax: LIMITS.dialTriesPerPeerMax }
    )
    this.#races.set(peer, race)
    void this.#forgetRaceOnceOver(peer, race)
    // Only until somebody has won: what goes on then is nobody's to call off.
    const end = whenAborted(signal, () => race.stop(signal.reason))
    try {
      return await race.first
    } finally {
      end()
    }
  }

  async #forgetRaceOnceOver(peer: string, race: DialRace): Promise<void> {
    await race.over
    if (this.#races.get(peer) === race) this.#races.delete(peer)
  }

  async #dialAddress(address: Multiaddr, signal: AbortSignal): Promise<Connection> {
    const connection = await this.#components.transportManager.dial(address, { signal })
    void this.#note(connection)
    return connection
  }

  /** As libp2p's queue does, for those of its services that choose among peers by it. */
  async #note({ remoteAddr, remotePeer }: Connection): Promise<void> {
    const { logger, peerStore } = this.#components
    const nowMs = String(this.#init.clock.wallMs())
    try {
      await peerStore.merge(remotePeer, {
        multiaddrs: [remoteAddr],
        metadata: { 'last-dial-success': Buffer.from(nowMs) }
      })
    } catch (cause) {
      logger.forComponent('taskmesh:dialler')('%p could not be noted - %e', remotePeer, cause)
    }
  }
}

function limited({ signal }: AbortOptions): AbortOptions {
  return { signal: signal ?? AbortSignal.timeout(DIAL_MS) }
}
