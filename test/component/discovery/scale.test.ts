/** What lets a mesh have thousands of workers: registries that are asked first, beats between records, keys that are shared out. */
import { TopicValidatorResult } from '@libp2p/gossipsub'
import { peerIdFromString } from '@libp2p/peer-id'
import { afterEach, describe, expect, it } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import { PresenceGate } from '../../../src/discovery/presence-gate.ts'
import { WORKER_PRESENCE, writeBeat } from '../../../src/discovery/presence-kind.ts'
import { sealRecord } from '../../../src/discovery/record.ts'
import { ClosedMesh, meet } from '../../support/closed-mesh.ts'
import { DiscoveryMesh, NAMESPACE, recordOf, untilReady } from '../../support/spawn-discovery.ts'
import { Mesh, until } from '../../support/spawn-mesh.ts'
import type { FindNodesResult } from '../../../src/model/generated/commands-find-nodes.ts'
import type { Message } from '@libp2p/gossipsub'
import type { SpawnedNode } from '../../support/spawn-mesh.ts'
import type { Worker } from '../../support/spawn-discovery.ts'
import type { WorkerBeat } from '../../../src/model/generated/worker-beat.ts'

const { Accept, Ignore, Reject } = TopicValidatorResult
const discovery = new DiscoveryMesh()
const mesh = new Mesh()
afterEach(async () => {
  await mesh.stop()
  await discovery.stop()
})

function published({ peer }: SpawnedNode, data: Uint8Array): Message {
  return { type: 'signed', from: peerIdFromString(peer), topic: 'any', data } as Message
}

function beatOf({ peer }: SpawnedNode, change: Partial<WorkerBeat> = {}): Uint8Array {
  return writeBeat({
    version: 1,
    peer_id: peer,
    namespace: NAMESPACE,
    seq: 6,
    ttl_s: 90,
    ...change
  })
}

/** A bootstrap's answers to FIND_NODES, as somebody else would give them. */
async function registryOf(answer: () => FindNodesResult): Promise<string> {
  const { address, server } = await discovery.bootstrap()
  server.register({ FIND_NODES: () => ({ result: answer() }) })
  return address
}

describe('a new router', () => {
  it('hears of all workers at once from a bootstrap, before any of them says a word', async () => {
    const { address, registry } = await discovery.bootstrap({ hasRegistry: true })
    const workers = [
      await discovery.worker({ bootstrap: [address] }),
      await discovery.worker({ bootstrap: [address] })
    ]
    await until(() => registry.size.workers === 2)
    for (const { node } of workers)
      node.libp2p.services.pubsub.publish = async () => ({ recipients: [] })
    const router = await discovery.router({ bootstrap: [address] })
    await until(() => router.findings.some(({ by }) => by === 'registry'))
    await untilReady(router, ...workers)
    expect(registry.list(NAMESPACE).map(({ peer }) => peer)).toEqual(router.ready())
  })

  it('finds workers that the bootstrap leaves out, and none that it makes up', async () => {
    const other = await mesh.add()
    const sealed = await sealRecord(recordOf(other.peer, { namespace: 'elsewhere' }), other.key)
    const forged = await sealRecord(recordOf(other.peer), (await mesh.add()).key)
    const { capabilities } = recordOf(other.peer)
    const nodes = [sealed, forged, new Uint8Array(50)].map((bytes) => ({
      peer_id: other.peer,
      capabilities,
      record: Buffer.from(bytes).toString('base64')
    }))
    const address = await registryOf(() => ({
      nodes: [...nodes, { peer_id: other.peer, capabilities }]
    }))
    const router = await discovery.router({ bootstrap: [address] })
    const worker = await discovery.worker({ bootstrap: [address] })
    await untilReady(router, worker)
    expect(router.findings.map(({ peer }) => peer)).not.toContain(other.peer)
  })

  it('keeps the newer record of a worker, whatever a bootstrap shows again', async () => {
    const worker = await discovery.worker()
    const old = await sealRecord(recordOf(worker.peer, { seq: 5, agent: 'old' }), worker.key)
    const { capabilities } = recordOf(worker.peer)
    const record = Buffer.from(old).toString('base64')
    const address = await registryOf(() => ({
      nodes: [{ peer_id: worker.peer, capabilities, record }]
    }))
    const router = await discovery.router()
    router.directory.onFound({ peer: worker.peer, addresses: [worker.address], by: 'dht' })
    await untilReady(router, worker)
    const late = await discovery.router({ bootstrap: [address] })
    await until(() => late.findings.some(({ by }) => by === 'registry'))
    late.directory.onFound({ peer: worker.peer, addresses: [worker.address], by: 'dht' })
    for (const finding of late.findings) router.directory.onFound(finding)
    const [entry] = router.directory.entries()
    expect(entry?.record?.seq).toBeGreaterThan(5)
    expect(entry?.record?.agent).not.toBe('old')
  })
})

