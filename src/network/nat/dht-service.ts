/**
 * Has a node serve the DHT once others really reach it, so that the mesh's memory outlives all its bootstraps. What
 * nobody can dial would only waste the time of those who ask.
 */
import { isPublic } from './own-addresses.ts'
import type { Connection } from '@libp2p/interface'
import type { Logger } from '../../observe/logger.ts'
import type { MeshNode } from '../mesh-node.ts'
import type { Startable } from '../../core/startable.ts'

export class DhtService implements Startable {
  readonly #node: Pick<MeshNode, 'libp2p' | 'paths'>
  readonly #logger: Logger
  #isReached = false

  constructor({ logger, node }: { logger: Logger; node: Pick<MeshNode, 'libp2p' | 'paths'> }) {
    this.#node = node
    this.#logger = logger
  }

  async start(): Promise<void> {
    const { libp2p } = this.#node
    libp2p.addEventListener('connection:open', this.#onConnection)
    libp2p.addEventListener('self:peer:update', this.#settle)
  }

  async stop(): Promise<void> {
    const { libp2p } = this.#node
    libp2p.removeEventListener('connection:open', this.#onConnection)
    libp2p.removeEventListener('self:peer:update', this.#settle)
  }

  /** From out there, without a relay, and not only as both ends dialled at once. */
  readonly #onConnection = ({ detail }: CustomEvent<Connection>): void => {
    if (this.#isReached || detail.direction !== 'inbound') return
    if (this.#node.paths.kindOfConnection(detail) !== 'direct') return
    this.#isReached = true
    this.#settle()
  }

  /** A machine that has moved may be where nobody reaches it: then it tells no public address any more. */
  readonly #settle = (): void => {
    const { dht } = this.#node.libp2p.services
    const isOpen = this.#isReached && this.#node.libp2p.getMultiaddrs().some(isPublic)
    dht.setMode(isOpen ? 'server' : 'client').catch((cause: unknown) => {
      this.#logger.debug({ err: cause }, 'the part in the DHT did not change')
    })
  }
}
