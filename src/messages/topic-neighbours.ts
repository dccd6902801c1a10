/** Who among the connected peers is subscribed to which topics of the namespace: listeners, and those that carry for others. */
import { carriedTopic, openTopic, openTopicParts } from '../protocol/ids.ts'
import type { MeshNode } from '../network/mesh-node.ts'

/** So many steps a topic is carried from its listeners, which bounds for how long carriers believe each other. */
export const DISTANCE_MAX = 3

/** Of GossipSub, what its interface does not show. */
interface Inside {
  /** Peers that are subscribed to each topic. */
  topics: ReadonlyMap<string, ReadonlySet<string>>
}

export interface Neighbours {
  /** Subscribed for themselves. */
  listeners: string[]
  /** Subscribed because others are, by how many steps they are from a listener. */
  carriers: Map<string, number>
}

export class TopicNeighbours {
  readonly #pubsub: Inside
  readonly #namespace: string

  constructor(node: MeshNode, namespace: string) {
    this.#pubsub = node.libp2p.services.pubsub as unknown as Inside
    this.#namespace = namespace
  }

  /** Topics that somebody is subscribed to, those first that came first. */
  names(): string[] {
    return [...this.#pubsub.topics.keys()].flatMap((topic) => {
      const parts = openTopicParts(topic)
      return parts?.namespace === this.#namespace ? [parts.name] : []
    })
  }

  of(name: string): Neighbours {
    const subscribed = this.#subscribers(openTopic(this.#namespace, name))
    const carriers = new Map<string, number>()
    for (let distance = DISTANCE_MAX; distance >= 1; distance -= 1) {
      for (const peer of this.#subscribers(carriedTopic(distance, this.#namespace, name))) {
        if (subscribed.has(peer)) carriers.set(peer, distance)
      }
    }
    return { listeners: [...subscribed].filter((peer) => !carriers.has(peer)), carriers }
  }

  #subscribers(topic: string): ReadonlySet<string> {
    return this.#pubsub.topics.get(topic) ?? new Set()
  }
}
