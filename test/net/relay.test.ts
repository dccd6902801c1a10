/** Two behind gateways where no hole can be punched: the relay has to last, and when it does not, there is another. */
import { randomBytes } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { NetMesh } from './net-mesh.ts'
import { buildWorld } from './world.ts'
import { until } from '../support/until.ts'
import type { NetNode, NetRouter } from './net-mesh.ts'

const INPUT_BYTES = 20_000_000
const ECHO = { engine: 'javascript', source: 'function main () { return "through" }' }

const world = buildWorld()
const [firstHost, secondHost] = [world.host('boot1'), world.host('boot2')]
const [office, home] = [world.lan('office', 'symmetric'), world.lan('home', 'symmetric')]
const [routerHost, workerHost] = [office.host('router'), home.host('worker')]

let bootstraps: NetNode[]
let router: NetRouter
let worker: NetNode

beforeAll(async () => {
  const mesh = await NetMesh.init(firstHost)
  bootstraps = await Promise.all([firstHost, secondHost].map((host) => mesh.bootstrap(host)))
  ;[router, worker] = await Promise.all([mesh.router(routerHost), mesh.worker(workerHost)])
  await router.untilReady(worker)
})

/** The relay that the router reaches the worker by, and the one that it does not. */
async function relaysInUse(): Promise<[used: NetNode, other: NetNode]> {
  const { relay } = await router.untilPath(worker, 'relayed')
  const used = bootstraps.find(({ peer }) => peer === relay)
  const other = bootstraps.find(({ peer }) => peer !== relay)
  if (used === undefined || other === undefined) throw new Error(`no bootstrap is ${relay}`)
  return [used, other]
}

async function expectEcho(): Promise<void> {
  const { id } = await router.client.submit({ task: ECHO })
  expect(await router.client.wait(id)).toMatchObject({ state: 'completed', result: 'through' })
}

/** Until the worker says, or says no more, that it is to be found there. */
async function untilPlaceAt({ name, peer }: NetNode, isThere: boolean): Promise<void> {
  await router.untilAddresses(
    worker,
    `${isThere ? 'a' : 'no'} place at ${name}`,
    (addresses) => addresses.some((each) => each.includes(`${peer}/p2p-circuit`)) === isThere
  )
}

test('between two symmetric gateways jobs go through the relay', async () => {
  await router.untilPath(worker, 'relayed')
  await expectEcho()
  expect(await router.peerView(worker)).toMatchObject({ path: 'relayed' })
})

test('and between two that reject what comes unasked', async () => {
  for (const lan of [office, home]) lan.setNat('rejecting')
  await worker.kill()
  await worker.start()
  await router.untilReady(worker)
  await router.untilPath(worker, 'relayed')
  await expectEcho()
  expect(await router.peerView(worker)).toMatchObject({ path: 'relayed' })
})

test('20 MB of input go through the relay, which no silent limit ends', async () => {
  const [used] = await relaysInUse()
  const file = await router.addFile('first', randomBytes(INPUT_BYTES))
  const before = used.host.sentBytes()
  const id = await router.submitReading(file)
  expect(await router.client.wait(id)).toMatchObject({ state: 'completed', result: INPUT_BYTES })
  expect(used.host.sentBytes() - before).toBeGreaterThan(INPUT_BYTES)
  expect(await router.peerView(worker)).toMatchObject({ path: 'relayed' })
})

test('a relay that is killed in the middle of 20 MB: the job completes by the other one', async () => {
  const [used, other] = await relaysInUse()
  const file = await router.addFile('second', randomBytes(INPUT_BYTES))
  const before = used.host.sentBytes()
  office.gateway.limitRate('40mbit')
  const id = await router.submitReading(file)
  await until(
    'part of the input on its way',
    () => used.host.sentBytes() - before,
    (sent) => sent > INPUT_BYTES / 4
  )
  await used.kill()
  expect((await router.client.job(id)).state).not.toBe('completed')
  expect(await router.client.wait(id)).toMatchObject({ state: 'completed', result: INPUT_BYTES })
  expect(await router.peerView(worker)).toMatchObject({ path: 'relayed', relay: other.peer })

  await untilPlaceAt(used, false)
  await used.start()
  await untilPlaceAt(used, true)
})

test('a relay whose cable is pulled says nothing, and its place is taken by the other one', async () => {
  const [used, other] = await relaysInUse()
  used.host.cut()
  await expectEcho()
  expect(await router.untilPath(worker, 'relayed')).toMatchObject({ relay: other.peer })
  await untilPlaceAt(used, false)
  used.host.mend()
  await untilPlaceAt(used, true)
})
