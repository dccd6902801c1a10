/**
 * Notes whom this node was connected with, and goes back to them when no bootstrap answers, or none was named: so a
 * node finds its routers and the DHT's other servers again, and a bootstrap whose address has moved. Whoever
 * introduces others is dialled until it answers, of the rest as many as it takes not to be alone.
 */
import { LIMITS } from '../../core/limits.ts'
import { RecentMap } from '../../core/recent-map.ts'
import { DHT_PROTOCOL_V1 } from '../../protocol/ids.ts'
import { MeshError } from '../../core/errors.ts'
import { isRelayed } from '../paths/paths.ts'
import { withoutPeer } from '../addresses.ts'
import type { Access } from '../../protocol/access.ts'
import type { BootstrapKeeper } from './bootstrap-keeper.ts'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { Connection, PeerId } from '@libp2p/interface'
import type { KnownPeer, PeerBook } from './peer-book.ts'
import type { Logger } from '../../observe/logger.ts'
import type { MeshNode } from '../mesh-node.ts'
import type { Random } from '../../core/random.ts'
import type { Startable } from '../../core/startable.ts'

export interface PeerRecallComponents {
  access: Pick<Access, 'memberOf' | 'requireMember'>
  book: PeerBook
  clock: Clock
  keeper: Pick<BootstrapKeeper, 'count' | 'isConnected'>
  logger: Logger
  node: MeshNode
  random: Random
}

const LOOK_MS = 1_000
/** A bootstrap that is only restarted is back by then, and nobody else need be bothered. */
const PATIENCE_MS = 4_000
/** What is known of a connected peer is written down soon after it came, and then this often. */
const NOTE_MS = 600_000
/** Whoever has come in the meantime is written down together. */
const SAVE_MS = 2_000
const DIALS_MAX = 3
const DIAL_TIMEOUT_MS = 10_000
const RETRY_MS_MIN = 2_000
const RETRY_MS_MAX = 120_000
/** With so many connected, no further ones are dialled but those that introduce others. */
const COMPANY = 8

/** Of a peer that is not connected, or was not for long. */
interface Trial {
  failures: number
  dueMs: number
  isDialling: boolean
}

export class PeerRecall implements Startable {
  readonly #components: PeerRecallComponents
  readonly #controller = new AbortController()
  readonly #notedAtMs = new RecentMap<string, number>(LIMITS.knownPeersMax)
  readonly #trials = new RecentMap<string, Trial>(LIMITS.peerBookMax)
  #cancel: CancelTimer = () => {}
  #cancelSave: CancelTimer | undefined
  /** Since when no bootstrap is connected. */
  #cutOffAtMs: number | undefined
  #dials = 0
  #isNoting = false

  constructor(components: PeerRecallComponents) {
    this.#components = components
  }

