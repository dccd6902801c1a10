/**
 * Carries topics for others: a bootstrap or router has no interest of its own in what people say, and joins a topic
 * for as long as a connected peer listens to it. Each carrier says so beside, with its distance from the nearest
 * listener, so that two that carry for each other alone notice and leave. Room is bounded, and each peer has its share.
 */
import { LIMITS } from '../core/limits.ts'
import { carriedTopic } from '../protocol/ids.ts'
import { DISTANCE_MAX, TopicNeighbours } from './topic-neighbours.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { Neighbours } from './topic-neighbours.ts'
import type { Startable } from '../core/startable.ts'
import type { TopicHub } from './topic-hub.ts'

export interface TopicCarrierComponents {
  node: MeshNode
  hub: Pick<TopicHub, 'join'>
}

export interface TopicCarrierInit {
  namespace: string
  /** @default LIMITS.topicsCarriedMax */
  topicsMax?: number
  /** Of those, for one neighbour's sake. @default LIMITS.topicsPerPeerMax */
  topicsPerPeerMax?: number
}

interface Carried {
  distance: number
  leave: () => void
}

export class TopicCarrier implements Startable {
  readonly #pubsub: MeshNode['libp2p']['services']['pubsub']
  readonly #hub: Pick<TopicHub, 'join'>
  readonly #init: Required<TopicCarrierInit>
  readonly #neighbours: TopicNeighbours
  readonly #carried = new Map<string, Carried>()

  constructor({ hub, node }: TopicCarrierComponents, init: TopicCarrierInit) {
    const { topicsCarriedMax: topicsMax, topicsPerPeerMax } = LIMITS
    this.#pubsub = node.libp2p.services.pubsub
    this.#hub = hub
    this.#init = { topicsMax, topicsPerPeerMax, ...init }
    this.#neighbours = new TopicNeighbours(node, init.namespace)
  }

  /** Those that are carried now. */
  get topics(): string[] {
    return [...this.#carried.keys()]
  }

  async start(): Promise<void> {
    this.#pubsub.addEventListener('subscription-change', this.#review)
    // A subscriber that is lost unsubscribes from nothing, so it is looked at with each heartbeat.
    this.#pubsub.addEventListener('gossipsub:heartbeat', this.#review)
  }

  async stop(): Promise<void> {
    this.#pubsub.removeEventListener('subscription-change', this.#review)
    this.#pubsub.removeEventListener('gossipsub:heartbeat', this.#review)
    for (const name of this.topics) this.#leave(name)
  }

  /** What is carried already keeps its place before what is new. */
  readonly #review = (): void => {
    const shares = new Map<string, number>()
    const names = new Set([...this.#carried.keys(), ...this.#neighbours.names()])
    for (const name of names) {
      const neighbours = this.#neighbours.of(name)
      const distance = distanceOf(neighbours)
      const isCarried = distance <= DISTANCE_MAX && this.#hasRoom(name, neighbours, shares)
      if (isCarried) this.#carry(name, distance)
      else this.#leave(name)
    }
  }

  /** It counts for whoever has the fewest others. */
  #hasRoom(name: string, neighbours: Neighbours, shares: Map<string, number>): boolean {
    const { topicsMax, topicsPerPeerMax } = this.#init
    if (!this.#carried.has(name) && this.#carried.size >= topicsMax) return false
    const isHeard = neighbours.listeners.length > 0
    const peers = isHeard ? neighbours.listeners : [...neighbours.carriers.keys()]
    // A carrier has many for whom it carries.
    const shareMax = isHeard ? topicsPerPeerMax : topicsMax / 2
    const [sponsor, share] = peers
      .map((peer) => [peer, shares.get(peer) ?? 0] as const)
      .reduce((least, next) => (next[1] < least[1] ? next : least))
    if (share >= shareMax) return false
    shares.set(sponsor, share + 1)
    return true
  }

  #carry(name: string, distance: number): void {
    const before = this.#carried.get(name)
    if (before?.distance === distance) return
    const { namespace } = this.#init
    // The mark comes first and goes last, so that nobody takes a carrier for a listener.
    this.#pubsub.subscribe(carriedTopic(distance, namespace, name))
    const leave = before?.leave ?? this.#hub.join(name)
    this.#carried.set(name, { distance, leave })
    if (before !== undefined) this.#unmark(name, before.distance)
  }

  #leave(name: string): void {
    const carried = this.#carried.get(name)
    if (carried === undefined) return
    this.#carried.delete(name)
    carried.leave()
    this.#unmark(name, carried.distance)
  }

  #unmark(name: string, distance: number): void {
    this.#pubsub.unsubscribe(carriedTopic(distance, this.#init.namespace, name))
  }
}

/** From the nearest listener, by way of the neighbour that is nearest to one; beyond all bounds where there is none. */
function distanceOf({ carriers, listeners }: Neighbours): number {
  if (listeners.length > 0) return 1
  return 1 + Math.min(Infinity, ...carriers.values())
}
