/**
 * The libp2p node. What the rest of the program needs of it is offered in our own words; nobody above
 * touches libp2p itself. `libp2p-options.ts` has its settings.
 */
import { createLibp2p } from 'libp2p'
import { tcp } from '@libp2p/tcp'
import { isPeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { MeshError, messageOf } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { offenceOf } from '../protocol/offence.ts'
import { systemClock } from '../core/clock.ts'
import { systemRandom } from '../core/random.ts'
import { OPEN_ADMISSION } from './guard/admission.ts'
import { parseAddress, parsePeer, readAddresses } from './addresses.ts'
import { Bandwidth } from './paths/bandwidth.ts'
import { BoundedDatastore } from './guard/bounded-datastore.ts'
import { boundPeers } from './guard/bounded-peers.ts'
import { Conduct } from './guard/conduct.ts'
import { streamError, unreachableError } from './dialling/dial-error.ts'
import { Door } from './guard/door.ts'
import { guardDht } from './guard/dht-guard.ts'
import { guardGossip } from './guard/gossip-guard.ts'
import { guardLengths } from './guard/length-guard.ts'
import { keepGossipStreams } from './paths/gossip-streams.ts'
import { createTransports } from './wire/transports.ts'
import { libp2pOptions } from './libp2p-options.ts'
import { transportsFor } from '../config/address.ts'
import { Paths } from './paths/paths.ts'
import { Punching } from './nat/punching.ts'
import { RelayTraffic } from './relay/relay-traffic.ts'
import { RelayRetirement } from './relay/relay-retirement.ts'
import { openStreamBy } from './dialling/stream-opening.ts'
import { StreamWatch } from './guard/stream-watch.ts'
import type { CircuitRelayService } from '@libp2p/circuit-relay-v2'
import type { Connection, Stream } from '@libp2p/interface'
import type { AbortOptions } from '../core/abort.ts'
import type { Clock } from '../core/clock.ts'
import type { ConductCounts, Shunned } from './guard/conduct.ts'
import type { DatastoreCounts } from './guard/bounded-datastore.ts'
import type { DoorCounts } from './guard/door.ts'
import type { RelayCounts } from './relay/relay-traffic.ts'
import type { MeshLibp2p, MeshNodeInit } from './libp2p-options.ts'
import type { OpenStreamOptions, PeerLink, StreamHandlerInit } from '../protocol/peer-link.ts'
import type { Startable } from '../core/startable.ts'
import type { TransportFactory } from './wire/transports.ts'
import type { Transfer, TransferDirection } from '../protocol/transfer-meter.ts'

export type { MeshLibp2p, MeshNodeInit }

/** What peers did wrong, and what was kept out because of that or because it was too much. */
export interface NetworkCounts {
  conduct: ConductCounts
  refused: DoorCounts
  stored: DatastoreCounts
  /** Of a node that carries for others. */
  relay: (RelayCounts & { places: number }) | undefined
}

export type ShunListener = (shun: Shunned) => void

interface Parts {
  clock: Clock
  libp2p: MeshLibp2p
  conduct: Conduct
  door: Door
  datastore: BoundedDatastore
  paths: Paths
  bandwidth: Bandwidth
  retirement: RelayRetirement
  relayTraffic: RelayTraffic | undefined
  hasNetworkKey: boolean
  onShunned: Set<ShunListener>
}

export class MeshNode implements PeerLink, Startable {
  readonly #libp2p: MeshLibp2p
  readonly #parts: Parts

  private constructor(parts: Parts) {
    this.#libp2p = parts.libp2p
    this.#parts = parts
  }

  /** Makes a node that is not yet listening. @throws MeshError FIELD_INVALID for a wrong address */
  static async create(init: MeshNodeInit): Promise<MeshNode> {
    for (const address of [...init.listen, ...(init.announce ?? [])]) parseAddress(address)
    return new MeshNode(await createParts(init))
  }

  get selfPeer(): string {
    return this.#libp2p.peerId.toString()
  }

  /** For `discovery/`, which speaks to the DHT and to gossip. */
  get libp2p(): MeshLibp2p {
    return this.#libp2p
  }

  /** Addresses under which this node can be reached, each with its peer id. */
  addresses(): string[] {
    return this.#libp2p.getMultiaddrs().map(String)
  }

  /** @throws MeshError ADDRESS_IN_USE, FIELD_INVALID */
  async start(): Promise<void> {
    try {
      await this.#libp2p.start()
    } catch (cause) {
      throw listenError(cause)
    }
  }

  async stop(): Promise<void> {
    this.#parts.retirement.stop()
    await this.#libp2p.stop()
  }

  /** Whoever misbehaves often enough is cut off and kept out for a while. */
  complain(peer: string, error: MeshError): void {
    const offence = offenceOf(error)
    // What does not come, or is not read, through a relay may be the relay's doing.
    if (offence === undefined || (offence === 'stall' && this.isRelayed(peer))) return
    this.#parts.conduct.strike(peer, offence)
  }

  counts(): NetworkCounts {
    const { conduct, datastore, door, relayTraffic } = this.#parts
    const { relay } = this.#libp2p.services as { relay?: CircuitRelayService }
    return {
      conduct: conduct.counts(),
      refused: door.counts(),
      stored: datastore.counts(),
      relay: relayTraffic && { ...relayTraffic.counts(), places: relay?.reservations.size ?? 0 }
    }
  }

  /** Who is kept out now, those who have to stay out for longest first. */
  shunned(): Shunned[] {
    return this.#parts.conduct.shunned()
  }

  /** Connected peers that have shown no certificate yet. */
  strangerCount(): number {
    return this.#parts.door.strangerCount()
  }

  /** Calls back each time that a peer is shut out. */
  onShunned(listener: ShunListener): void {
    this.#parts.onShunned.add(listener)
  }

  /**
   * Connects by address (with or without `/p2p/<id>`) or by peer id.
   * @returns the peer id at the other end
   * @throws MeshError PEER_UNREACHABLE, FIELD_INVALID
   */
  async dial(target: string, options: AbortOptions = {}): Promise<string> {
    const connection = await this.connect(target, options)
    return connection.remotePeer.toString()
  }

  /** As `dial`, for callers that look at the connection itself. */
  async connect(target: string, options: AbortOptions = {}): Promise<Connection> {
    const to = target.startsWith('/') ? parseAddress(target) : parsePeer(target)
    const { dialler } = this.#libp2p.services
    try {
      if (isPeerId(to)) return await dialler.dial(to, options)
      return await this.#libp2p.dial(to, withSignal(options))
    } catch (cause) {
      throw unreachableError(target, cause, this.#parts)
    }
  }

  isConnected(peer: string): boolean {
    return this.#libp2p.getConnections(parsePeer(peer)).length > 0
  }

  /** Remembers where a peer may be reached, so that it can be dialled by its id. */
  async learnAddresses(peer: string, addresses: readonly string[]): Promise<void> {
    const multiaddrs = readAddresses(addresses)
    await this.#libp2p.peerStore.merge(parsePeer(peer), { multiaddrs })
  }

  /** Where a peer may be reached, as far as that is known: each with its peer id, ready to be dialled. */
  async knownAddresses(peer: string): Promise<string[]> {
    const id = parsePeer(peer)
    const { peerStore } = this.#libp2p
    if (!(await peerStore.has(id))) return []
    const suffix = `/p2p/${peer}`
    const { addresses } = await peerStore.get(id)
    return addresses
      .map(({ multiaddr: address }) => String(address))
      .map((address) => (address.endsWith(suffix) ? address : address + suffix))
  }

  /** How peers are reached, and when that changes. */
  get paths(): Paths {
    return this.#parts.paths
  }

  /** How fast bytes go by them. */
  get bandwidth(): Bandwidth {
    return this.#parts.bandwidth
  }

  noteTransfer(peer: string, direction: TransferDirection, transfer: Transfer): void {
    this.#parts.bandwidth.note(peer, direction, transfer)
  }

  isRelayed(peer: string): boolean {
    return this.#parts.paths.isRelayed(parsePeer(peer))
  }

  onDirect(listener: (peer: string) => void): () => void {
    return this.#parts.paths.onDirect(listener)
  }

  /** @throws MeshError PEER_UNREACHABLE, PEER_GONE, FIELD_INVALID */
  async openStream(
    peer: string,
    protocol: string,
    options: OpenStreamOptions = {}
  ): Promise<Stream> {
    const { clock, paths } = this.#parts
    const { directWithinMs: timeoutMs = 0, signal } = options
    const { dialler } = this.#libp2p.services
    const id = parsePeer(peer)
    try {
      if (paths.connections(id).length === 0) await dialler.dial(id, options)
      if (timeoutMs > 0) await paths.whenDirect(id, { ...withSignal(options), timeoutMs })
      const ways = paths.connections(id)
      if (ways.length === 0) ways.push(await dialler.dial(id, options))
      return await openStreamBy(ways, protocol, { clock, signal })
    } catch (cause) {
      throw streamError(peer, cause, this.#parts)
    }
  }

  async handle(
    protocol: string,
    onStream: (stream: Stream, remotePeer: string) => void | Promise<void>,
    init: StreamHandlerInit
  ): Promise<void> {
    await this.#libp2p.handle(
      protocol,
      async (stream, connection) => await onStream(stream, connection.remotePeer.toString()),
      {
        ...init,
        // For a protocol that is served here too, this counts and what `openStream` says does not.
        maxOutboundStreams: LIMITS.streamsPerProtocolMax,
        runOnLimitedConnection: true
      }
    )
  }

  async unhandle(protocol: string): Promise<void> {
    await this.#libp2p.unhandle(protocol)
  }
}

async function createParts(init: MeshNodeInit): Promise<Parts> {
  const { admission = OPEN_ADMISSION, clock = systemClock, networkKey } = init
  const onShunned = new Set<ShunListener>()
  const tell = (peer: string, offence: Shunned['offence'], leftMs: number): void => {
    cutOff(peer)
    for (const listener of onShunned) listener({ peer, offence, leftMs })
  }
  const conduct = new Conduct({ clock, onShunned: tell })
  const door = new Door({ admission, clock, conduct })
  const self = peerIdFromPrivateKey(init.identity)
  const datastore = new BoundedDatastore(self.toString())
  const onFlood = (peer: string): void => conduct.strike(peer, 'flood')
  const onBadMessage = (peer: string): void => conduct.strike(peer, 'gossip')
  const { gater } = door
  const punching = new Punching(systemRandom)
  const hasNetworkKey = networkKey !== undefined
  const transports = await createTransports({
    names: transportsFor(init.transportNames ?? [], [...init.listen, ...(init.announce ?? [])]),
    tcp: punching.transport(tcp()) as TransportFactory,
    hasNetworkKey
  })
  const guards = { admission, clock, gater, onFlood }
  const relay = init.reach?.relay
  const relayTraffic = relay && new RelayTraffic(clock, relay)
  const options = libp2pOptions(init, { ...guards, datastore, punching, relayTraffic, transports })
  guardLengths()
  const libp2p: MeshLibp2p = await createLibp2p(options)
  const cutOff = (peer: string): void => {
    const error = new MeshError('TOO_MANY_REQUESTS', 'this peer has misbehaved')
    for (const connection of libp2p.getConnections(parsePeer(peer))) connection.abort(error)
  }
  datastore.keep(self)
  boundPeers(libp2p.peerStore)
  guardDht(libp2p.services.dht, { clock, onFlood })
  guardGossip(libp2p.services.pubsub, { clock, onFlood, onBadMessage })
  const streams = new StreamWatch({ clock, onFlood })
  libp2p.addEventListener('connection:open', ({ detail }) => streams.watch(detail))
  libp2p.addEventListener('peer:connect', ({ detail }) => datastore.keep(detail))
  libp2p.addEventListener('peer:disconnect', ({ detail }) => datastore.release(detail))
  const paths = new Paths({ clock, libp2p, isPunched: (one) => punching.isPunched(one) })
  const retirement = new RelayRetirement({ clock, paths })
  keepGossipStreams(libp2p, libp2p.services.pubsub, paths)
  const bandwidth = new Bandwidth(clock, (peer) => paths.kindOf(parsePeer(peer)))
  const reach = { paths, bandwidth, relayTraffic, retirement }
  return { clock, libp2p, conduct, door, datastore, ...reach, onShunned, hasNetworkKey }
}

function withSignal(options: AbortOptions): { signal?: AbortSignal } {
  return options.signal === undefined ? {} : { signal: options.signal }
}

/** How libp2p lists the addresses that it could not listen on, each with its reason. */
const LISTEN_FAILURE = /^ {2}(\/\S+): (?:\w*Error: )?(.*)$/gm

function listenError(cause: unknown): MeshError {
  const failures = [...messageOf(cause).matchAll(LISTEN_FAILURE)]
  const taken = failures.filter(([, , why]) => /EADDRINUSE|already in use/.test(why ?? ''))
  if (taken.length > 0) {
    const addresses = taken.map(([, address]) => address).join(', ')
    return new MeshError('ADDRESS_IN_USE', `${addresses} is taken by another program`, {
      path: '--listen',
      hint: 'stop what listens there, choose another port, or port 0 for any free one',
      cause
    })
  }
  const why = failures.map(([, address, reason]) => `${address} (${reason})`).join(', ')
  return new MeshError('FIELD_INVALID', `this node cannot listen on ${why || messageOf(cause)}`, {
    path: '--listen',
    cause
  })
}