  async start(): Promise<void> {
    const { book, clock, keeper, node } = this.#components
    book.load()
    node.libp2p.addEventListener('peer:disconnect', this.#onDisconnect)
    this.#cancel = clock.every(LOOK_MS, () => this.#look())
    if (keeper.count === 0) this.dialNow()
  }

  async stop(): Promise<void> {
    this.#components.node.libp2p.removeEventListener('peer:disconnect', this.#onDisconnect)
    this.#cancel()
    this.#controller.abort()
    if (this.#cancelSave === undefined) return
    this.#cancelSave()
    this.#cancelSave = undefined
    this.#components.book.save()
  }

  /** Nobody is waited for, and whoever did not answer before is asked again: the network may be another one. */
  dialNow(): void {
    this.#cutOffAtMs = -Infinity
    for (const trial of this.#trials.values()) trial.dueMs = 0
    this.#look()
  }

  readonly #onDisconnect = ({ detail }: CustomEvent<PeerId>): void => {
    this.#notedAtMs.delete(detail.toString())
  }

  #look(): void {
    void this.#noteConnected()
    const { clock, keeper } = this.#components
    if (keeper.isConnected) this.#cutOffAtMs = undefined
    else this.#cutOffAtMs ??= clock.monotonicMs()
    if (this.#cutOffAtMs === undefined) return
    if (keeper.count > 0 && clock.monotonicMs() - this.#cutOffAtMs < PATIENCE_MS) return
    this.#dialDue()
  }

  async #noteConnected(): Promise<void> {
    if (this.#isNoting) return
    this.#isNoting = true
    const { clock, node } = this.#components
    const nowMs = clock.monotonicMs()
    for (const connection of node.libp2p.getConnections()) {
      const peer = connection.remotePeer.toString()
      const isFresh = nowMs - (this.#notedAtMs.get(peer) ?? -Infinity) < NOTE_MS
      // oxlint-disable-next-line no-await-in-loop -- one after the other, so that thousands take no time at once
      if (!isFresh && this.#isMember(peer)) await this.#note(connection)
    }
    this.#isNoting = false
  }

  /** In a mesh with an authority, who has shown no certificate does not count. */
  #isMember(peer: string): boolean {
    try {
      this.#components.access.requireMember(peer)
      return true
    } catch {
      return false
    }
  }

  async #note({ remotePeer }: Connection): Promise<void> {
    const { access, book, clock, node } = this.#components
    const peer = remotePeer.toString()
    const stored = await node.libp2p.peerStore.get(remotePeer).catch(() => undefined)
    // Before it has said who it is, it cannot be told where it is to be found.
    if (stored === undefined || stored.protocols.length === 0) return
    this.#notedAtMs.set(peer, clock.monotonicMs())
    const said = stored.addresses.map(({ multiaddr }) => multiaddr.toString())
    book.note({
      peer,
      role: access.memberOf(peer)?.role,
      keepsDht: stored.protocols.includes(DHT_PROTOCOL_V1),
      addresses: [...this.#dialled(remotePeer), ...said],
      lastSeenMs: clock.wallMs()
    })
    this.#cancelSave ??= clock.after(SAVE_MS, () => {
      this.#cancelSave = undefined
      book.save()
    })
  }

  /** By what this node itself has reached it: who has dialled us comes from a port where nobody listens. */
  #dialled(peer: PeerId): string[] {
    return this.#components.node.paths
      .connections(peer)
      .filter((connection) => connection.direction === 'outbound' && !isRelayed(connection))
      .map(({ remoteAddr }) => withoutPeer(remoteAddr, peer).toString())
  }

  #dialDue(): void {
    const { book, clock, node } = this.#components
    const nowMs = clock.monotonicMs()
    let company = node.libp2p.getPeers().length + this.#dials
    for (const known of book.ranked()) {
      if (this.#dials >= DIALS_MAX) return
      if (company >= COMPANY && !book.isWanted(known)) return
      const trial = this.#trials.get(known.peer) ?? { failures: 0, dueMs: 0, isDialling: false }
      if (trial.isDialling || trial.dueMs > nowMs) continue
      if (this.#isHere(known)) {
        this.#trials.delete(known.peer)
        continue
      }
      this.#trials.set(known.peer, trial)
      company += 1
      void this.#dial(known, trial)
    }
  }

  #isHere({ peer }: KnownPeer): boolean {
    return peer === this.#components.node.selfPeer || this.#components.node.isConnected(peer)
  }

  async #dial({ addresses, peer }: KnownPeer, trial: Trial): Promise<void> {
    const { clock, logger, node, random } = this.#components
    const signal = AbortSignal.any([this.#controller.signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)])
    this.#dials += 1
    trial.isDialling = true
    // Also where it answers, until it is seen to stay: it may show the door each time.
    trial.failures += 1
    try {
      await node.learnAddresses(peer, addresses)
      await node.dial(peer, { signal })
      logger.info({ peer }, 'found again from the peer book')
    } catch (cause) {
      const { code, message: why } = MeshError.from(cause)
      logger.debug({ peer, code, why }, 'not found again from the peer book')
    } finally {
      const fullMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(trial.failures - 1, 10))
      trial.dueMs = clock.monotonicMs() + fullMs * (0.5 + random.next() / 2)
      trial.isDialling = false
      this.#dials -= 1
    }
  }
}
