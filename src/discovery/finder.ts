/**
 * A router's side of discovery: hears the records that workers publish and looks the namespace up in
 * the DHT, often while new workers turn up, seldom when none do. What it finds it hands on, unproven.
 */
import { sleep } from '../core/abort.ts'
import { LIMITS } from '../core/limits.ts'
import { presenceTopic } from '../protocol/ids.ts'
import { namespaceCid, NAMESPACE_SHARDS } from './namespace.ts'
import { PresenceGate } from './presence-gate.ts'
import type { Message } from '@libp2p/gossipsub'
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
  readonly #gate: PresenceGate
  /** Workers that look-ups have found before; for the pace alone, so that it may forget. */
  readonly #known = new Set<string>()
  #periodMs: number
  /** Ends the present pause between two look-ups. */
  #wake = new AbortController()

  constructor(components: FinderComponents, init: FinderInit) {
    this.#components = components
    this.#gate = new PresenceGate(components)
    this.#init = { eagerMs: 2_000, idleMs: 30_000, ...init }
    this.#periodMs = this.#init.eagerMs
  }

  async start(): Promise<void> {
    const { keeper, node } = this.#components
    const { pubsub } = node.libp2p.services
    this.#gate.guard(this.#init.namespace)
    pubsub.addEventListener('message', this.#onMessage)
    pubsub.subscribe(presenceTopic(this.#init.namespace))
    keeper.onConnected(() => this.#lookAgainSoon())
    void this.#lookUpForEver()
  }

  async stop(): Promise<void> {
    const { pubsub } = this.#components.node.libp2p.services
    pubsub.removeEventListener('message', this.#onMessage)
    pubsub.unsubscribe(presenceTopic(this.#init.namespace))
    this.#gate.release(this.#init.namespace)
    this.#controller.abort()
    this.#wake.abort()
  }

  #lookAgainSoon(): void {
    this.#periodMs = this.#init.eagerMs
    this.#wake.abort()
  }

  readonly #onMessage = (event: CustomEvent<Message>): void => {
    const record = this.#gate.recordOf(event.detail)
    if (record === undefined || record.namespace !== this.#init.namespace) return
    const { peer_id: peer, addresses } = record
    if (peer === this.#components.node.selfPeer) return
    this.#components.onFound({ peer, addresses, by: 'presence', record })
  }

  async #lookUpForEver(): Promise<void> {
    const { keeper } = this.#components
    while (!this.#controller.signal.aborted) {
      // A look-up in an empty routing table would only wait for its time limit.
      if (keeper.isConnected) {
        const hasNew = await this.#lookUp()
        const slowerMs = Math.min(this.#init.idleMs, this.#periodMs * 1.5)
        this.#periodMs = hasNew ? this.#init.eagerMs : slowerMs
      }
      await this.#pause(this.#periodMs)
    }
  }

  async #pause(delayMs: number): Promise<void> {
    this.#wake = new AbortController()
    const signal = AbortSignal.any([this.#controller.signal, this.#wake.signal])
    // Woken, for whatever reason, it goes on just the same.
    await sleep(this.#components.clock, delayMs, { signal }).catch(() => {})
  }

  /** @returns true when it found a worker for the first time */
  async #lookUp(): Promise<boolean> {
    const { logger, node, onFound } = this.#components
    let hasNew = false
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
          hasNew = this.#isNew(peer) || hasNew
          onFound({ peer, addresses: provider.multiaddrs.map(String), by: 'dht' })
        }
      } catch (cause) {
        if (this.#controller.signal.aborted) return false
        logger.debug({ err: cause }, 'look-up in the DHT failed')
      }
    }
    return hasNew
  }

  #isNew(peer: string): boolean {
    if (this.#known.has(peer)) return false
    if (this.#known.size >= LIMITS.directoryWorkersMax) this.#known.clear()
    this.#known.add(peer)
    return true
  }
}
