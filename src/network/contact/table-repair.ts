/**
 * Keeps the DHT's routing table from staying empty while somebody is connected who belongs in it, whoever that is:
 * the DHT learns its peers from an identify alone, and that is missed now and then.
 */
import { DHT_PROTOCOL_V1 } from '../../protocol/ids.ts'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { Connection, PeerId } from '@libp2p/interface'
import type { Logger } from '../../observe/logger.ts'
import type { MeshNode } from '../mesh-node.ts'
import type { Startable } from '../../core/startable.ts'

export interface TableRepairComponents {
  node: MeshNode
  clock: Clock
  logger: Logger
}

const LOOK_MS = 2_000
const IDENTIFY_TIMEOUT_MS = 10_000
/** Asked in one look; of thousands that are connected to a hub, one that answers is enough. */
const ASKED_MAX = 8

export class TableRepair implements Startable {
  readonly #components: TableRepairComponents
  readonly #onFilled: () => void
  readonly #controller = new AbortController()
  #cancel: CancelTimer = () => {}
  #isRepairing = false
  #wasEmpty = true

  /** @param onFilled called when somebody is in the table after nobody was */
  constructor(components: TableRepairComponents, onFilled: () => void) {
    this.#components = components
    this.#onFilled = onFilled
  }

  async start(): Promise<void> {
    this.#cancel = this.#components.clock.every(LOOK_MS, () => void this.#look())
  }

  async stop(): Promise<void> {
    this.#cancel()
    this.#controller.abort()
  }

  async #look(): Promise<void> {
    const isEmpty = this.#components.node.libp2p.services.dht.routingTable.size === 0
    if (this.#wasEmpty && !isEmpty) this.#onFilled()
    this.#wasEmpty = isEmpty
    if (!isEmpty || this.#isRepairing) return
    this.#isRepairing = true
    const askable = await this.#askable()
    await Promise.all(askable.map((connection) => this.#identify(connection)))
    this.#isRepairing = false
  }

  /** Connections of those who may keep the DHT; who has said that it does not need not say so again. */
  async #askable(): Promise<Connection[]> {
    const found: Connection[] = []
    for (const connection of this.#components.node.libp2p.getConnections()) {
      if (found.length >= ASKED_MAX) break
      // oxlint-disable-next-line no-await-in-loop -- few are left to be looked at after the first eight
      const protocols = await this.#protocolsOf(connection.remotePeer)
      if (protocols.length === 0 || protocols.includes(DHT_PROTOCOL_V1)) found.push(connection)
    }
    return found
  }

  async #protocolsOf(peer: PeerId): Promise<readonly string[]> {
    const { peerStore } = this.#components.node.libp2p
    const known = await peerStore.get(peer).catch(() => undefined)
    return known?.protocols ?? []
  }

  async #identify(connection: Connection): Promise<void> {
    const { logger, node } = this.#components
    const limit = AbortSignal.timeout(IDENTIFY_TIMEOUT_MS)
    const signal = AbortSignal.any([this.#controller.signal, limit])
    await node.libp2p.services.identify.identify(connection, { signal }).catch((cause: unknown) => {
      logger.debug({ peer: connection.remotePeer.toString(), err: cause }, 'identify failed')
    })
  }
}
