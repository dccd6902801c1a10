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

/** A peer that asks as fast as it is answered: each time another one, as a node answers one peer so many pings only. */
export class Asker {
  readonly #addresses: Readonly<Record<string, string>>

  /** @param addresses by the names under which the trips are told */
  constructor(addresses: Readonly<Record<string, string>>) {
    this.#addresses = addresses
  }

  async ask(count: number): Promise<Trips> {
    const self = await spawnNode({ listen: '/ip4/127.0.0.1/tcp/0' })
    try {
      const trips: Trips = {}
      const nodes = new Map<string, Connection>()
      for (const [name, address] of Object.entries(this.#addresses)) {
        trips[name] = { ping: [], command: [] }
        nodes.set(name, await self.node.connect(address))
      }
      for (let turn = 0; turn < count; turn += 1) {
        for (const [name, { remotePeer }] of nodes) {
          for (const asking of ASKINGS) {
            const startedMs = systemClock.monotonicMs()
            // In turn, and not at once: they would wait for each other in this process.
            // oxlint-disable-next-line no-await-in-loop
            await askOnce(self, asking, remotePeer)
            trips[name]?.[asking].push(systemClock.monotonicMs() - startedMs)
          }
        }
      }
      return trips
    } finally {
      await self.stop()
    }
  }
}

async function askOnce(
  self: SpawnedNode,
  asking: Asking,
  peer: Connection['remotePeer']
): Promise<void> {
  const signal = AbortSignal.timeout(ANSWER_MS_MAX)
  if (asking === 'ping') {
    await self.node.libp2p.services.ping.ping(peer, { signal })
    return
  }
  const options = { timeoutMs: ANSWER_MS_MAX, to: peer.toString(), signal }
  const { response } = await self.binding.call(peer.toString(), 'GET_CAPABILITIES', {}, options)
  if (response.status !== 'success') throw new Error(JSON.stringify(response))
}
