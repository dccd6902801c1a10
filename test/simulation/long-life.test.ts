/**
 * A day in the life of a mesh, with every period as it is in real life: what is said once in ten minutes, kept for
 * half an hour, reserved for an hour, forgotten after six. Real nodes over real sockets, whose clock runs fast.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TOP, shardKey } from '../../src/discovery/shards.ts'
import { keyCid } from '../../src/discovery/key-cid.ts'
import { DiscoveryMesh, NAMESPACE, untilReady } from '../support/spawn-discovery.ts'
import { TimeLapse } from '../support/time-lapse.ts'
import { until } from '../support/spawn-mesh.ts'
import type { CircuitRelayService } from '@libp2p/circuit-relay-v2'
import type { ReachInit } from '../../src/network/libp2p-options.ts'
import type { Router, Worker } from '../support/spawn-discovery.ts'
import type { SpawnedNode } from '../support/spawn-mesh.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** A day in some forty seconds. */
const STEP_MS = 20_000
/** As records of the DHT have it, and a look at which of them are old. */
const RECORD_LIFE_MS = 32 * MINUTE_MS

const RELAY: ReachInit = {
  relays: 0,
  punches: false,
  isProbed: false,
  relay: {
    reservationsMax: 100,
    dataBytes: undefined,
    durationMs: undefined,
    rateBytes: undefined
  }
}

const lapse = new TimeLapse({ stepMs: STEP_MS })
const mesh = new DiscoveryMesh()
beforeEach(() => lapse.begin())
afterEach(async () => {
  await mesh.stop()
  lapse.end()
})

/** Workers that the DHT has, each with the relays through which it is reached. */
async function found({ node }: Router): Promise<Map<string, string[]>> {
  const cid = await keyCid(shardKey(NAMESPACE, TOP))
  const workers = new Map<string, string[]>()
  const signal = AbortSignal.timeout(15_000)
  for await (const { id, multiaddrs } of node.libp2p.contentRouting.findProviders(cid, {
    signal
  })) {
    const known = workers.get(id.toString()) ?? []
    workers.set(id.toString(), relaysIn([...multiaddrs.map(String), ...known]))
  }
  return workers
}

/** The relays in some addresses. */
function relaysIn(texts: readonly string[]): string[] {
  const relays = texts.map((text) => /\/p2p\/(\w+)\/p2p-circuit/.exec(text)?.[1])
  return [...new Set(relays.filter((relay) => relay !== undefined))].toSorted()
}

/** Workers that have a place at a relay, as the relay sees it. */
function reserved({ node }: SpawnedNode): string[] {
  const { relay } = node.libp2p.services as unknown as { relay: CircuitRelayService }
  return [...relay.reservations.keys()].map(String).toSorted()
}

describe('a mesh that lives for a day', () => {
  it('loses no address, no record and no reservation, but for those of who has left', async () => {
    const relays = [await mesh.bootstrap({ isOverTcp: true, reach: RELAY })]
    relays.push(
      await mesh.bootstrap({ isOverTcp: true, reach: RELAY, bootstrap: addresses(relays) })
    )
    const bootstrap = addresses(relays)
    const add = (): Promise<Worker> =>
      mesh.worker({
        isOverTcp: true,
        bootstrap,
        reach: { relays: 2, punches: false, isProbed: false }
      })
    const workers = [await add(), await add(), await add()]
    const router = await mesh.router({ isOverTcp: true, bootstrap })
    await untilReady(router, ...workers)
    const ways = relays.map(({ peer }) => peer).toSorted()
    await until(() =>
      workers.every(({ node }) => relaysIn(node.addresses()).join() === ways.join())
    )
    const all = { relays, router, workers, ways }
    const beganAtMs = lapse.nowMs
    await liveThrough(10 * HOUR_MS, all)
    await workers.pop()?.stop()
    await lapse.pass(2 * RECORD_LIFE_MS)
    await liveThrough(14 * HOUR_MS, all)
    expect(lapse.nowMs - beganAtMs).toBeGreaterThan(24 * HOUR_MS)
  })
})

interface Life {
  relays: readonly SpawnedNode[]
  router: Router
  /** Those that are there, and nobody else is known. */
  workers: readonly SpawnedNode[]
  /** Peers of the relays. */
  ways: readonly string[]
}

async function liveThrough(
  lengthMs: number,
  { relays, router, ways, workers }: Life
): Promise<void> {
  const peers = workers.map(({ peer }) => peer).toSorted()
  const known = Object.fromEntries(peers.map((peer) => [peer, ways]))
  const endsAtMs = lapse.nowMs + lengthMs
  while (lapse.nowMs < endsAtMs) {
    // oxlint-disable-next-line no-await-in-loop -- time passes
    await lapse.pass(HOUR_MS)
    // oxlint-disable-next-line no-await-in-loop -- and is looked into
    expect(Object.fromEntries(await found(router))).toEqual(known)
    expect(router.ready()).toEqual(peers)
    for (const relay of relays) expect(reserved(relay)).toEqual(peers)
    for (const { node } of workers) expect(relaysIn(node.addresses())).toEqual(ways)
  }
}

function addresses(nodes: readonly SpawnedNode[]): string[] {
  return nodes.map(({ address }) => address)
}
