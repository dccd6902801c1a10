/**
 * How long nodes take to answer, as a peer of theirs sees it: libp2p's ping and a command, one node after
 * the other, so that a busy moment of the machine hits all alike.
 */
import { spawnNode } from './spawn-mesh.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { Connection } from '@libp2p/interface'
import type { SpawnedNode } from './spawn-mesh.ts'

/** Far above what a node takes, whatever its machine does: one that needs so long does not answer. */
const ANSWER_MS_MAX = 30_000

export const ASKINGS = ['ping', 'command'] as const
export type Asking = (typeof ASKINGS)[number]

/** By node and asking, all round trips in milliseconds. */
export type Trips = Record<string, Record<Asking, number[]>>

export class Asker {
  readonly #self: SpawnedNode
  readonly #nodes: ReadonlyMap<string, Connection>

  private constructor(self: SpawnedNode, nodes: ReadonlyMap<string, Connection>) {
    this.#self = self
    this.#nodes = nodes
  }

  /** @param addresses by the names under which the trips are told */
  static async connect(addresses: Readonly<Record<string, string>>): Promise<Asker> {
    const self = await spawnNode({ listen: '/ip4/127.0.0.1/tcp/0' })
    const nodes = new Map<string, Connection>()
    for (const [name, address] of Object.entries(addresses)) {
      nodes.set(name, await self.node.connect(address))
    }
    return new Asker(self, nodes)
  }

  async ask(count: number): Promise<Trips> {
    const trips: Trips = {}
    for (const name of this.#nodes.keys()) trips[name] = { ping: [], command: [] }
    for (let turn = 0; turn < count; turn += 1) {
      for (const [name, { remotePeer }] of this.#nodes) {
        for (const asking of ASKINGS) {
          const startedMs = systemClock.monotonicMs()
          // In turn, and not at once: they would wait for each other in this process.
          // oxlint-disable-next-line no-await-in-loop
          await this.#askOnce(asking, remotePeer)
          trips[name]?.[asking].push(systemClock.monotonicMs() - startedMs)
        }
      }
    }
    return trips
  }

  stop(): Promise<void> {
    return this.#self.stop()
  }

  async #askOnce(asking: Asking, peer: Connection['remotePeer']): Promise<void> {
    const signal = AbortSignal.timeout(ANSWER_MS_MAX)
    if (asking === 'ping') {
      await this.#self.node.libp2p.services.ping.ping(peer, { signal })
      return
    }
    const options = { timeoutMs: ANSWER_MS_MAX, to: peer.toString(), signal }
    const { response } = await this.#self.binding.call(
      peer.toString(),
      'GET_CAPABILITIES',
      {},
      options
    )
    if (response.status !== 'success') throw new Error(JSON.stringify(response))
  }
}
