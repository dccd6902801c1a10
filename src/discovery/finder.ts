/**
 * A router's side of discovery: hears the records that workers publish and looks the namespace up in
 * the DHT, often while new workers turn up, seldom when none do. What it finds it hands on, unproven.
 */
import { sleep } from '../core/abort.ts'
import { presenceTopic } from '../protocol/ids.ts'
import { namespaceCid, NAMESPACE_SHARDS } from './namespace.ts'
import { openRecord } from './record.ts'
import type { BootstrapKeeper } from '../network/bootstrap-keeper.ts'
import type { CapabilityRecord } from './record.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../observe/logger.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { Startable } from '../core/startable.ts'

/** A worker that may be there. */
export interface Finding {
  peer: string
  addresses: readonly string[]
  by: 'dht' | 'presence'
  /** Signature and namespace checked. */
  record?: CapabilityRecord
}

export interface FinderComponents {
  node: MeshNode
  keeper: BootstrapKeeper
  clock: Clock
  logger: Logger
  onFound: (finding: Finding) => void
}

export interface FinderInit {
  namespace: string
  /** Time between two look-ups while they still find new workers. @default 2000 */
  eagerMs?: number
  /** Time between two look-ups that find nothing new, reached step by step. @default 30000 */
  idleMs?: number
}

const LOOKUP_TIMEOUT_MS = 15_000

export class Finder implements Startable {
  readonly #components: FinderComponents
  readonly #init: Required<FinderInit>
  readonly #controller = new AbortController()
  readonly #known = new Set<string>()
  #periodMs: number

  constructor(components: FinderComponents, init: FinderInit) {
    this.#components = components
    this.#init = { eagerMs: 2_000, idleMs: 30_000, ...init }
    this.#periodMs = this.#init.eagerMs
  }

  async start(): Promise<void> {
    const { keeper, node } = this.#components
    const { pubsub } = node.libp2p.services
    pubsub.addEventListener('message', this.#onMessage)
    pubsub.subscribe(presenceTopic(this.#init.namespace))
    keeper.onConnected(() => this.#lookAgainSoon())
    void this.#lookUpForEver()
  }

  async stop(): Promise<void> {
    const { pubsub } = this.#components.node.libp2p.services
    pubsub.removeEventListener('message', this.#onMessage)
    pubsub.unsubscribe(presenceTopic(this.#init.namespace))
    this.#controller.abort()
  }

  #lookAgainSoon(): void {
    this.#periodMs = this.#init.eagerMs
  }

  readonly #onMessage = (event: CustomEvent<{ topic: string; data: Uint8Array }>): void => {
    if (event.detail.topic === presenceTopic(this.#init.namespace))
      void this.#onRecord(event.detail.data)
  }

  async #onRecord(bytes: Uint8Array): Promise<void> {
    const { logger, node, onFound } = this.#components
    try {
      const record = await openRecord(bytes)
      if (record.namespace !== this.#init.namespace || record.peer_id === node.selfPeer) return
      onFound({ peer: record.peer_id, addresses: record.addresses, by: 'presence', record })
    } catch (cause) {
      logger.debug({ err: cause }, 'presence ignored')
    }
  }

  async #lookUpForEver(): Promise<void> {
    const { clock, keeper } = this.#components
    const { signal } = this.#controller
    try {
      while (!signal.aborted) {
        // A look-up in an empty routing table would only wait for its time limit.
        const hasNew = keeper.isConnected && (await this.#lookUp())
        if (keeper.isConnected) {
          this.#periodMs = hasNew
            ? this.#init.eagerMs
            : Math.min(this.#init.idleMs, this.#periodMs * 1.5)
        }
        await sleep(clock, Math.min(this.#periodMs, keeper.isConnected ? Infinity : 500), {
          signal
        })
      }
    } catch {
      // Only `stop` ends the sleep early.
    }
  }

  /** @returns true when it found a worker for the first time */
  async #lookUp(): Promise<boolean> {
    const { logger, node, onFound } = this.#components
    const before = this.#known.size
    for (let shard = 0; shard < NAMESPACE_SHARDS; shard += 1) {
      const signal = AbortSignal.any([
        this.#controller.signal,
        AbortSignal.timeout(LOOKUP_TIMEOUT_MS)
      ])
      try {
        const cid = await namespaceCid(this.#init.namespace, shard)
        for await (const provider of node.libp2p.contentRouting.findProviders(cid, { signal })) {
          const peer = provider.id.toString()
          if (peer === node.selfPeer) continue
          this.#known.add(peer)
          onFound({ peer, addresses: provider.multiaddrs.map(String), by: 'dht' })
        }
      } catch (cause) {
        if (this.#controller.signal.aborted) return false
        logger.debug({ err: cause }, 'look-up in the DHT failed')
      }
    }
    return this.#known.size > before
  }
}
