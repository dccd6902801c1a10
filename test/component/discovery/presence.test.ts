/** Presence by gossip against strangers: what is garbage goes nowhere, what is bounded stays so. */
import { TopicValidatorResult } from '@libp2p/gossipsub'
import { peerIdFromString } from '@libp2p/peer-id'
import { afterEach, describe, expect, it } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { PresenceGate } from '../../../src/discovery/presence-gate.ts'
import { WORKER_PRESENCE } from '../../../src/discovery/presence-kind.ts'
import { RECORD_BYTES_MAX, openRecord, sealRecord } from '../../../src/discovery/record.ts'
import { presenceTopic } from '../../../src/protocol/ids.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { DiscoveryMesh, NAMESPACE, recordOf, untilReady } from '../../support/spawn-discovery.ts'
import { Mesh, until } from '../../support/spawn-mesh.ts'
import type { Message } from '@libp2p/gossipsub'
import type { SpawnedNode } from '../../support/spawn-mesh.ts'

const { Accept, Ignore, Reject } = TopicValidatorResult
const TOPIC = presenceTopic(NAMESPACE)
const discovery = new DiscoveryMesh()
const mesh = new Mesh()
afterEach(async () => {
  await mesh.stop()
  await discovery.stop()
})

function message(from: SpawnedNode, data: Uint8Array): Message {
  return { type: 'signed', from: peerIdFromString(from.peer), topic: TOPIC, data } as Message
}

async function sealed(node: SpawnedNode, seq: number, namespace = NAMESPACE): Promise<Uint8Array> {
  return await sealRecord(recordOf(node.peer, { seq, namespace }), node.key)
}

describe('the gate', () => {
  it('lets in what a worker says of itself, once, and keeps the record for who asks', async () => {
    const worker = await mesh.add()
    const clock = new FakeClock()
    const gate = new PresenceGate({ ...worker, clock }, WORKER_PRESENCE)
    const first = message(worker, await sealed(worker, 5))
    expect(await gate.judge(NAMESPACE, first, 'neighbour')).toBe(Accept)
    expect(gate.newsOf(first)?.seq).toBe(5)
    clock.advance(1_000)
    expect(await gate.judge(NAMESPACE, message(worker, await sealed(worker, 5)), 'neighbour')).toBe(
      Ignore
    )
    expect(await gate.judge(NAMESPACE, message(worker, await sealed(worker, 4)), 'neighbour')).toBe(
      Ignore
    )
    expect(await gate.judge(NAMESPACE, message(worker, await sealed(worker, 6)), 'neighbour')).toBe(
      Accept
    )
    expect(await gate.judge(NAMESPACE, message(worker, await sealed(worker, 7)), 'neighbour')).toBe(
      Ignore
    )
    clock.advance(100)
    expect(await gate.judge(NAMESPACE, message(worker, await sealed(worker, 7)), 'neighbour')).toBe(
      Accept
    )
  })

  it('rejects everything else, and remembers nothing of it', async () => {
    const worker = await mesh.add()
    const liar = await mesh.add()
    const gate = new PresenceGate({ ...worker, clock: new FakeClock() }, WORKER_PRESENCE)
    const good = await sealed(worker, 5)
    const bad: Message[] = [
      message(worker, new Uint8Array(0)),
      message(worker, new TextEncoder().encode('hello')),
      message(worker, new Uint8Array(RECORD_BYTES_MAX + 1)),
      message(worker, good.subarray(1)),
      message(worker, await sealed(worker, 5, 'elsewhere')),
      message(liar, good),
      message(liar, await sealRecord(recordOf(worker.peer), liar.key)),
      { type: 'unsigned', topic: TOPIC, data: good }
    ]
    for (const wrong of bad) {
      expect(await gate.judge(NAMESPACE, wrong, 'neighbour')).toBe(Reject)
      expect(gate.newsOf(wrong)).toBeUndefined()
    }
    expect(await gate.judge(NAMESPACE, message(worker, good), 'neighbour')).toBe(Accept)
  })
})

describe('a neighbour', () => {
  it('is not to blame for what may be of a newer version', async () => {
    const worker = await mesh.add()
    const gate = new PresenceGate({ ...worker, clock: new FakeClock() }, WORKER_PRESENCE)
    const newer = { ...recordOf(worker.peer), invented_later: 1 } as ReturnType<typeof recordOf>
    const judged = await gate.judge(
      NAMESPACE,
      message(worker, await sealRecord(newer, worker.key)),
      'neighbour'
    )
    expect(judged).toBe(Ignore)
  })

  it('may bring so many publishers that nobody has heard of, and then fewer', async () => {
    const worker = await mesh.add()
    const clock = new FakeClock()
    const gate = new PresenceGate({ ...worker, clock }, WORKER_PRESENCE)
    const garbage = message(worker, new Uint8Array(1))
    const judge = (neighbour: string): Promise<TopicValidatorResult> =>
      gate.judge(NAMESPACE, garbage, neighbour)
    for (let count = 0; count < 2_000; count += 1) expect(await judge('flood')).toBe(Reject)
    expect(await judge('flood')).toBe(Ignore)
    expect(await judge('honest')).toBe(Reject)
    clock.advance(1_000)
    expect(await judge('flood')).toBe(Reject)
  })
})

