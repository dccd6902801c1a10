/**
 * A bootstrap's side of discovery: passes presence on, of each kind, in every namespace that one of its peers listens
 * to, and has the registry hear what it passes on. In its own namespaces it listens always, so that the registry knows
 * the workers before the first router comes.
 */
import { LIMITS } from '../core/limits.ts'
import { FILE_PRESENCE, WORKER_PRESENCE } from './presence-kind.ts'
import { PresenceGate } from './presence-gate.ts'
import type { Message } from '@libp2p/gossipsub'
import type { MeshNode } from '../network/mesh-node.ts'
import type { PresenceGateComponents } from './presence-gate.ts'
import type { PresenceKind, PresenceNews } from './presence-kind.ts'
import type { Startable } from '../core/startable.ts'
import type { WorkerNews } from './presence-kind.ts'

export interface PresenceRelayComponents extends PresenceGateComponents {
  /** Said by a worker of itself, and let in. @default nobody hears it */
  onWorker?: (news: WorkerNews) => void
}

export interface PresenceRelayInit {
  /** @default none */
  namespaces?: readonly string[]
}

/** What watches over one kind of topics. */
interface Watch {
  namespaceOf: (topic: string) => string | undefined
  guard: (namespace: string) => void
  release: (namespace: string) => void
  hear: (message: Message) => void
}

export class PresenceRelay implements Startable {
  readonly #node: MeshNode
  readonly #watches: readonly Watch[]
  /** How each topic is left again. */
  readonly #topics = new Map<string, () => void>()
  /** Those of its own namespaces. */
  readonly #kept: ReadonlySet<string>

  constructor(components: PresenceRelayComponents, { namespaces = [] }: PresenceRelayInit = {}) {
    const { node, onWorker = () => {} } = components
    this.#node = node
    this.#watches = [
      watchOf(components, WORKER_PRESENCE, onWorker),
      watchOf(components, FILE_PRESENCE, () => {})
    ]
    this.#kept = new Set(namespaces.map(WORKER_PRESENCE.topic))
  }

  /** Those that are passed on now. */
  get topics(): string[] {
    return [...this.#topics.keys()]
  }

  async start(): Promise<void> {
    const { pubsub } = this.#node.libp2p.services
    pubsub.addEventListener('message', this.#onMessage)
    pubsub.addEventListener('subscription-change', this.#onSubscription)
    for (const topic of this.#kept) this.#join(topic)
    // A subscriber that is lost unsubscribes from nothing, so it is looked at with each heartbeat.
    pubsub.addEventListener('gossipsub:heartbeat', this.#leaveDeserted)
  }

  async stop(): Promise<void> {
    const { pubsub } = this.#node.libp2p.services
    pubsub.removeEventListener('message', this.#onMessage)
    pubsub.removeEventListener('subscription-change', this.#onSubscription)
    pubsub.removeEventListener('gossipsub:heartbeat', this.#leaveDeserted)
    for (const topic of this.topics) this.#leave(topic)
  }

  readonly #onMessage = ({ detail }: CustomEvent<Message>): void => {
    for (const watch of this.#watches) watch.hear(detail)
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
      const isDeserted = pubsub.getSubscribers(topic).length === 0
      if (isDeserted && !this.#kept.has(topic)) this.#leave(topic)
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
  kind: PresenceKind<T>,
  onNews: (news: T) => void
): Watch {
  const gate = new PresenceGate(components, kind)
  return {
    namespaceOf: kind.namespaceOf,
    guard: (namespace) => gate.guard(namespace),
    release: (namespace) => gate.release(namespace),
    hear: (message) => {
      const news = gate.newsOf(message)
      if (news !== undefined) onNews(news)
    }
  }
}