describe('a beat', () => {
  it('says of a worker that it is there still, once, and nobody else can say it', async () => {
    const worker = await mesh.add()
    const liar = await mesh.add()
    const clock = new FakeClock()
    const gate = new PresenceGate({ ...worker, clock }, WORKER_PRESENCE)
    const judge = async (by: SpawnedNode, data: Uint8Array): Promise<TopicValidatorResult> => {
      clock.advance(1_000)
      return await gate.judge(NAMESPACE, published(by, data), 'neighbour')
    }
    const record = await sealRecord(recordOf(worker.peer, { seq: 5 }), worker.key)
    expect(await judge(worker, record)).toBe(Accept)
    expect(await judge(worker, beatOf(worker))).toBe(Accept)
    // Neither the same again, nor the record from before it.
    expect(await judge(worker, beatOf(worker))).toBe(Ignore)
    expect(await judge(worker, record)).toBe(Ignore)
    expect(await judge(liar, beatOf(worker, { seq: 9 }))).toBe(Reject)
    expect(await judge(worker, beatOf(worker, { seq: 9, namespace: 'other' }))).toBe(Reject)
    expect(await judge(worker, beatOf(worker, { seq: 9, ttl_s: 0 }))).toBe(Ignore)
    const long = new TextEncoder().encode(`{${' '.repeat(2_000)}}`)
    expect(await judge(worker, long)).toBe(Reject)
    expect(await judge(worker, new TextEncoder().encode('{'))).toBe(Reject)
    expect(await judge(worker, beatOf(worker, { seq: 9 }))).toBe(Accept)
  })

  it('counts in a closed mesh once its worker has shown a certificate, and no longer than that', async () => {
    const closed = new ClosedMesh()
    try {
      const judge = await closed.add('bootstrap')
      const worker = await closed.add('worker')
      const share = await closed.add('share')
      const gate = new PresenceGate({ ...judge, clock: new FakeClock() }, WORKER_PRESENCE)
      const beats = (by: SpawnedNode, seq: number): Promise<TopicValidatorResult> =>
        gate.judge(NAMESPACE, published(by, beatOf(by, { seq })), 'neighbour')
      expect(await beats(worker, 1)).toBe(Ignore)
      await meet(worker, judge)
      await meet(share, judge)
      expect(await beats(worker, 2)).toBe(Accept)
      expect(await beats(share, 2)).toBe(Ignore)
    } finally {
      await closed.stop()
    }
  })

  it('of a worker that was lost has it tried again', async () => {
    const clock = new FakeClock()
    const worker = await discovery.worker()
    const router = await discovery.router({ discoveryClock: clock })
    router.directory.onFound({ peer: worker.peer, addresses: [], by: 'dht' })
    await until(() => router.directory.isAway(worker.peer))
    await router.node.learnAddresses(worker.peer, [worker.address])
    router.directory.onAlive('12D3KooWNobody')
    router.directory.onAlive(worker.peer)
    await untilReady(router, worker)
    expect(router.directory.entries()[0]?.readyCount).toBe(1)
  })
})

describe('a worker', () => {
  it('publishes its record when somebody asks and now and then, and beats in between', async () => {
    const clock = new FakeClock()
    const worker = await discovery.worker({ discoveryClock: clock })
    const said: Uint8Array[] = []
    worker.node.libp2p.services.pubsub.publish = async (_topic, data) => {
      if (data !== undefined) said.push(data)
      return { recipients: [] }
    }
    const kinds = (): string => said.map((data) => (data[0] === 0x7b ? 'b' : 'R')).join('')
    for (let count = 1; count <= 17; count += 1) {
      await until(() => {
        clock.advance(100)
        return said.length === count
      })
    }
    expect(kinds()).toMatch(/^RbbbbbbbRbbbbbbbR$/)
    const news = await Promise.all(said.map((data) => WORKER_PRESENCE.open(data)))
    const numbers = news.map(({ seq }) => seq)
    expect(numbers).toEqual([...new Set(numbers)].toSorted((left, right) => left - right))
    expect(news.every(({ ttl_s }) => ttl_s === 90)).toBe(true)
  })

  it('of thousands stands under keys further down, where a router finds it', async () => {
    const { address, node, server } = await discovery.bootstrap()
    let total = 0
    server.register({ FIND_NODES: () => ({ result: { nodes: [], total } }) })
    const init = { bootstrap: [address], isMute: true }
    const early: Worker[] = []
    for (let count = 0; count < 8; count += 1) early.push(await discovery.worker(init))
    await until(() => node.counts().stored.providers === 8)
    total = 300
    const late: Worker[] = []
    for (let count = 0; count < 4; count += 1) late.push(await discovery.worker(init))
    await until(() => late.every(({ advertiser }) => advertiser.workerCount === 300))
    const router = await discovery.router(init)
    await untilReady(router, ...early, ...late)
    expect(router.findings.every(({ by }) => by === 'dht')).toBe(true)
  })
})
