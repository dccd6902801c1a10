/**
 * TCP hole punching between two nodes behind NATs that a relay has brought together, by libp2p's DCUtR
 * (https://github.com/libp2p/specs/blob/master/relay/DCUtR.md). The stock service never succeeds over TCP; it does
 * with three things put right here. All dials to public addresses leave from one port, so that the mapping that a
 * relay sees is the one that a peer can punch to. The addresses that relays see, which identify drops
 * (https://github.com/libp2p/js-libp2p/issues/2620), are offered to peers for punching, and told to nobody else.
 * And both dial at once, and whoever is to answer then does so: libp2p's dial queue has them wait, and both begin. The addresses are the
 * other end's word: only its own are dialled, and only on the internet.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { dcutr } from '@libp2p/dcutr'
import { isPrivate } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { guarded } from '../guard/guarded-service.ts'
import { overriding } from '../../core/overriding.ts'
import { whenAborted } from '../../core/abort.ts'
import { DialDeniedError } from '../dialling/dial-error.ts'
import { isOfInternet, parsePeer, peerIn, withoutPeer } from '../addresses.ts'
import { isRelayed } from '../paths/paths.ts'
import type {
  AddressManager,
  ConnectionManager,
  Registrar,
  TransportManager
} from '@libp2p/interface-internal'
import type {
  AbortOptions,
  Connection,
  IdentifyResult,
  Libp2pEvents,
  MultiaddrConnection,
  PeerId,
  Transport,
  TypedEventTarget
} from '@libp2p/interface'
import type { Clock } from '../../core/clock.ts'
import type { GuardComponents } from '../guard/guarded-service.ts'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Random } from '../../core/random.ts'

type DialOptions = Parameters<Transport['dial']>[1]

interface PunchComponents {
  addressManager: AddressManager
  connectionManager: ConnectionManager
  events: TypedEventTarget<Libp2pEvents>
  peerId: PeerId
  registrar: Registrar
  transportManager: TransportManager
}

/** What DCUtR says of a dial that libp2p's types do not know. */
interface PunchOptions extends AbortOptions {
  /** Given by DCUtR where both dial at once, and only then. */
  priority?: number
  /** False: dials, and then answers as if it had been dialled. */
  initiator?: boolean
}

/** Below the ports that systems give to outgoing connections by themselves (from 32768 on Linux). */
const PORTS = { first: 20_000, count: 12_000 }
/** Seen by so many relays lately; more would only be more to try. */
const OBSERVED_MAX = 3
/** Of those that the other end names: what relays have seen of it, and what it listens on. */
const DIALLED_MAX = 8
/** A mapping that a NAT has kept from before, or a port that is not free yet, is another by then. */
const RETRY_MS = { min: 30_000, max: 600_000 }
const ASKED = { pace: { burst: 32, perSecond: 0.5 }, streamBytes: 1, isBulk: true }

export class Punching {
  readonly #port: number
  /** Addresses that both ends dial now; of them, those that this end dials as the one who is to answer. */
  readonly #punching = new Set<string>()
  readonly #answering = new Set<string>()
  /** How relays see this node, oldest first. */
  readonly #observed = new Map<string, Multiaddr>()
  readonly #punched = new WeakSet<Connection>()
  /** With whom it is agreed what is dialled. */
  readonly #partner = new AsyncLocalStorage<string>()

  /** Another port in each run: what went by the last one's may not be over yet for the system, or for a NAT. */
  constructor(random: Random) {
    this.#port = PORTS.first + Math.floor(random.next() * PORTS.count)
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
        registrar: this.#registrar(libp2p, components.clock),
        addressManager: overriding(libp2p.addressManager, {
          getAddresses: () => [...this.#candidates(libp2p), ...libp2p.addressManager.getAddresses()]
        }),
        connectionManager: this.#connections(libp2p)
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
      // From another port nobody is let in by the hole.
      const isInVain = this.#punching.has(to.toString())
      if (isInVain || !isPortTaken(cause) || options.signal.aborted) throw cause
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
    return [...this.#observed.values()].map((address) =>
      address.encapsulate(`/p2p/${peerId.toString()}`)
    )
  }

  #connections({ connectionManager, transportManager }: PunchComponents): ConnectionManager {
    return overriding(connectionManager, {
      openConnection: async (to, options): Promise<Connection> => {
        const partner = this.#partner.getStore()
        if (!Array.isArray(to) || partner === undefined) {
          return await connectionManager.openConnection(to, options)
        }
        const punch = (options ?? {}) as PunchOptions
        const own = ownOf(partner, to, punch.priority !== undefined)
        return punch.priority === undefined
          ? await connectionManager.openConnection(own, options)
          : await this.#punch(transportManager, own, punch)
      }
    })
  }

