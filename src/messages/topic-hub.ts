/**
 * The topics that this node hears, whoever here wants them: each is joined once, guarded for as long, and left when
 * nobody wants it any more.
 */
import { openTopic } from '../protocol/ids.ts'
import { TopicGate } from './topic-gate.ts'
import type { Message } from '@libp2p/gossipsub'
import type { MeshNode } from '../network/mesh-node.ts'
import type { Startable } from '../core/startable.ts'
import type { TopicGateComponents } from './topic-gate.ts'
import type { TopicMessage } from './topic-message.ts'

export interface TopicHubComponents extends TopicGateComponents {
  node: MeshNode
}

type Listener = (said: TopicMessage) => void

export class TopicHub implements Startable {
  readonly #pubsub: MeshNode['libp2p']['services']['pubsub']
  readonly #gate: TopicGate
  readonly #namespace: string
  /** How many want each, by name. */
  readonly #wanted = new Map<string, number>()
  readonly #listeners = new Set<Listener>()

  constructor(components: TopicHubComponents, { namespace }: { namespace: string }) {
    this.#pubsub = components.node.libp2p.services.pubsub
    this.#gate = new TopicGate(components)
    this.#namespace = namespace
  }

  async start(): Promise<void> {
    this.#pubsub.addEventListener('message', this.#onMessage)
  }

  async stop(): Promise<void> {
    this.#pubsub.removeEventListener('message', this.#onMessage)
    for (const name of this.#wanted.keys()) this.#leave(name)
    this.#wanted.clear()
  }

  /** Calls back with all that is said on topics that somebody here has joined. @returns what ends it */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** @returns what leaves it again; calling it twice does nothing */
  join(name: string): () => void {
    const count = this.#wanted.get(name) ?? 0
    this.#wanted.set(name, count + 1)
    if (count === 0) this.#enter(name)
    let isJoined = true
    return () => {
      if (!isJoined) return
      isJoined = false
      this.#release(name)
    }
  }

  #release(name: string): void {
    const count = this.#wanted.get(name) ?? 0
    if (count > 1) this.#wanted.set(name, count - 1)
    else if (this.#wanted.delete(name)) this.#leave(name)
  }

  #enter(name: string): void {
    const place = { namespace: this.#namespace, name }
    const topic = openTopic(this.#namespace, name)
    this.#pubsub.topicValidators.set(
      topic,
      async (_neighbour, message) => await this.#gate.judge(place, message)
    )
    this.#pubsub.subscribe(topic)
  }

  #leave(name: string): void {
    const topic = openTopic(this.#namespace, name)
    this.#pubsub.unsubscribe(topic)
    this.#pubsub.topicValidators.delete(topic)
  }

  readonly #onMessage = ({ detail }: CustomEvent<Message>): void => {
    const said = this.#gate.saidBy(detail)
    if (said === undefined) return
    for (const listener of this.#listeners) listener(said)
  }
}
