/** What certificates change about who is taken for a worker, and as what. */
import { TopicValidatorResult } from '@libp2p/gossipsub'
import { peerIdFromString } from '@libp2p/peer-id'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import { PresenceGate } from '../../../src/discovery/presence-gate.ts'
import { WORKER_PRESENCE } from '../../../src/discovery/presence-kind.ts'
import { presenceTopic } from '../../../src/protocol/ids.ts'
import { sealRecord } from '../../../src/discovery/record.ts'
import { ClosedMesh, meet } from '../../support/closed-mesh.ts'
import { DiscoveryMesh, NAMESPACE, recordOf, untilReady } from '../../support/spawn-discovery.ts'
import { until } from '../../support/spawn-mesh.ts'
import type { Message } from '@libp2p/gossipsub'
import type { SpawnedNode } from '../../support/spawn-mesh.ts'
import type { Worker } from '../../support/spawn-discovery.ts'

const { Accept, Ignore } = TopicValidatorResult
let mesh: ClosedMesh
let discovery: DiscoveryMesh

beforeEach(() => {
  mesh = new ClosedMesh()
  discovery = new DiscoveryMesh()
})

afterEach(async () => {
  await discovery.stop()
  await mesh.stop()
})

function found({ address, peer }: SpawnedNode): {
  peer: string
  addresses: string[]
  by: 'presence'
} {
  return { peer, addresses: [address], by: 'presence' }
}

describe('the directory of a router', () => {
  it('takes workers, with the labels that the authority has fixed before their own', async () => {
    const router = await discovery.router(await mesh.init('router'))
    const worker = await discovery.worker(await mesh.init('worker', { labels: { zone: 'lab' } }))
    expect(recordOf(worker.peer).labels).toEqual({ zone: 'home' })
    router.directory.onFound(found(worker))
    await untilReady(router, worker)
    expect(router.directory.labelsOf(worker.peer)).toEqual({ zone: 'lab' })
    // A later record of its own says otherwise again, to no avail.
    const record = recordOf(worker.peer, {
      seq: Number.MAX_SAFE_INTEGER,
      labels: { zone: 'vault' }
    })
    router.directory.onFound({ ...found(worker), record })
    expect(router.directory.labelsOf(worker.peer)).toEqual({ zone: 'lab' })
  })

  it.each(['router', 'client', 'share', 'operator', 'bootstrap', 'monitor'] as const)(
    'takes no %s for a worker, whatever it says of itself',
    async (role) => {
      const router = await discovery.router(await mesh.init('router'))
      const poser = await discovery.worker(await mesh.init(role))
      router.directory.onFound(found(poser))
      await until(() => router.directory.isAway(poser.peer))
      expect(router.ready()).toEqual([])
      expect(router.directory.candidates()).toEqual([])
    }
  )

  it('takes no stranger, and loses whoever is banned', async () => {
    const router = await discovery.router(await mesh.init('router'))
    const operator = await mesh.add('operator')
    await meet(operator, router)
    const stranger = await discovery.worker()
    router.directory.onFound(found(stranger))
    await until(() => router.directory.isAway(stranger.peer))
    const worker = await discovery.worker(await mesh.init('worker'))
    router.directory.onFound(found(worker))
    await untilReady(router, worker)
    const notices = [await mesh.notice('ban', worker.peer)]
    const params = { digest: 'x', notices }
    await operator.binding.ask(router.peer, 'SYNC_NOTICES', params, { timeoutMs: 10_000 })
    await until(() => router.directory.isAway(worker.peer))
    expect(router.directory.candidates()).toEqual([])
  })
})

async function judged(
  listener: SpawnedNode,
  worker: Worker,
  certificate?: string
): Promise<string> {
  const gate = new PresenceGate({ ...listener, clock: new FakeClock() }, WORKER_PRESENCE)
  const record = recordOf(worker.peer, {
    seq: 7,
    ...(certificate === undefined ? {} : { certificate })
  })
  const data = await sealRecord(record, worker.key)
  const from = peerIdFromString(worker.peer)
  const message = { type: 'signed', from, topic: presenceTopic(NAMESPACE), data } as Message
  return await gate.judge(NAMESPACE, message, 'neighbour')
}

describe('presence', () => {
  it('counts with the certificate of who says it, and with no other', async () => {
    const listener = await mesh.add('bootstrap')
    const worker = await discovery.worker(await mesh.init('worker'))
    const other = await mesh.add('worker')
    const foreign = new ClosedMesh()
    const abroad = await foreign.grant('worker', worker.key)
    expect(await judged(listener, worker)).toBe(Ignore)
    expect(await judged(listener, worker, other.access.certificate)).toBe(Ignore)
    expect(await judged(listener, worker, abroad.certificate)).toBe(Ignore)
    expect(await judged(listener, worker, worker.access.certificate)).toBe(Accept)
  })
})
