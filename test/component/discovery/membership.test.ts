/** What certificates change about who is taken for a worker, and as what. */
import { TopicValidatorResult } from '@libp2p/gossipsub'
import { peerIdFromString } from '@libp2p/peer-id'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import { PresenceGate } from '../../../src/discovery/presence-gate.ts'
import { WORKER_PRESENCE } from '../../../src/discovery/presence-kind.ts'
import { createLogger } from '../../../src/observe/logger.ts'
import { presenceTopic } from '../../../src/protocol/ids.ts'
import { sealRecord } from '../../../src/discovery/record.ts'
import { ClosedMesh, knows, meet } from '../../support/closed-mesh.ts'
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

  it('has a worker back by itself after its ban was taken back, and the worker tells of both once', async () => {
    const lines: Record<string, unknown>[] = []
    const logger = createLogger({ format: 'json', write: (line) => lines.push(JSON.parse(line)) })
    const bootstrap = await discovery.bootstrap(await mesh.init('bootstrap'))
    const init = { bootstrap: [bootstrap.address], keeperClock: mesh.clock }
    const router = await discovery.router({ ...(await mesh.init('router')), ...init })
    const worker = await discovery.worker({ ...(await mesh.init('worker', { logger })), ...init })
    await untilReady(router, worker)
    const operator = await mesh.add('operator')
    await meet(operator, bootstrap)
    const say = async (verdict: 'ban' | 'pardon'): Promise<void> => {
      const params = { digest: 'x', notices: [await mesh.notice(verdict, worker.peer)] }
      await operator.binding.ask(bootstrap.peer, 'SYNC_NOTICES', params, { timeoutMs: 10_000 })
    }
    await say('ban')
    await until(() => router.ready().length === 0)
    const startMs = mesh.clock.monotonicMs()
    await mesh.passUntil(() => mesh.clock.monotonicMs() - startMs > 60_000)
    expect(knows(bootstrap, worker)).toBe(false)
    // It has come again and again, which is no offence.
    expect(bootstrap.node.counts().conduct).toEqual({ offences: {}, shuns: 0, shunned: 0 })

    await say('pardon')
    await mesh.passUntil(() => knows(bootstrap, worker), { maxMs: 30_000 })
    await untilReady(router, worker)
    // The worker hears a moment later than the others that it was let in.
    const told = (): unknown[] =>
      lines.filter(({ msg }) => typeof msg === 'string' && msg.includes('mesh'))
    await mesh.passUntil(() => told().length > 1)
    expect(told()).toMatchObject([
      {
        level: 50,
        msg: 'kept out of the mesh',
        hint: expect.stringContaining(`taskmesh node pardon ${worker.peer}`)
      },
      { level: 30, msg: 'let into the mesh again' }
    ])
  })

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

  it('as a worker is of no account with the certificate of anybody else', async () => {
    const listener = await mesh.add('bootstrap')
    const client = await discovery.worker(await mesh.init('client'))
    expect(await judged(listener, client, client.access.certificate)).toBe(Ignore)
  })
})
