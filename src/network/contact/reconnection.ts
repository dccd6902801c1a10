/**
 * What a node does once its machine has moved or slept, instead of waiting until each part finds out by itself: what
 * cannot be alive any more is closed, what may be is asked, who is needed is dialled, and the mesh is told anew
 * where this node is.
 */
import { MeshError } from '../../core/errors.ts'
import { WakeWatch } from './wake-watch.ts'
import { asRecord } from '../../core/json.ts'
import { measureRoundTrip } from '../paths/round-trip.ts'
import { withTimeLimit } from '../../core/abort.ts'
import { withoutPeer } from '../addresses.ts'
import type { BootstrapKeeper } from './bootstrap-keeper.ts'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { Connection } from '@libp2p/interface'
import type { Interfaces, Upheaval } from './wake-watch.ts'
import type { Logger } from '../../observe/logger.ts'
import type { MeshNode } from '../mesh-node.ts'
import type { PeerRecall } from './peer-recall.ts'
import type { Startable } from '../../core/startable.ts'

export interface ReconnectionComponents {
  clock: Clock
  keeper: Pick<BootstrapKeeper, 'dialNow' | 'sayAnew'>
  logger: Logger
  node: MeshNode
  recall: Pick<PeerRecall, 'dialNow'>
  /** @default the system's */
  interfaces?: () => Interfaces
}

/** The other side of the world, over a slow line that has just come up. */
const PROBE_TIMEOUT_MS = 4_000
/** Probed at once; a hub with thousands takes several rounds. */
const PROBES_MAX = 64
/** Addresses that change together, as those of a new network do, are told of together. */
const GATHER_MS = 500

export class Reconnection implements Startable {
  readonly #components: ReconnectionComponents
  readonly #watch: WakeWatch
  readonly #controller = new AbortController()
  /** As last told. */
  #addresses = ''
  #cancelTelling: CancelTimer | undefined

  constructor(components: ReconnectionComponents) {
    this.#components = components
    this.#watch = new WakeWatch({
      ...components,
      onUpheaval: (upheaval) => void this.#reconnect(upheaval)
    })
  }

  async start(): Promise<void> {
    const { node } = this.#components
    this.#addresses = addressesOf(node)
    node.libp2p.addEventListener('self:peer:update', this.#onSelfUpdate)
    await this.#watch.start()
  }

  async stop(): Promise<void> {
    this.#components.node.libp2p.removeEventListener('self:peer:update', this.#onSelfUpdate)
    await this.#watch.stop()
    this.#cancelTelling?.()
    this.#controller.abort()
  }

  async #reconnect({ come, gone, sleptMs }: Upheaval): Promise<void> {
    const { keeper, logger, node, recall } = this.#components
    const connections = node.libp2p.getConnections()
    const dead = connections.filter((connection) => gone.includes(localHostOf(connection) ?? ''))
    logger.info({ gone, come, sleptMs, dropped: dead.length }, 'this machine has moved or slept')
    const why = new MeshError('SESSION_CLOSED', 'this machine has no longer that address')
    for (const connection of dead) connection.abort(why)
    keeper.dialNow()
    recall.dialNow()
    await this.#refreshAddresses()
    const lost = await this.#probe(connections.filter((connection) => !dead.includes(connection)))
    if (this.#controller.signal.aborted) return
    if (sleptMs > 0) this.#tellSoon()
    if (lost > 0) {
      keeper.dialNow()
      recall.dialNow()
    }
    if (come.length > 0) await this.#leaveRelays()
  }

  /** Whom only a relay led to may be near by now. */
  async #leaveRelays(): Promise<void> {
    const { libp2p, paths } = this.#components.node
    const { signal } = this.#controller
    const relayed = libp2p.getPeers().filter((peer) => paths.isRelayed(peer))
    await Promise.allSettled(
      relayed.map((peer) => libp2p.services.dialler.upgrade(peer, { signal }))
    )
  }

  /** libp2p looks at the addresses of its listeners anew, but tells nobody. */
  async #refreshAddresses(): Promise<void> {
    const { libp2p } = this.#components.node
    const multiaddrs = libp2p.getMultiaddrs().map((address) => withoutPeer(address, libp2p.peerId))
    await libp2p.peerStore.patch(libp2p.peerId, { multiaddrs })
  }

  /** @returns how many were dead */
  async #probe(connections: readonly Connection[]): Promise<number> {
    let lost = 0
    for (let start = 0; start < connections.length; start += PROBES_MAX) {
      const round = connections.slice(start, start + PROBES_MAX)
      // oxlint-disable-next-line no-await-in-loop -- so many at a time
      const alive = await Promise.all(round.map((connection) => this.#isAlive(connection)))
      lost += alive.filter((isAlive) => !isAlive).length
    }
    return lost
  }

  async #isAlive(connection: Connection): Promise<boolean> {
    const { clock } = this.#components
    const message = 'it does not answer any more'
    const limit = {
      clock,
      timeoutMs: PROBE_TIMEOUT_MS,
      code: 'RESPONSE_TIMED_OUT',
      message
    } as const
    const { signal: ended } = this.#controller
    try {
      await withTimeLimit({ ...limit, signal: ended }, (signal) =>
        measureRoundTrip(connection, clock, { signal })
      )
      return true
    } catch (cause) {
      // Who does not know pings has said so, and is there.
      if (this.#controller.signal.aborted || isUnsupported(cause)) return true
      connection.abort(MeshError.from(cause))
      return false
    }
  }

  readonly #onSelfUpdate = (): void => {
    if (addressesOf(this.#components.node) !== this.#addresses) this.#tellSoon()
  }

  #tellSoon(): void {
    const { clock, keeper, node } = this.#components
    this.#cancelTelling ??= clock.after(GATHER_MS, () => {
      this.#cancelTelling = undefined
      this.#addresses = addressesOf(node)
      keeper.sayAnew()
    })
  }
}

function addressesOf(node: MeshNode): string {
  return node.addresses().toSorted().join()
}

/** By which of this machine's addresses a connection goes; undefined of one that is no socket of ours, as through a relay. */
export function localHostOf(connection: Connection): string | undefined {
  const { socket, websocket } = asRecord(asRecord(connection)['maConn'])
  const { localAddress } = asRecord(socket ?? asRecord(websocket)['_socket'])
  return typeof localAddress === 'string' ? localAddress.replace(/^::ffff:/, '') : undefined
}

function isUnsupported(cause: unknown): boolean {
  return cause instanceof Error && cause.name === 'UnsupportedProtocolError'
}