  /**
   * All addresses at once, and right now: libp2p's dial queue would join whatever else is being dialled of this peer,
   * when the other end's turn is long over. What comes after the first is kept: the other end may have taken that one.
   */
  async #punch(
    transportManager: TransportManager,
    to: readonly Multiaddr[],
    { initiator, signal }: PunchOptions
  ): Promise<Connection> {
    const addresses = to.map(String)
    add(this.#punching, addresses)
    if (initiator === false) add(this.#answering, addresses)
    const dial = async (address: Multiaddr): Promise<Connection> => {
      // The transport ends a connection by the signal that it was dialled with, however long ago that was.
      const dialling = new AbortController()
      const forget = signal && whenAborted(signal, () => dialling.abort(signal.reason))
      try {
        const options = { signal: dialling.signal } as DialOptions
        const connection = await transportManager.dial(address, options)
        this.#punched.add(connection)
        return connection
      } finally {
        forget?.()
      }
    }
    const dials = to.map(dial)
    void this.#forgetAfter(dials, addresses)
    return await Promise.any(dials)
  }

  async #forgetAfter(dials: readonly Promise<Connection>[], to: readonly string[]): Promise<void> {
    await Promise.allSettled(dials)
    remove(this.#punching, to)
    remove(this.#answering, to)
  }

  /**
   * DCUtR closes the relayed connection as soon as there is another: `relay-retirement.ts` knows when nothing needs
   * it. As long as it lives, DCUtR is told of it again and again; and where it had no luck, it tries again later.
   */
  #registrar(
    { connectionManager, registrar }: PunchComponents,
    clock: Pick<Clock, 'after'>
  ): Registrar {
    const isWanted = (connection: Connection): boolean =>
      connection.status === 'open' &&
      connectionManager.getConnections(connection.remotePeer).every(isRelayed)
    return overriding(registrar, {
      handle: async (protocol, handler, options) =>
        await registrar.handle(
          protocol,
          (stream, connection) => {
            if (!isWanted(connection)) return stream.abort(new Error('there is a direct way'))
            return this.#with(connection, () => handler(stream, kept(connection)))
          },
          options
        ),
      register: async (protocol, topology) => {
        const seen = new WeakSet<Connection>()
        const attempt = (connection: Connection, pauseMs: number): void => {
          if (!isWanted(connection)) return
          const { remotePeer } = connection
          void this.#with(connection, () => topology.onConnect?.(remotePeer, kept(connection)))
          const nextMs = Math.min(2 * pauseMs, RETRY_MS.max)
          clock.after(pauseMs, () => attempt(connection, nextMs))
        }
        const onConnect = (_peer: PeerId, connection: Connection): void => {
          if (seen.has(connection)) return
          seen.add(connection)
          attempt(connection, RETRY_MS.min)
        }
        return await registrar.register(protocol, { ...topology, onConnect })
      }
    })
  }

  #with<T>({ remotePeer }: Connection, work: () => T): T {
    return this.#partner.run(remotePeer.toString(), work)
  }
}

function add(set: Set<string>, texts: readonly string[]): void {
  for (const text of texts) set.add(text)
}

function remove(set: Set<string>, texts: readonly string[]): void {
  for (const text of texts) set.delete(text)
}

/**
 * Of the addresses that a peer has named those that are its own. Another one's would be dialled in the wrong part of
 * the handshake, and keep us from whom they belong to.
 * @throws DialDeniedError where there are none
 */
function ownOf(partner: string, addresses: readonly Multiaddr[], punches: boolean): Multiaddr[] {
  const own = addresses
    .filter((address) => (punches ? isOfInternet(address, partner) : peerIn(address) === partner))
    .slice(0, DIALLED_MAX)
    .map((address) => withoutPeer(address, parsePeer(partner)).encapsulate(`/p2p/${partner}`))
  if (own.length === 0) throw new DialDeniedError('it names no address of its own on the internet')
  return own
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
