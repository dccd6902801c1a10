/**
 * TCP hole punching between two nodes behind NATs that a relay has brought together, by libp2p's DCUtR
 * (https://github.com/libp2p/specs/blob/master/relay/DCUtR.md). The stock service never succeeds over TCP; it does
 * with three things put right here. All dials to public addresses leave from one port, so that the mapping that a
 * relay sees is the one that a peer can punch to. The addresses that relays see, which identify drops
 * (https://github.com/libp2p/js-libp2p/issues/2620), are offered to peers for punching, and told to nobody else.
 * And whoever is to answer when both dial at once does so: libp2p's dial queue has both begin.
 */
import { dcutr } from '@libp2p/dcutr'
import { isPrivate } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { guarded } from '../guard/guarded-service.ts'
import { overriding } from '../../core/overriding.ts'
import { isRelayed } from './paths.ts'
import type { AddressManager, ConnectionManager, Registrar } from '@libp2p/interface-internal'
import type {
  Connection,
  IdentifyResult,
  Libp2pEvents,
  MultiaddrConnection,
  PeerId,
  Transport,
  TypedEventTarget
} from '@libp2p/interface'
import type { GuardComponents } from '../guard/guarded-service.ts'
import type { Multiaddr } from '@multiformats/multiaddr'

type DialOptions = Parameters<Transport['dial']>[1]

interface PunchComponents {
  addressManager: AddressManager
  connectionManager: ConnectionManager
  events: TypedEventTarget<Libp2pEvents>
  peerId: PeerId
  registrar: Registrar
}

/** What DCUtR says of a dial that libp2p's types do not know. */
interface PunchOptions {
  force?: boolean
  /** Given by DCUtR where both dial at once, and only then. */
  priority?: number
  /** False: dials, and then answers as if it had been dialled. */
  initiator?: boolean
}

/** Below the ports that systems give to outgoing connections by themselves (from 32768 on Linux). */
const PORTS = { first: 20_000, count: 12_000 }
/** Seen by so many relays lately; more would only be more to try. */
const OBSERVED_MAX = 3
const ASKED = { pace: { burst: 32, perSecond: 0.5 }, streamBytes: 1, isBulk: true }

export class Punching {
  readonly #port: number
  /** Addresses that are dialled by one who is to answer. */
  readonly #answering = new Set<string>()
  /** How relays see this node, oldest first. */
  readonly #observed = new Map<string, Multiaddr>()
  readonly #punched = new WeakSet<Connection>()

  constructor(selfPeer: PeerId) {
    const [high = 0, low = 0] = selfPeer.toMultihash().digest.subarray(-2)
    this.#port = PORTS.first + ((high * 256 + low) % PORTS.count)
  }

  isPunched(connection: Connection): boolean {
    return this.#punched.has(connection)
  }

  /** TCP with dials to public addresses that leave from the one port. */
  transport(tcp: (components: never) => Transport): (components: never) => Transport {
    return (components) => {
      const transport = tcp(components)
      return overriding(transport, {
        dial: async (to: Multiaddr, options: DialOptions) =>
          await this.#dial(
            transport,
            to,
            this.#answering.has(to.toString()) ? answer(options) : options
          )
      })
    }
  }

  /** DCUtR, for members. */
  service(components: GuardComponents): (libp2p: unknown) => unknown {
    const factory = dcutr()
    const service = (libp2p: PunchComponents): unknown => {
      libp2p.events.addEventListener('peer:identify', ({ detail }) => this.#observe(detail))
      const offered = overriding(libp2p, {
        registrar: keepingRelayed(libp2p.registrar),
        addressManager: overriding(libp2p.addressManager, {
          getAddresses: () => [...libp2p.addressManager.getAddresses(), ...this.#candidates(libp2p)]
        }),
        connectionManager: this.#connections(libp2p.connectionManager)
      })
      return factory(offered as unknown as Parameters<typeof factory>[0])
    }
    return guarded(service as (libp2p: unknown) => unknown, components, ASKED)
  }

  async #dial(transport: Transport, to: Multiaddr, options: DialOptions): Promise<Connection> {
    if (isPrivate(to)) return await transport.dial(to, options)
    try {
      return await transport.dial(to, { ...options, localPort: this.#port } as DialOptions)
    } catch (cause) {
      if (!isPortTaken(cause) || options.signal.aborted) throw cause
      return await transport.dial(to, options)
    }
  }

  #observe({ connection, observedAddr }: IdentifyResult): void {
    // Of what others have dialled the port is the listener's, and a relay's address is not ours.
    if (observedAddr === undefined || connection.direction !== 'outbound') return
    if (isRelayed(connection)) return
    const bare = bareTcp(observedAddr)
    if (bare === undefined || isPrivate(bare)) return
    this.#observed.delete(bare.toString())
    this.#observed.set(bare.toString(), bare)
    const [oldest] = this.#observed.keys()
    if (this.#observed.size > OBSERVED_MAX && oldest !== undefined) this.#observed.delete(oldest)
  }

  #candidates({ peerId }: PunchComponents): Multiaddr[] {
    return [...this.#observed.values()].map((address) => address.encapsulate(`/p2p/${peerId}`))
  }

  #connections(connectionManager: ConnectionManager): ConnectionManager {
    return overriding(connectionManager, {
      openConnection: async (to, options): Promise<Connection> => {
        const { initiator, priority } = (options ?? {}) as PunchOptions
        const answered = initiator === false && Array.isArray(to) ? to.map(String) : []
        for (const address of answered) this.#answering.add(address)
        try {
          const connection = await connectionManager.openConnection(to, options)
          if (priority !== undefined) this.#punched.add(connection)
          return connection
        } finally {
          for (const address of answered) this.#answering.delete(address)
        }
      }
    })
  }
}

/** DCUtR closes the relayed connection as soon as there is another: `relay-retirement.ts` knows when nothing needs it. */
function keepingRelayed(registrar: Registrar): Registrar {
  return overriding(registrar, {
    handle: async (protocol, handler, options) =>
      await registrar.handle(
        protocol,
        (stream, connection) => handler(stream, kept(connection)),
        options
      ),
    register: async (protocol, topology) =>
      await registrar.register(protocol, {
        ...topology,
        onConnect: (peer, connection) => topology.onConnect?.(peer, kept(connection))
      })
  })
}

function kept(connection: Connection): Connection {
  return overriding(connection, { close: async () => {} })
}

/** The role in the handshake follows from the option, that in the muxer from what the connection says of itself. */
function answer(options: DialOptions): DialOptions {
  const { upgrader } = options
  return {
    ...options,
    upgrader: overriding(upgrader, {
      upgradeOutbound: async (connection: MultiaddrConnection, init) => {
        connection.direction = 'inbound'
        return await upgrader.upgradeOutbound(connection, { ...init, initiator: false })
      }
    })
  }
}

/** Relays tell it with this node's peer id. */
function bareTcp(address: Multiaddr): Multiaddr | undefined {
  const [ip, tcp, ...rest] = address.getComponents()
  const isBare = rest.every(({ name }) => name === 'p2p')
  if (ip === undefined || tcp?.name !== 'tcp' || !isBare) return undefined
  return multiaddr(`/${ip.name}/${ip.value}/tcp/${tcp.value}`)
}

/** By another program, or by a connection to the same address that has just ended. */
function isPortTaken(cause: unknown): boolean {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return code === 'EADDRINUSE' || code === 'EADDRNOTAVAIL'
}
