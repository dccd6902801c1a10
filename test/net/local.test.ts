/** A local network that has lost its way out: its nodes find each other by mDNS, and nobody finds them from elsewhere. */
import { beforeAll, expect, test } from 'vitest'
import { NetMesh } from './net-mesh.ts'
import { buildWorld } from './world.ts'
import type { NetNode, NetRouter } from './net-mesh.ts'

const world = buildWorld()
const bootstrapHost = world.host('boot')
const [home, elsewhere] = [world.lan('home'), world.lan('elsewhere')]
const [routerHost, workerHost, strangerHost] = [
  home.host('router'),
  home.host('worker'),
  elsewhere.host('worker')
]

let router: NetRouter
let worker: NetNode
let stranger: NetNode

beforeAll(async () => {
  const mesh = await NetMesh.init(bootstrapHost)
  await mesh.bootstrap(bootstrapHost)
  ;[router, worker, stranger] = await Promise.all([
    mesh.router(routerHost),
    mesh.worker(workerHost),
    mesh.worker(strangerHost)
  ])
  await router.untilReady(worker, stranger)
})

test('nodes that start without internet find each other on their network, and only there', async () => {
  const nodes = [router, worker, stranger]
  await Promise.all(nodes.map((node) => node.kill()))
  for (const { gateway } of [home, elsewhere]) gateway.cut()
  await Promise.all(nodes.map((node) => node.start()))
  await router.untilReady(worker)
  await router.untilPath(worker, 'lan')
  const task = { engine: 'javascript', source: 'function main () { return "here" }' }
  const { id } = await router.client.submit({ task })
  expect(await router.client.wait(id)).toMatchObject({ result: 'here', worker: worker.peer })
  expect((await router.client.peers()).map(({ peer_id: peer }) => peer)).toEqual([worker.peer])
})

test('once there is internet again, so is everybody else', async () => {
  for (const { gateway } of [home, elsewhere]) gateway.mend()
  await router.untilReady(worker, stranger)
  expect(await router.peerView(worker)).toMatchObject({ path: 'lan' })
})
