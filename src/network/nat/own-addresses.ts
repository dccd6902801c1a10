/**
 * Which addresses this node tells others. libp2p tells of a public one only once somebody has dialled it, for which
 * it asks others (`reachability.ts`).
 */
import { isLinkLocal, isLoopback, isNetworkAddress, isPrivate } from '@libp2p/utils'
import { isCircuit } from '../addresses.ts'
import type { AddressManager, TransportManager } from '@libp2p/interface-internal'
import type { Libp2pEvents, TypedEventTarget } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Startable } from '../../core/startable.ts'

export interface AddressComponents {
  addressManager: AddressManager
  events: TypedEventTarget<Libp2pEvents>
  transportManager: TransportManager
}

export interface OwnAddressesInit {
  /**
   * Takes public addresses of its own interfaces for reachable: a bootstrap has nobody to ask when it is the first
   * of its mesh, and its owner has put it where others find it.
   */
  trustsOwn: boolean
}

export interface Endpoint {
  host: string
  port: number
}

/** A port of a gateway that stands for one of this machine. */
export interface PortMapping {
  protocol: 'tcp' | 'udp'
  internal: Endpoint
  external: Endpoint
}

const FOR_EVER_MS = 100 * 365 * 86_400_000

/**
 * As libp2p's `announceFilter`: what others cannot dial, relays on a loopback address among it, is told only where
 * there is nothing else, and they may be on this machine.
 */
export function toldAddresses(addresses: Multiaddr[]): Multiaddr[] {
  const told = addresses.filter((address) => !isLoopback(address) && !isLinkLocal(address))
  return told.length > 0 ? told : addresses
}

/** True of an address that everybody can dial, without a relay. */
export function isPublic(address: Multiaddr): boolean {
  return isNetworkAddress(address) && !isPrivate(address) && !isCircuit(address)
}

/** A libp2p service. */
export class OwnAddresses implements Startable {
  readonly #components: AddressComponents
  readonly #trustsOwn: boolean

  constructor(components: AddressComponents, { trustsOwn }: OwnAddressesInit) {
    this.#components = components
    this.#trustsOwn = trustsOwn
  }

  async start(): Promise<void> {
    if (!this.#trustsOwn) return
    const { events } = this.#components
    events.addEventListener('transport:listening', this.#trustOwn)
    // Of a machine that has moved.
    events.addEventListener('self:peer:update', this.#trustOwn)
  }

  async stop(): Promise<void> {
    const { events } = this.#components
    events.removeEventListener('transport:listening', this.#trustOwn)
    events.removeEventListener('self:peer:update', this.#trustOwn)
  }

  /** Addresses of this machine that it listens on, and its places at relays. */
  listened(): Multiaddr[] {
    return this.#components.transportManager.getAddrs()
  }

  /** A gateway passes on what comes to its port; it is told to others once somebody has come in by it. */
  addMapping({ external, internal, protocol }: PortMapping): void {
    this.#components.addressManager.addPublicAddressMapping(
      internal.host,
      internal.port,
      external.host,
      external.port,
      protocol
    )
  }

  removeMapping({ external, internal, protocol }: PortMapping): void {
    this.#components.addressManager.removePublicAddressMapping(
      internal.host,
      internal.port,
      external.host,
      external.port,
      protocol
    )
  }

  readonly #trustOwn = (): void => {
    for (const address of this.listened().filter(isPublic)) {
      this.#components.addressManager.confirmObservedAddr(address, {
        type: 'transport',
        ttl: FOR_EVER_MS
      })
    }
  }
}
