/** Nodes on public machines whose owners say nothing about addresses: what is told of them, and by IPv6. */
import { beforeAll, expect, test } from 'vitest'
import { NetMesh } from './net-mesh.ts'
import { buildWorld } from './world.ts'
import type { NetNode, NetRouter } from './net-mesh.ts'

const world = buildWorld()
const [firstHost, secondHost, thirdHost, serverHost, modernHost] = [
  world.host('boot1'),
  world.host('boot2'),
  world.host('boot3'),
  world.host('server'),
  world.host('modern')
]
const home = world.lan('home')
const [routerHost, workerHost] = [home.host('router'), home.host('worker')]

let mesh: NetMesh
let bootstraps: NetNode[]
let router: NetRouter

beforeAll(async () => {
  mesh = await NetMesh.init(firstHost)
  const hosts = [firstHost, secondHost, thirdHost]
  bootstraps = await Promise.all(hosts.map((host) => mesh.bootstrap(host)))
  router = await mesh.router(routerHost)
})

test('a public worker is dialled back by others, and then says by which address it is reached', async () => {
  const worker = await mesh.worker(serverHost, '--listen', '/ip4/0.0.0.0/tcp/51821')
  await router.untilReady(worker)
  await router.untilAddresses(worker, 'public address', (addresses) =>
    addresses.some((address) => address.startsWith(`/ip4/${serverHost.address}/tcp/51821`))
  )
  expect(await router.untilPath(worker, 'direct')).toMatchObject({ direction: 'outbound' })
  await worker.kill()
})

test('one behind a gateway never tells an address of it', async () => {
  const worker = await mesh.worker(workerHost)
  await router.untilReady(worker)
  const addresses = await router.untilAddresses(worker, 'relays', (each) =>
    each.some((address) => address.includes('/p2p-circuit'))
  )
  const outside = addresses.filter((address) =>
    address.startsWith(`/ip4/${home.gateway.address}/tcp/`)
  )
  expect(outside).toEqual([])
  await worker.kill()
})

test('a mesh is joined, and a worker reached, by IPv6 alone', async () => {
  const [bootstrap] = bootstraps as [NetNode]
  mesh.contact = `/ip6/${firstHost.address6}/tcp/51820/p2p/${bootstrap.peer}`
  const modern = await mesh.router(modernHost, '--listen', '/ip6/::/tcp/51822')
  const worker = await mesh.worker(serverHost, '--listen', '/ip6/::/tcp/51823')
  await modern.untilReady(worker)
  const { addresses } = await modern.untilPath(worker, 'direct')
  expect(addresses[0]).toMatch(/^\/ip6\/2a45:/)
})
