/** Who is connected, by which address, how far away: kept live from libp2p's own events. */
import type { Clock } from '../../core/clock.ts'
import type { Connection, PeerId } from '@libp2p/interface'
import type { MeshNode } from '../mesh-node.ts'
import type { CancelTimer } from '../../core/clock.ts'
import type { PeerView } from '../../model/generated/api-peer.ts'
import type { Startable } from '../../core/startable.ts'

/** A connection that came, was measured, or went. */
export interface PeerChange {
  event: 'connected' | 'measured' | 'disconnected'
  at_ms: number
  peer: PeerView
}

export interface PeerTrackerInit {
  /** Each peer's round trip is measured this often. @default 5000 */
  measureMs?: number
}

interface Tracked {
  peerId: PeerId
  connectedAtMs: number
  latencyMs: number | null
  agent: string | null
}

/** Peers measured in one round; a hub with thousands takes several rounds. */
const MEASURED_PER_ROUND_MAX = 64
const PING_TIMEOUT_MS = 4_000

export class PeerTracker implements Startable {
  readonly #components: { node: MeshNode; clock: Clock }
  readonly #measureMs: number
  readonly #tracked = new Map<string, Tracked>()
  readonly #listeners = new Set<(change: PeerChange) => void>()
  #cancel: CancelTimer = () => {}

  constructor(components: { node: MeshNode; clock: Clock }, init: PeerTrackerInit = {}) {
    this.#components = components
    this.#measureMs = init.measureMs ?? 5_000
  }

  async start(): Promise<void> {
    const { libp2p } = this.#components.node
    libp2p.addEventListener('peer:connect', this.#onConnect)
    libp2p.addEventListener('peer:disconnect', this.#onDisconnect)
    libp2p.addEventListener('peer:identify', this.#onIdentify)
    for (const peerId of libp2p.getPeers()) this.#add(peerId)
    this.#cancel = this.#components.clock.every(this.#measureMs, () => void this.#measureAll())
  }

  async stop(): Promise<void> {
    const { libp2p } = this.#components.node
    libp2p.removeEventListener('peer:connect', this.#onConnect)
    libp2p.removeEventListener('peer:disconnect', this.#onDisconnect)
    libp2p.removeEventListener('peer:identify', this.#onIdentify)
    this.#cancel()
    this.#listeners.clear()
  }

  /** Connected peers, by the time of their connection. */
  list(): PeerView[] {
    return [...this.#tracked.values()]
      .map((tracked) => this.#view(tracked))
      .toSorted((left, right) => left.connected_at_ms - right.connected_at_ms)
  }

  /** The round trip to a connected peer, in milliseconds, as last measured. */
  latencyOf(peer: string): number | undefined {
    return this.#tracked.get(peer)?.latencyMs ?? undefined
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
    this.#emit('connected', this.#view(tracked))
    void this.#measure(tracked)
  }

  readonly #onDisconnect = (event: CustomEvent<PeerId>): void => {
    const tracked = this.#tracked.get(event.detail.toString())
    if (tracked === undefined) return
    this.#tracked.delete(event.detail.toString())
    this.#emit('disconnected', this.#view(tracked))
  }

  readonly #onIdentify = (event: CustomEvent<{ peerId: PeerId; agentVersion?: string }>): void => {
    const tracked = this.#tracked.get(event.detail.peerId.toString())
    if (tracked === undefined || event.detail.agentVersion === undefined) return
    tracked.agent = event.detail.agentVersion.slice(0, 100)
  }

  #add(peerId: PeerId): Tracked {
    const known = this.#tracked.get(peerId.toString())
    if (known !== undefined) return known
    const tracked = {
      peerId,
      connectedAtMs: this.#components.clock.wallMs(),
      latencyMs: null,
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

  async #measure(tracked: Tracked): Promise<void> {
    const { node } = this.#components
    const { ping } = node.libp2p.services
    // A ping to a peer that has just gone would dial it anew.
    if (!node.isConnected(tracked.peerId.toString())) return
    try {
      tracked.latencyMs = await ping.ping(tracked.peerId, {
        signal: AbortSignal.timeout(PING_TIMEOUT_MS)
      })
    } catch {
      // Not every peer answers pings, and one that is gone is told by its own event.
      return
    }
    if (this.#tracked.has(tracked.peerId.toString())) this.#emit('measured', this.#view(tracked))
  }

  #view(tracked: Tracked): PeerView {
    const connections = this.#connectionsOf(tracked)
    const isRelayed = connections.length > 0 && connections.every(isRelay)
    return {
      peer_id: tracked.peerId.toString(),
      addresses: connections.map(addressOf),
      direction: connections[0]?.direction ?? 'outbound',
      path: isRelayed ? 'relayed' : 'direct',
      latency_ms: tracked.latencyMs,
      agent: tracked.agent,
      connected_at_ms: tracked.connectedAtMs
    }
  }

  #connectionsOf({ peerId }: Tracked): Connection[] {
    return this.#components.node.libp2p.getConnections(peerId)
  }

  #emit(event: PeerChange['event'], peer: PeerView): void {
    const change: PeerChange = { event, at_ms: this.#components.clock.wallMs(), peer }
    for (const listener of this.#listeners) listener(change)
  }
}

function addressOf({ remoteAddr }: Connection): string {
  return remoteAddr.toString()
}

function isRelay(connection: Connection): boolean {
  return addressOf(connection).includes('/p2p-circuit')
}
