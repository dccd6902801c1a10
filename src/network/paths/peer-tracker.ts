/** Who is connected, by which path, how far away and how fast: kept live from libp2p's own events. */
import { measureRoundTrip } from './round-trip.ts'
import { relayOf } from './paths.ts'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { Connection, PeerId } from '@libp2p/interface'
import type { MeshNode } from '../mesh-node.ts'
import type { PathKind } from './paths.ts'
import type { PeerView } from '../../model/generated/api-peer.ts'
import type { Rate } from './bandwidth.ts'
import type { Startable } from '../../core/startable.ts'

/** A connection that came, was measured, became another kind of path, or went. */
export interface PeerChange {
  event: 'connected' | 'measured' | 'rerouted' | 'disconnected'
  at_ms: number
  peer: PeerView
}

/** By which way bytes go to a peer, and how fast. */
export interface Way {
  path: PathKind
  /** Undefined while nothing large was moved. */
  to: Rate | undefined
  from: Rate | undefined
}

type WayView = Pick<PeerView, 'path' | 'relay' | 'bandwidth'>

export interface PeerTrackerInit {
  /** Each peer's round trip is measured this often. @default 5000 */
  measureMs?: number
}

interface Tracked {
  peerId: PeerId
  connectedAtMs: number
  path: PathKind
  /** The last round trips on that path. */
  roundTripsMs: number[]
  agent: string | null
}

/** Peers measured in one round; a hub with thousands takes several rounds. */
const MEASURED_PER_ROUND_MAX = 64
const AGENT_LETTERS_MAX = 100
const PING_TIMEOUT_MS = 4_000
/** As protocol/heartbeat.ts does, the least of so many is taken: a busy moment only adds. */
const ROUND_TRIPS = 6

export class PeerTracker implements Startable {
  readonly #components: { node: MeshNode; clock: Clock }
  readonly #measureMs: number
  readonly #tracked = new Map<string, Tracked>()
  readonly #listeners = new Set<(change: PeerChange) => void>()
  #cancel: CancelTimer = () => {}
  #endPaths: () => void = () => {}

  constructor(components: { node: MeshNode; clock: Clock }, init: PeerTrackerInit = {}) {
    this.#components = components
    this.#measureMs = init.measureMs ?? 5_000
  }

