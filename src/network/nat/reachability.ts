/**
 * Whether others can dial this node: members of its mesh are asked to try (AutoNAT v2,
 * https://github.com/libp2p/specs/blob/master/autonat/autonat-v2.md), and only what they reached is told to others.
 * libp2p's service asks each peer once, when it connects, and then looks for ever new ones in the DHT. A small mesh
 * has no others, and addresses come later (a mapped port) or go: here the same peers are asked again. And where it
 * dials for others, it would go wherever they say: here only to addresses of the internet, and not as often as they like.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { autoNATv2 } from '@libp2p/autonat-v2'
import { isMultiaddr } from '@multiformats/multiaddr'
import { assert } from '../../core/assert.ts'
import { isOfInternet } from '../addresses.ts'
import { isRelayed } from '../paths/paths.ts'
import { MeshError } from '../../core/errors.ts'
import { Pace } from '../../core/pace.ts'
import { guarded } from '../guard/guarded-service.ts'
import { isPublic } from './own-addresses.ts'
import { overriding } from '../../core/overriding.ts'
import type {
  AddressManager,
  ConnectionManager,
  RandomWalk,
  Registrar
} from '@libp2p/interface-internal'
import type { CancelTimer } from '../../core/clock.ts'
import type { PeerId, StreamHandler, Topology } from '@libp2p/interface'
import type { GuardComponents } from '../guard/guarded-service.ts'
import type { Startable } from '../../core/startable.ts'

interface ReachabilityComponents {
  addressManager: AddressManager
  connectionManager: ConnectionManager
  registrar: Registrar
  randomWalk: RandomWalk
}

/** What it counts of one address. */
interface Tally {
  networkSegments: string[]
  verifyingPeers: { clear: () => void }
}

/** libp2p's service, with what it keeps to itself. */
interface AutoNat extends Startable {
  client: { dialResults: Map<string, Tally> }
}

/** A request, and up to 100 kB that whoever has another address dialled has to send for it. */
const ASKED = { pace: { burst: 1_048_576, perSecond: 16_384 }, streamBytes: 1_024 }
/** Addresses that are dialled for one peer: all that a node has, and again each ten seconds while it is not reached. */
const DIALLED = { burst: 32, perSecond: 0.5 }
/** For all of them together, as the same address may be named by many. */
const DIALLED_FOR_ALL = { burst: 256, perSecond: 16 }
const ALL = 'all'
const DIAL_REQUEST = '/libp2p/autonat/2/dial-request'
const ROUND_MS = 10_000
/** Peers asked in one round. */
const ASKED_MAX = 3

/** A libp2p service. */
export function reachability(guards: GuardComponents): (libp2p: unknown) => Startable {
  const factory = (libp2p: ReachabilityComponents): Startable => new Reachability(libp2p, guards)
  return guarded(factory as (libp2p: unknown) => Startable, guards, ASKED)
}

class Reachability implements Startable {
  readonly #addressManager: AddressManager
  readonly #connectionManager: ConnectionManager
  readonly #clock: GuardComponents['clock']
  readonly #service: AutoNat
  /** Connected members that can be asked, whoever was asked last at the end. */
  readonly #verifiers = new Map<string, PeerId>()
  /** For whom an address is looked at. */
  readonly #asker = new AsyncLocalStorage<string>()
  readonly #dialled: Pace
  readonly #dialledForAll: Pace
  #ask: NonNullable<Topology['onConnect']> = () => {}
  #cancel: CancelTimer = () => {}

  constructor(libp2p: ReachabilityComponents, { clock }: GuardComponents) {
    this.#addressManager = libp2p.addressManager
    this.#connectionManager = libp2p.connectionManager
    this.#clock = clock
    this.#dialled = new Pace(clock, DIALLED)
    this.#dialledForAll = new Pace(clock, DIALLED_FOR_ALL)
    const registrar = overriding(libp2p.registrar, {
      handle: async (protocol, handler, options) =>
        await libp2p.registrar.handle(protocol, this.#asked(protocol, handler), options),
      register: async (protocol, topology) =>
        await libp2p.registrar.register(protocol, this.#watched(topology))
    })
    const connectionManager = overriding(libp2p.connectionManager, {
      isDialable: async (to, options) =>
        this.#mayDial(to) && (await libp2p.connectionManager.isDialable(to, options))
    })
    const randomWalk = { walk: nobody }
    const components = overriding(libp2p, { connectionManager, randomWalk, registrar })
    this.#service = autoNATv2({ maxInboundStreams: 8 })(
      components as Parameters<ReturnType<typeof autoNATv2>>[0]
    ) as AutoNat
  }

  async start(): Promise<void> {
    const { dialResults } = this.#service.client
    assert(dialResults instanceof Map, 'AutoNAT keeps its counts where it did')
    await this.#service.start()
    this.#cancel()
    this.#cancel = this.#clock.every(ROUND_MS, () => this.#askAgain())
  }

  async stop(): Promise<void> {
    this.#cancel()
    await this.#service.stop()
  }

  /** Through a relay it cannot be told where the asker is, and so not whether it asks for itself. */
  #asked(protocol: string, handler: StreamHandler): StreamHandler {
    if (protocol !== DIAL_REQUEST) return handler
    return async (stream, connection) => {
      if (isRelayed(connection)) {
        stream.abort(
          new MeshError('PEER_UNREACHABLE', 'nobody is dialled for who comes by a relay')
        )
      } else {
        await this.#asker.run(connection.remotePeer.toString(), handler, stream, connection)
      }
    }
  }

  #mayDial(to: unknown): boolean {
    const peer = this.#asker.getStore() ?? ''
    if (!isMultiaddr(to) || !isOfInternet(to, peer)) return false
    // Refused, an honest peer asks somebody else, or later.
    return this.#dialled.take(peer, 1) && this.#dialledForAll.take(ALL, 1)
  }

  #watched(topology: Topology): Topology {
    this.#ask = topology.onConnect?.bind(topology) ?? this.#ask
    return {
      ...topology,
      onConnect: (peer, connection) => {
        this.#verifiers.set(peer.toString(), peer)
        if (!isRelayed(connection)) void this.#ask(peer, connection)
      },
      onDisconnect: (peer) => {
        this.#verifiers.delete(peer.toString())
      }
    }
  }

  #askAgain(): void {
    if (!this.#isAnyDue()) return
    // A peer's second word counts as much as another's first.
    for (const tally of this.#service.client.dialResults.values()) {
      tally.networkSegments = []
      tally.verifyingPeers.clear()
    }
    for (const [peer, id] of [...this.#verifiers].slice(0, ASKED_MAX)) {
      this.#verifiers.delete(peer)
      this.#verifiers.set(peer, id)
      const connection = this.#connectionManager
        .getConnections(id)
        .find((one) => one.status === 'open' && !isRelayed(one))
      if (connection !== undefined) void this.#ask(id, connection)
    }
  }

  /** True where a public address was not dialled lately. */
  #isAnyDue(): boolean {
    const nowMs = this.#clock.wallMs()
    return this.#addressManager
      .getAddressesWithMetadata()
      .some(({ expires, multiaddr }) => expires < nowMs && isPublic(multiaddr))
  }
}

async function* nobody(): ReturnType<RandomWalk['walk']> {
  // The peers that it has are enough.
}
