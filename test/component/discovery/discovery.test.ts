/** Workers and routers find each other: in every order of arrival, by gossip and by the DHT alone, through restarts. */
import { afterEach, describe, expect, it } from 'vitest'
import { temporaryIdentity } from '../../../src/network/identity.ts'
import { DiscoveryMesh, untilReady } from '../../support/spawn-discovery.ts'
import { until } from '../../support/spawn-mesh.ts'
import type { Router, Worker } from '../../support/spawn-discovery.ts'

const mesh = new DiscoveryMesh()
afterEach(async () => await mesh.stop())

let addressCount = 0
/** An address where nobody is yet. */
function reserve(): string {
  addressCount += 1
  return `/memory/reserved-${addressCount}`
}

describe('a worker is found', () => {
  const orders = ['brw', 'bwr', 'rbw', 'rwb', 'wbr', 'wrb']
  it.each(orders)('when they arrive in the order %s', async (order) => {
    const address = reserve()
    const init = { bootstrap: [address] }
    let router: Router | undefined
    let worker: Worker | undefined
    for (const who of order) {
      if (who === 'b') await mesh.bootstrap({ listen: address })
      if (who === 'r') router = await mesh.router(init)
      if (who === 'w') worker = await mesh.worker(init)
    }
    await untilReady(router as Router, worker as Worker)
    const [entry] = (router as Router).directory.entries()
    expect(entry?.record).toMatchObject({ peer_id: worker?.peer, namespace: 'demo' })
    expect((router as Router).directory.candidates()).toHaveLength(1)
  })

  it('by the DHT alone, whoever is late', async () => {
    const { address } = await mesh.bootstrap()
    const init = { bootstrap: [address], isMute: true }
    const early = await mesh.worker(init)
    const router = await mesh.router(init)
    await untilReady(router, early)
    const late = await mesh.worker(init)
    await untilReady(router, early, late)
    expect(router.findings.every(({ by }) => by === 'dht')).toBe(true)
  })

  it('by gossip through a bootstrap that is not its own', async () => {
    const first = await mesh.bootstrap()
    const second = await mesh.bootstrap({ bootstrap: [first.address] })
    const router = await mesh.router({ bootstrap: [first.address] })
    const worker = await mesh.worker({ bootstrap: [second.address] })
    await untilReady(router, worker)
    expect(router.findings[0]?.by).toBe('presence')
  })

  it('after a restart of the bootstrap, and those known before it stay', async () => {
    const key = await temporaryIdentity()
    const address = reserve()
    const bootstrap = await mesh.bootstrap({ key, listen: address })
    const init = { bootstrap: [address] }
    const router = await mesh.router(init)
    const old = await mesh.worker(init)
    await untilReady(router, old)

    await bootstrap.stop()
    expect(router.ready()).toEqual([old.peer])
    await mesh.bootstrap({ key, listen: address })
    const young = await mesh.worker(init)
    await untilReady(router, old, young)

    const newcomer = await mesh.router(init)
    await untilReady(newcomer, old, young)
  })

  it('again after its own restart at another address, with its key', async () => {
    const { address } = await mesh.bootstrap()
    const key = await temporaryIdentity()
    const router = await mesh.router({ bootstrap: [address] })
    const worker = await mesh.worker({ bootstrap: [address], key })
    await untilReady(router, worker)
    await worker.stop()
    await until(() => router.ready().length === 0)
    const reborn = await mesh.worker({ bootstrap: [address], key })
    expect(reborn.address).not.toBe(worker.address)
    await untilReady(router, reborn)
  })

  it('only by the routers of its namespace', async () => {
    const { address } = await mesh.bootstrap()
    const init = { bootstrap: [address] }
    const router = await mesh.router(init)
    const stranger = await mesh.worker({ ...init, namespace: 'elsewhere' })
    const elsewhere = await mesh.router({ ...init, namespace: 'elsewhere' })
    await untilReady(elsewhere, stranger)
    const own = await mesh.worker(init)
    await untilReady(router, own)
    expect(router.directory.entries()).toHaveLength(1)
  })
})

describe('who waits for a worker that was lost', () => {
  it('hears that it is gone, and goes on when it is back under its key', async () => {
    const { address } = await mesh.bootstrap({ isOverTcp: true })
    const init = { bootstrap: [address], isOverTcp: true, key: await temporaryIdentity() }
    const router = await mesh.router({ ...init, key: await temporaryIdentity() })
    const worker = await mesh.worker(init)
    await untilReady(router, worker)
    await router.directory.whenReady(worker.peer)
    await worker.stop()
    await until(() => router.ready().length === 0)
    await expect(router.directory.whenReady(worker.peer)).rejects.toMatchObject({
      code: 'PEER_GONE'
    })
    await mesh.worker(init)
    await until(() => router.ready().length === 1)
    await router.directory.whenReady(worker.peer)
    expect(router.changes.map(({ availability, type }) => `${type} ${availability}`)).toEqual([
      'node:joined open',
      'node:changed unreachable',
      'node:changed open'
    ])
  })
})

describe('what was started', () => {
  it('is stopped twice without harm, and looks for nobody any more', async () => {
    const { address } = await mesh.bootstrap()
    const router = await mesh.router({ bootstrap: [address] })
    const worker = await mesh.worker({ bootstrap: [address] })
    await untilReady(router, worker)
    await router.directory.stop()
    await router.directory.stop()
    expect(router.directory.entries()).toEqual([])
    await worker.advertiser.stop()
    await worker.advertiser.stop()
  })
})
