/**
 * Which addresses of a peer are dialled: those that this node remembers, else those that the DHT names, and where they
 * have failed, what is newer there; of them those that a transport, the gater and the order of dialling let through.
 */
import { multiaddr } from '@multiformats/multiaddr'
import { DialDeniedError } from './dial-error.ts'
import { dialOrder } from './dial-order.ts'
import { isWorthKeeping } from '../addresses.ts'
import type {
  ComponentLogger,
  ConnectionGater,
  PeerId,
  PeerRouting,
  PeerStore,
  RoutingOptions
} from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { TransportManager } from '@libp2p/interface-internal'
import type { PlannedDial, Whereabouts } from './dial-order.ts'

/** Which ways to a peer are wanted. */
export type Ways = 'any' | 'direct'

export interface DialPlansComponents {
  connectionGater: ConnectionGater
  logger: ComponentLogger
  peerRouting: Pick<PeerRouting, 'findPeer'>
  peerStore: Pick<PeerStore, 'get'>
  transportManager: Pick<TransportManager, 'dialTransportForMultiaddr'>
}

/** The DHT is asked for so long where it has no answer. */
const LOOKUP_MS = 8_000
/** Likewise for newer addresses than those that have failed, as somebody waits to hear that the peer is gone. */
const SECOND_LOOKUP_MS = 3_000

export class DialPlans {
  readonly #components: DialPlansComponents
  readonly #here: Whereabouts

  constructor(components: DialPlansComponents, here: Whereabouts) {
    this.#components = components
    this.#here = here
  }

  /**
   * One plan after the other, for as long as those before have failed.
   * @throws DialDeniedError
   */
  async *of(peer: PeerId, ways: Ways, signal: AbortSignal): AsyncGenerator<PlannedDial[]> {
    const known = await this.#knownAddresses(peer)
    const addresses = known.length > 0 ? known : await this.#lookUp(peer, LOOKUP_MS, { signal })
    const plan = await this.#plan(peer, addresses, ways)
    if (plan.length > 0) yield plan
    // A peer that has moved tells others its new addresses; on one machine nobody moves.
    if (known.length === 0 || this.#here.isLoopbackOnly) return
    const found = await this.#lookUp(peer, SECOND_LOOKUP_MS, { signal, useCache: false })
    const tried = new Set(plan.map(({ address }) => address.toString()))
    const newer = (await this.#plan(peer, found, ways)).filter(
      ({ address }) => !tried.has(address.toString())
    )
    if (newer.length > 0) yield newer
  }

  async #knownAddresses(peer: PeerId): Promise<Multiaddr[]> {
    try {
      const { addresses } = await this.#components.peerStore.get(peer)
      return addresses.map((address) => address.multiaddr)
    } catch (cause) {
      if (cause instanceof Error && cause.name === 'NotFoundError') return []
      throw cause
    }
  }

  async #lookUp(peer: PeerId, timeoutMs: number, options: RoutingOptions): Promise<Multiaddr[]> {
    const { logger, peerRouting } = this.#components
    const signals = [AbortSignal.timeout(timeoutMs), ...(options.signal ? [options.signal] : [])]
    try {
      const found = await peerRouting.findPeer(peer, {
        ...options,
        signal: AbortSignal.any(signals)
      })
      return found.multiaddrs.filter(isWorthKeeping)
    } catch (cause) {
      logger.forComponent('taskmesh:dialler')('%p was not found - %e', peer, cause)
      return []
    }
  }

  async #plan(peer: PeerId, addresses: readonly Multiaddr[], ways: Ways): Promise<PlannedDial[]> {
    const { connectionGater, transportManager } = this.#components
    const usable = addresses
      .flatMap((address) => addressOf(peer, address))
      .filter((address) => transportManager.dialTransportForMultiaddr(address) !== undefined)
    const plan = dialOrder(usable, this.#here).filter(
      ({ tier }) => ways === 'any' || tier !== 'relay'
    )
    const denials = await Promise.all(
      plan.map(async ({ address }) => await connectionGater.denyDialMultiaddr?.(address))
    )
    const allowed = plan.filter((_, index) => denials[index] !== true)
    if (plan.length > 0 && allowed.length === 0) {
      throw new DialDeniedError('this node leaves its addresses alone')
    }
    return allowed
  }
}

/** With the peer's id at its end, so that nobody else is taken for the peer; none of another peer's. */
function addressOf(peer: PeerId, address: Multiaddr): Multiaddr[] {
  const last = address.getComponents().at(-1)
  if (last?.name !== 'p2p') return [address.encapsulate(multiaddr(`/p2p/${peer.toString()}`))]
  return last.value === peer.toString() ? [address] : []
}
