/** A bootstrap's side of discovery: passes presence on in every namespace that one of its peers listens to. */
import { isPresenceTopic } from '../protocol/ids.ts'
import { LIMITS } from '../core/limits.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { Startable } from '../core/startable.ts'

export class PresenceRelay implements Startable {
  readonly #node: MeshNode

  constructor(components: { node: MeshNode }) {
    this.#node = components.node
  }

  async start(): Promise<void> {
    this.#node.libp2p.services.pubsub.addEventListener('subscription-change', this.#onSubscription)
  }

  async stop(): Promise<void> {
    this.#node.libp2p.services.pubsub.removeEventListener(
      'subscription-change',
      this.#onSubscription
    )
  }

  readonly #onSubscription = (
    event: CustomEvent<{ subscriptions: { topic: string; subscribe: boolean }[] }>
  ): void => {
    const { pubsub } = this.#node.libp2p.services
    for (const { topic, subscribe } of event.detail.subscriptions) {
      const isNew = subscribe && isPresenceTopic(topic) && !pubsub.getTopics().includes(topic)
      if (isNew && pubsub.getTopics().length < LIMITS.presenceTopicsMax) pubsub.subscribe(topic)
    }
  }
}
