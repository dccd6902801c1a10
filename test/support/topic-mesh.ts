/** Listeners, speakers and carriers of topics, in one process over the memory transport. */
import { Mesh } from './spawn-mesh.ts'
import { TopicCarrier } from '../../src/messages/topic-carrier.ts'
import { TopicHub } from '../../src/messages/topic-hub.ts'
import { Topics } from '../../src/messages/topics.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { SpawnInit, SpawnedNode } from './spawn-mesh.ts'
import type { TopicCarrierInit } from '../../src/messages/topic-carrier.ts'

const NAMESPACE = 'demo'

export interface Speaker extends SpawnedNode {
  topics: Topics
}

export interface Carrier extends SpawnedNode {
  carrier: TopicCarrier
}

export class TopicMesh {
  readonly mesh: Mesh = new Mesh()
  readonly #stops: (() => Promise<void>)[] = []

  /** Carries for others, as bootstraps do. */
  async carrier(
    to: readonly SpawnedNode[] = [],
    init: Partial<TopicCarrierInit> & SpawnInit = {}
  ): Promise<Carrier> {
    const { spawned, hub } = await this.#add(to, init)
    const carrier = new TopicCarrier({ ...spawned, hub }, { namespace: NAMESPACE, ...init })
    await carrier.start()
    this.#stops.push(() => carrier.stop())
    return { ...spawned, carrier }
  }

  /** Is connected with these alone. */
  async speaker(to: readonly SpawnedNode[] = [], init: SpawnInit = {}): Promise<Speaker> {
    const { spawned, hub } = await this.#add(to, init)
    const components = { ...spawned, clock: systemClock, hub }
    return { ...spawned, topics: new Topics(components, { namespace: NAMESPACE, name: 'ada' }) }
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).toReversed()) await stop()
    await this.mesh.stop()
  }

  async #add(
    to: readonly SpawnedNode[],
    init: SpawnInit
  ): Promise<{ spawned: SpawnedNode; hub: TopicHub }> {
    const added = await this.mesh.add(init)
    const spawned = { ...added, stop: async () => await hub.stop().then(added.stop) }
    const hub = new TopicHub({ ...spawned, clock: systemClock }, { namespace: NAMESPACE })
    await hub.start()
    this.#stops.push(() => hub.stop())
    for (const { address } of to) await spawned.node.dial(address)
    return { spawned, hub }
  }
}
