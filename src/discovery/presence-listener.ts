/** Hears what is published of one kind in one namespace, and hands on what the gate lets in. */
import { PresenceGate } from './presence-gate.ts'
import type { Access } from '../protocol/access.ts'
import type { Clock } from '../core/clock.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { Message } from '@libp2p/gossipsub'
import type { PresenceKind, PresenceNews } from './presence-kind.ts'
import type { Startable } from '../core/startable.ts'

export interface PresenceListenerComponents<T> {
  access: Pick<Access, 'memberOf' | 'vouchesFor'>
  node: MeshNode
  clock: Clock
  /** Said by another node of itself; signature and namespace are checked. */
  onNews: (news: T) => void
}

export class PresenceListener<T extends PresenceNews> implements Startable {
  readonly #components: PresenceListenerComponents<T>
  readonly #gate: PresenceGate<T>
  readonly #namespace: string
  readonly #topic: string

  constructor(
    components: PresenceListenerComponents<T>,
    { kind, namespace }: { kind: PresenceKind<T>; namespace: string }
  ) {
    this.#components = components
    this.#gate = new PresenceGate(components, kind)
    this.#namespace = namespace
    this.#topic = kind.topic(namespace)
  }

  async start(): Promise<void> {
    const { pubsub } = this.#components.node.libp2p.services
    this.#gate.guard(this.#namespace)
    pubsub.addEventListener('message', this.#onMessage)
    pubsub.subscribe(this.#topic)
  }

  async stop(): Promise<void> {
    const { pubsub } = this.#components.node.libp2p.services
    pubsub.removeEventListener('message', this.#onMessage)
    pubsub.unsubscribe(this.#topic)
    this.#gate.release(this.#namespace)
  }

  readonly #onMessage = (event: CustomEvent<Message>): void => {
    const news = this.#gate.newsOf(event.detail)
    if (news === undefined || news.peer_id === this.#components.node.selfPeer) return
    this.#components.onNews(news)
  }
}
