/**
 * Whether others can dial this node: members of its mesh are asked to try (AutoNAT v2,
 * https://github.com/libp2p/specs/blob/master/autonat/autonat-v2.md), and only what they reached is told to others.
 * libp2p's service asks each peer once, when it connects, and then looks for ever new ones in the DHT. A small mesh
 * has no others, and addresses come later (a mapped port) or go: here the same peers are asked again.
 */
import { autoNATv2 } from '@libp2p/autonat-v2'
import { assert } from '../../core/assert.ts'
import { guarded } from '../guard/guarded-service.ts'
import { isPublic } from './own-addresses.ts'
import { overriding } from '../../core/overriding.ts'
import type { AddressManager, RandomWalk, Registrar } from '@libp2p/interface-internal'
import type { CancelTimer } from '../../core/clock.ts'
import type { Connection, Topology } from '@libp2p/interface'
import type { GuardComponents } from '../guard/guarded-service.ts'
import type { Startable } from '../../core/startable.ts'

interface ReachabilityComponents {
  addressManager: AddressManager
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
  readonly #clock: GuardComponents['clock']
  readonly #service: AutoNat
  /** Connected members that can be asked, whoever was asked last at the end. */
  readonly #verifiers = new Map<string, Connection>()
  #ask: NonNullable<Topology['onConnect']> = () => {}
  #cancel: CancelTimer = () => {}

  constructor(libp2p: ReachabilityComponents, { clock }: GuardComponents) {
    this.#addressManager = libp2p.addressManager
    this.#clock = clock
    const registrar = overriding(libp2p.registrar, {
      register: async (protocol, topology) =>
        await libp2p.registrar.register(protocol, this.#watched(topology))
    })
    const components = overriding(libp2p, { registrar, randomWalk: { walk: nobody } })
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

  #watched(topology: Topology): Topology {
    this.#ask = topology.onConnect?.bind(topology) ?? this.#ask
    return {
      ...topology,
      onConnect: (peer, connection) => {
        this.#verifiers.set(peer.toString(), connection)
        void this.#ask(peer, connection)
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
    for (const [peer, connection] of [...this.#verifiers].slice(0, ASKED_MAX)) {
      this.#verifiers.delete(peer)
      this.#verifiers.set(peer, connection)
      if (connection.status === 'open') void this.#ask(connection.remotePeer, connection)
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
