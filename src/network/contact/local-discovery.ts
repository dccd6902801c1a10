/**
 * Finds nodes of the same mesh on the local network, without internet or bootstrap. Whoever answers there is a hint:
 * it is dialled like anybody else, and shows its certificate then. Who was lost is dialled again when it answers.
 * Anybody there can answer anything: only addresses of that network are dialled, and invented peers only so often.
 */
import { randomBytes } from 'node:crypto'
import { isLoopback } from '@libp2p/utils'
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { hostOf, isCircuit, readAddresses } from '../addresses.ts'
import { LanMulticast } from './lan-multicast.ts'
import { OwnNetworks } from '../dialling/own-networks.ts'
import { Pace } from '../../core/pace.ts'
import type { Clock } from '../../core/clock.ts'
import type { LanMulticastInit } from './lan-multicast.ts'
import type { Logger } from '../../observe/logger.ts'
import type { MeshNode } from '../mesh-node.ts'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Startable } from '../../core/startable.ts'
import type { Whereabouts } from '../dialling/dial-order.ts'

export interface LocalDiscoveryComponents {
  clock: Pick<Clock, 'every' | 'monotonicMs'>
  logger: Logger
  node: Pick<MeshNode, 'dial' | 'isConnected' | 'learnAddresses' | 'selfPeer'>
}

export interface LocalDiscoveryInit {
  /** Which mesh, in a word; undefined: any that is open. */
  meshTag: string | undefined
  /** Where this node listens, as multiaddrs without its peer id. */
  listened: () => readonly Multiaddr[]
  /** For tests. @default the system's networks */
  here?: Pick<Whereabouts, 'isNear'>
  /** For tests. @default multicast DNS */
  multicast?: (init: LanMulticastInit) => Startable
}

/** Who answers and is not connected is dialled again after so long. */
const REDIAL_MS = 30_000
const DIAL_TIMEOUT_MS = 10_000
/** At a time. */
const DIALS_MAX = 8
/** Peers that were not dialled lately. A lab that starts as a whole knows many at once, and those know the others. */
const DIALS = { burst: 64, perSecond: 2 }
const ALL = 'all'
const INSTANCE_BYTES = 16

export class LocalDiscovery implements Startable {
  readonly #components: LocalDiscoveryComponents
  readonly #here: Pick<Whereabouts, 'isNear'>
  readonly #multicast: Startable
  readonly #pace: Pace
  readonly #controller = new AbortController()
  /** When each peer that has answered was last dialled, longest ago first. */
  readonly #dialledMs = new Map<string, number>()
  #dialCount = 0

  constructor(components: LocalDiscoveryComponents, init: LocalDiscoveryInit) {
    const { listened, meshTag, multicast = (of) => new LanMulticast(of) } = init
    const suffix = `/p2p/${components.node.selfPeer}`
    this.#components = components
    this.#here = init.here ?? new OwnNetworks(components, [])
    this.#pace = new Pace(components.clock, DIALS)
    this.#multicast = multicast({
      clock: components.clock,
      service: serviceName(meshTag),
      instance: randomBytes(INSTANCE_BYTES).toString('hex'),
      isNear: (host) => this.#here.isNear(host),
      addresses: () =>
        listened()
          .filter((address) => !isCircuit(address) && !isLoopback(address))
          .map((address) => address.toString() + suffix),
      onAnswer: (addresses) => void this.#meet(readAddresses(addresses))
    })
  }

  async start(): Promise<void> {
    await this.#multicast.start()
  }

  async stop(): Promise<void> {
    this.#controller.abort()
    await this.#multicast.stop()
  }

  async #meet(addresses: readonly Multiaddr[]): Promise<void> {
    const { logger, node } = this.#components
    const peer = peerOf(addresses)
    const near = addresses.filter((address) => this.#isNear(address))
    if (peer === undefined || peer === node.selfPeer || near.length === 0) return
    if (node.isConnected(peer) || !this.#mayDial(peer)) return
    this.#dialCount += 1
    try {
      const signal = AbortSignal.any([
        this.#controller.signal,
        AbortSignal.timeout(DIAL_TIMEOUT_MS)
      ])
      await node.learnAddresses(peer, near.map(String))
      await node.dial(peer, { signal })
      logger.info({ peer }, 'peer found on the local network')
    } catch (cause) {
      const { message } = MeshError.from(cause)
      logger.debug({ peer, why: message }, 'peer of the local network not reachable')
    } finally {
      this.#dialCount -= 1
    }
  }

  /** On a network that this machine is in too. */
  #isNear(address: Multiaddr): boolean {
    const host = isCircuit(address) ? undefined : hostOf(address)
    return host !== undefined && this.#here.isNear(host)
  }

  #mayDial(peer: string): boolean {
    const nowMs = this.#components.clock.monotonicMs()
    if (this.#controller.signal.aborted || this.#dialCount >= DIALS_MAX) return false
    if (nowMs - (this.#dialledMs.get(peer) ?? -Infinity) < REDIAL_MS) return false
    if (!this.#pace.take(ALL, 1)) return false
    this.#dialledMs.delete(peer)
    this.#dialledMs.set(peer, nowMs)
    const [oldest] = this.#dialledMs.keys()
    if (this.#dialledMs.size > LIMITS.pacedPeersMax && oldest !== undefined) {
      this.#dialledMs.delete(oldest)
    }
    return true
  }
}

/** A name of DNS-SD. */
function serviceName(meshTag = 'taskmesh'): string {
  return `_${meshTag}._udp.local`
}

/** The one whom all addresses are of. */
function peerOf(addresses: readonly Multiaddr[]): string | undefined {
  const [first, ...others] = addresses.map((address) => address.getComponents().at(-1))
  if (first?.name !== 'p2p') return undefined
  return others.every((other) => other?.value === first.value) ? first.value : undefined
}