describe('a stranger', () => {
  it('that floods a topic with garbage reaches nobody, and workers are found all the same', async () => {
    const { address } = await discovery.bootstrap()
    const router = await discovery.router({ bootstrap: [address] })
    const stranger = await mesh.add()
    await stranger.node.dial(address)
    const { pubsub } = stranger.node.libp2p.services
    await until(() => pubsub.getSubscribers(TOPIC).length > 0)

    const heard: unknown[] = []
    router.node.libp2p.services.pubsub.addEventListener('message', ({ detail }) =>
      heard.push(detail)
    )
    const victim = await mesh.add()
    const garbage = [
      new Uint8Array(100),
      new Uint8Array(200_000),
      await sealed(stranger, 1, 'elsewhere'),
      await sealed(victim, 1)
    ]
    for (let round = 0; round < 50; round += 1) {
      for (const data of garbage) await pubsub.publish(TOPIC, data)
    }
    const worker = await discovery.worker({ bootstrap: [address] })
    await untilReady(router, worker)
    expect(router.findings.map(({ peer }) => peer)).not.toContain(victim.peer)
    expect(router.findings.map(({ peer }) => peer)).not.toContain(stranger.peer)
    expect(heard.length).toBeLessThan(10)
  })

  it('that names namespaces without end gets no more than there is room for, and leaves it when it goes', async () => {
    const { address, relay } = await discovery.bootstrap()
    const stranger = await mesh.add()
    await stranger.node.dial(address)
    const { pubsub } = stranger.node.libp2p.services
    for (const topic of [
      '/other/topic',
      presenceTopic(''),
      presenceTopic('../x'),
      presenceTopic('x'.repeat(64))
    ]) {
      pubsub.subscribe(topic)
    }
    for (let index = 0; index < LIMITS.presenceTopicsMax + 20; index += 1) {
      pubsub.subscribe(presenceTopic(`n-${index}`))
    }
    await until(() => relay.topics.length === LIMITS.presenceTopicsMax)
    expect(relay.topics.every((topic) => topic.startsWith(presenceTopic('n-')))).toBe(true)

    pubsub.unsubscribe(presenceTopic('n-0'))
    await until(() => !relay.topics.includes(presenceTopic('n-0')))
    await stranger.stop()
    await until(() => relay.topics.length === 0)

    const router = await discovery.router({ bootstrap: [address] })
    const worker = await discovery.worker({ bootstrap: [address] })
    await untilReady(router, worker)
    expect(relay.topics).toEqual([TOPIC])
  })
})

describe('a worker', () => {
  it('signs one record for a flood of questions, and a new one a moment later', async () => {
    const clock = new FakeClock()
    const worker = await discovery.worker({ discoveryClock: clock, isMute: true })
    const ask = async (): Promise<Uint8Array> => await worker.advertiser.sealedRecord()
    const first = await ask()
    for (const bytes of await Promise.all(Array.from({ length: 100 }, ask)))
      expect(bytes).toBe(first)
    clock.advance(1_001)
    const second = await ask()
    expect((await openRecord(second)).seq).toBeGreaterThan((await openRecord(first)).seq)
  })

  it('whose clock is set back still numbers its records upwards', async () => {
    const clock = new FakeClock()
    const worker = await discovery.worker({ discoveryClock: clock, isMute: true })
    const first = await openRecord(await worker.advertiser.sealedRecord())
    clock.wallMs = () => 0
    clock.advance(1_001)
    const second = await openRecord(await worker.advertiser.sealedRecord())
    expect(second.seq).toBe(first.seq + 1)
  })

  it('and a router leave no timers behind when they stop', async () => {
    const clock = new FakeClock()
    const { address } = await discovery.bootstrap()
    const init = { bootstrap: [address], discoveryClock: clock }
    const worker = await discovery.worker(init)
    const router = await discovery.router(init)
    router.directory.onFound({ peer: worker.peer, addresses: [worker.address], by: 'dht' })
    await untilReady(router, worker)
    await router.finder.stop()
    await router.directory.stop()
    await worker.advertiser.stop()
    await new Promise((resolve) => setImmediate(resolve))
    await until(() => clock.timerCount === 0)
    expect(router.directory.entries()).toEqual([])
  })
})

describe('a worker whose session is cut', () => {
  it('is connected again after a short wait', async () => {
    const clock = new FakeClock()
    const { address } = await discovery.bootstrap()
    const worker = await discovery.worker({ bootstrap: [address] })
    const router = await discovery.router({ bootstrap: [address], discoveryClock: clock })
    await untilReady(router, worker)
    for (const connection of worker.node.libp2p.getConnections(peerIdFromString(router.peer))) {
      connection.abort(new Error('the cable'))
    }
    await until(() => router.ready().length === 0)
    clock.advance(250)
    await untilReady(router, worker)
    expect(router.directory.entries()[0]?.readyCount).toBe(2)
  })

  it('for good is forgotten', async () => {
    const clock = new FakeClock()
    const { address } = await discovery.bootstrap()
    const worker = await discovery.worker({ bootstrap: [address] })
    const router = await discovery.router({ bootstrap: [address], discoveryClock: clock })
    await untilReady(router, worker)
    await router.finder.stop()
    await worker.stop()
    await until(() => {
      clock.advance(500)
      return router.directory.entries().length === 0
    })
    expect(router.directory.candidates()).toEqual([])
  })
})