  async start(): Promise<void> {
    const { libp2p, paths } = this.#components.node
    libp2p.addEventListener('peer:connect', this.#onConnect)
    libp2p.addEventListener('peer:disconnect', this.#onDisconnect)
    libp2p.addEventListener('peer:identify', this.#onIdentify)
    this.#endPaths = paths.onChange((peer, path) => this.#onPath(peer, path))
    for (const peerId of libp2p.getPeers()) void this.#catchUp(peerId)
    this.#cancel = this.#components.clock.every(this.#measureMs, () => void this.#measureAll())
  }

  async stop(): Promise<void> {
    const { libp2p } = this.#components.node
    libp2p.removeEventListener('peer:connect', this.#onConnect)
    libp2p.removeEventListener('peer:disconnect', this.#onDisconnect)
    libp2p.removeEventListener('peer:identify', this.#onIdentify)
    this.#endPaths()
    this.#cancel()
    this.#listeners.clear()
  }

  /** Connected peers, by the time of their connection. */
  list(): PeerView[] {
    return [...this.#tracked.values()]
      .map((tracked) => this.#view(tracked))
      .toSorted((left, right) => left.connected_at_ms - right.connected_at_ms)
  }

  /** The round trip to a connected peer, in milliseconds. */
  latencyOf(peer: string): number | undefined {
    const tracked = this.#tracked.get(peer)
    return tracked && roundTripOf(tracked)
  }

  /** How a connected peer is reached. */
  wayTo(peer: string): Way | undefined {
    const tracked = this.#tracked.get(peer)
    return tracked && this.#wayTo(tracked)
  }

  /** The same as the API shows it; nothing of one that is not connected. */
  wayView(peer: string): Partial<WayView> {
    const tracked = this.#tracked.get(peer)
    return tracked === undefined ? {} : this.#wayView(tracked)
  }

  /** Multiaddrs by which a peer is connected; none of one that is not. */
  addressesOf(peer: string): string[] {
    const tracked = this.#tracked.get(peer)
    return tracked === undefined ? [] : this.#connectionsOf(tracked).map(addressOf)
  }

  /** Calls back at every change. @returns what ends it */
  watch(listener: (change: PeerChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  readonly #onConnect = (event: CustomEvent<PeerId>): void => {
    const tracked = this.#add(event.detail)
    this.#emit('connected', tracked)
    void this.#measure(tracked)
  }

  readonly #onDisconnect = (event: CustomEvent<PeerId>): void => {
    const tracked = this.#tracked.get(event.detail.toString())
    if (tracked === undefined) return
    this.#tracked.delete(event.detail.toString())
    this.#emit('disconnected', tracked)
  }

  readonly #onIdentify = (event: CustomEvent<{ peerId: PeerId; agentVersion?: string }>): void => {
    const tracked = this.#tracked.get(event.detail.peerId.toString())
    if (tracked === undefined || event.detail.agentVersion === undefined) return
    tracked.agent = event.detail.agentVersion.slice(0, AGENT_LETTERS_MAX)
  }

  /** One that came before this began to listen: what it says of its program is known already. */
  async #catchUp(peerId: PeerId): Promise<void> {
    const tracked = this.#add(peerId)
    const { peerStore } = this.#components.node.libp2p
    const known = await peerStore.get(peerId).catch(() => undefined)
    const agent = known?.metadata.get('AgentVersion')
    if (agent !== undefined)
      tracked.agent ??= new TextDecoder().decode(agent).slice(0, AGENT_LETTERS_MAX)
    await this.#measure(tracked)
  }

  /** What was measured on the way before says nothing of this one. */
  #onPath(peer: string, path: PathKind | undefined): void {
    const tracked = this.#tracked.get(peer)
    if (tracked === undefined || path === undefined || path === tracked.path) return
    tracked.path = path
    tracked.roundTripsMs = []
    this.#emit('rerouted', tracked)
    void this.#measure(tracked)
  }

  #add(peerId: PeerId): Tracked {
    const known = this.#tracked.get(peerId.toString())
    if (known !== undefined) return known
    const { clock, node } = this.#components
    const tracked = {
      peerId,
      connectedAtMs: clock.wallMs(),
      // Of one that is gone again its disconnect follows.
      path: node.paths.kindOf(peerId) ?? 'direct',
      roundTripsMs: [],
      agent: null
    }
    this.#tracked.set(peerId.toString(), tracked)
    return tracked
  }

  async #measureAll(): Promise<void> {
    const round = [...this.#tracked.values()].slice(0, MEASURED_PER_ROUND_MAX)
    for (const tracked of round) {
      // Back to the end of the line, so that the next round measures others first.
      this.#tracked.delete(tracked.peerId.toString())
      this.#tracked.set(tracked.peerId.toString(), tracked)
    }
    await Promise.all(round.map((tracked) => this.#measure(tracked)))
  }

  /** On the way that all else goes by. */
  async #measure(tracked: Tracked): Promise<void> {
    const { clock } = this.#components
    const [connection] = this.#connectionsOf(tracked)
    if (connection === undefined) return
    const signal = AbortSignal.timeout(PING_TIMEOUT_MS)
    try {
      const tookMs = await measureRoundTrip(connection, clock, { signal })
      if (this.#connectionsOf(tracked)[0] !== connection) return
      tracked.roundTripsMs = [...tracked.roundTripsMs, tookMs].slice(-ROUND_TRIPS)
    } catch {
      // Not every peer answers pings, and one that is gone is told by its own event.
      return
    }
    if (this.#tracked.has(tracked.peerId.toString())) this.#emit('measured', tracked)
  }

  #view(tracked: Tracked): PeerView {
    const connections = this.#connectionsOf(tracked)
    return {
      peer_id: tracked.peerId.toString(),
      addresses: connections.map(addressOf),
      direction: connections[0]?.direction ?? 'outbound',
      ...this.#wayView(tracked),
      latency_ms: roundTripOf(tracked) ?? null,
      agent: tracked.agent,
      connected_at_ms: tracked.connectedAtMs
    }
  }

  #wayTo({ path, peerId }: Tracked): Way {
    const { bandwidth } = this.#components.node
    const peer = peerId.toString()
    return {
      path,
      to: bandwidth.rateOf(peer, path, 'to'),
      from: bandwidth.rateOf(peer, path, 'from')
    }
  }

  #wayView(tracked: Tracked): WayView {
    const { from, path, to } = this.#wayTo(tracked)
    const [connection] = this.#connectionsOf(tracked)
    const relay = connection && relayOf(connection)
    const bandwidth = { ...(to && { to: rateView(to) }), ...(from && { from: rateView(from) }) }
    return {
      path,
      ...(relay === undefined ? {} : { relay }),
      ...(Object.keys(bandwidth).length === 0 ? {} : { bandwidth })
    }
  }

  /** Open ones, the best first. */
  #connectionsOf({ peerId }: Tracked): Connection[] {
    return this.#components.node.paths.connections(peerId)
  }

  #emit(event: PeerChange['event'], tracked: Tracked): void {
    const change = { event, at_ms: this.#components.clock.wallMs(), peer: this.#view(tracked) }
    for (const listener of this.#listeners) listener(change)
  }
}

const MS_PER_SECOND = 1_000

function rateView({ ageMs, bytesPerMs }: Rate): { bytes_per_second: number; age_ms: number } {
  return { bytes_per_second: Math.round(bytesPerMs * MS_PER_SECOND), age_ms: Math.round(ageMs) }
}

function roundTripOf({ roundTripsMs }: Tracked): number | undefined {
  return roundTripsMs.length === 0 ? undefined : Math.min(...roundTripsMs)
}

function addressOf({ remoteAddr }: Connection): string {
  return remoteAddr.toString()
}
