/** A bootstrap's side of discovery: passes presence on in every namespace that one of its peers listens to. */
import { presenceNamespace, presenceTopic } from '../protocol/ids.ts'
import { LIMITS } from '../core/limits.ts'
import { PresenceGate } from './presence-gate.ts'
import type { Clock } from '../core/clock.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { Startable } from '../core/startable.ts'

export class PresenceRelay implements Startable {
  readonly #node: MeshNode
  readonly #gate: PresenceGate
  readonly #namespaces = new Set<string>()

  constructor(components: { node: MeshNode; clock: Clock }) {
    this.#node = components.node
    this.#gate = new PresenceGate(components)
  }

  /** Namespaces that are passed on now. */
  get namespaces(): string[] {
    return [...this.#namespaces]
  }

  async start(): Promise<void> {
    const { pubsub } = this.#node.libp2p.services
    pubsub.addEventListener('subscription-change', this.#onSubscription)
    // A subscriber that is lost unsubscribes from nothing, so it is looked at with each heartbeat.
    pubsub.addEventListener('gossipsub:heartbeat', this.#leaveDeserted)
  }

  async stop(): Promise<void> {
    const { pubsub } = this.#node.libp2p.services
    pubsub.removeEventListener('subscription-change', this.#onSubscription)
    pubsub.removeEventListener('gossipsub:heartbeat', this.#leaveDeserted)
    for (const namespace of this.#namespaces) this.#leave(namespace)
  }

  readonly #onSubscription = (
    event: CustomEvent<{ subscriptions: { topic: string; subscribe: boolean }[] }>
  ): void => {
    this.#leaveDeserted()
    for (const { topic, subscribe } of event.detail.subscriptions) {
      const namespace = subscribe ? presenceNamespace(topic) : undefined
      if (namespace !== undefined) this.#join(namespace)
    }
  }

  #join(namespace: string): void {
    if (this.#namespaces.has(namespace)) return
    if (this.#namespaces.size >= LIMITS.presenceTopicsMax) return
    this.#namespaces.add(namespace)
    this.#gate.guard(namespace)
    this.#node.libp2p.services.pubsub.subscribe(presenceTopic(namespace))
  }

  /** The room is bounded: a namespace that nobody listens to any more makes way for others. */
  readonly #leaveDeserted = (): void => {
    const { pubsub } = this.#node.libp2p.services
    for (const namespace of this.#namespaces) {
      if (pubsub.getSubscribers(presenceTopic(namespace)).length === 0) this.#leave(namespace)
    }
  }

  #leave(namespace: string): void {
    this.#namespaces.delete(namespace)
    const { pubsub } = this.#node.libp2p.services
    pubsub.unsubscribe(presenceTopic(namespace))
    this.#gate.release(namespace)
  }
}
