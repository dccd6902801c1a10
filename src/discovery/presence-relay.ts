/** A bootstrap's side of discovery: passes presence on, of each kind, in every namespace that one of its peers listens to. */
import { LIMITS } from '../core/limits.ts'
import { FILE_PRESENCE, WORKER_PRESENCE } from './presence-kind.ts'
import { PresenceGate } from './presence-gate.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { PresenceGateComponents } from './presence-gate.ts'
import type { PresenceKind, PresenceNews } from './presence-kind.ts'
import type { Startable } from '../core/startable.ts'

/** What watches over one kind of topics. */
interface Watch {
  namespaceOf: (topic: string) => string | undefined
  guard: (namespace: string) => void
  release: (namespace: string) => void
}

export class PresenceRelay implements Startable {
  readonly #node: MeshNode
  readonly #watches: readonly Watch[]
  /** How each topic is left again. */
  readonly #topics = new Map<string, () => void>()

  constructor(components: PresenceGateComponents) {
    this.#node = components.node
    this.#watches = [watchOf(components, WORKER_PRESENCE), watchOf(components, FILE_PRESENCE)]
  }

  /** Those that are passed on now. */
  get topics(): string[] {
    return [...this.#topics.keys()]
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
    for (const topic of this.topics) this.#leave(topic)
  }

  readonly #onSubscription = (
    event: CustomEvent<{ subscriptions: { topic: string; subscribe: boolean }[] }>
  ): void => {
    this.#leaveDeserted()
    for (const { topic, subscribe } of event.detail.subscriptions) {
      if (subscribe && !this.#topics.has(topic)) this.#join(topic)
    }
  }

  #join(topic: string): void {
    if (this.#topics.size >= LIMITS.presenceTopicsMax) return
    for (const { guard, namespaceOf, release } of this.#watches) {
      const namespace = namespaceOf(topic)
      if (namespace === undefined) continue
      this.#topics.set(topic, () => release(namespace))
      guard(namespace)
      this.#node.libp2p.services.pubsub.subscribe(topic)
    }
  }

  /** The room is bounded: a topic that nobody listens to any more makes way for others. */
  readonly #leaveDeserted = (): void => {
    const { pubsub } = this.#node.libp2p.services
    for (const topic of this.topics) {
      if (pubsub.getSubscribers(topic).length === 0) this.#leave(topic)
    }
  }

  #leave(topic: string): void {
    const release = this.#topics.get(topic)
    this.#topics.delete(topic)
    this.#node.libp2p.services.pubsub.unsubscribe(topic)
    release?.()
  }
}

function watchOf<T extends PresenceNews>(
  components: PresenceGateComponents,
  kind: PresenceKind<T>
): Watch {
  const gate = new PresenceGate(components, kind)
  return {
    namespaceOf: kind.namespaceOf,
    guard: (namespace) => gate.guard(namespace),
    release: (namespace) => gate.release(namespace)
  }
}
