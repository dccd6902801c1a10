/** A public router, and workers behind gateways that let nobody in: relays bring them together, and then are not needed. */
import { beforeAll, describe, expect, test } from 'vitest'
import { NetMesh } from './net-mesh.ts'
import { buildWorld } from './world.ts'
import type { NetNode, NetRouter } from './net-mesh.ts'
import type { NatKind } from './nat.ts'

const world = buildWorld()
const [firstHost, secondHost, serverHost, visitorHost] = [
  world.host('boot1'),
  world.host('boot2'),
  world.host('server'),
  world.host('visitor')
]
const home = world.lan('home')
const [workerHost, deskHost] = [home.host('worker'), home.host('desk')]

let mesh: NetMesh
let bootstraps: NetNode[]
let router: NetRouter
let worker: NetNode

beforeAll(async () => {
  mesh = await NetMesh.init(firstHost)
  bootstraps = await Promise.all([firstHost, secondHost].map((host) => mesh.bootstrap(host)))
  ;[router, worker] = await Promise.all([mesh.router(serverHost), mesh.worker(workerHost)])
  await router.untilReady(worker)
})

test('a worker behind a gateway holds a place at both relays, and says so', async () => {
  const circuits = bootstraps.map(
    ({ host, peer }) => `/ip4/${host.address}/tcp/51820/p2p/${peer}/p2p-circuit`
  )
  const told = await router.untilAddresses(worker, 'both relays', (addresses) =>
    circuits.every((circuit) => addresses.some((address) => address.startsWith(circuit)))
  )
  // Where relays are for nobody but themselves is not told.
  expect(told.filter((address) => /^\/ip4\/127\..*p2p-circuit/.test(address))).toEqual([])
})

test('it is found in the DHT by its peer id alone, and dialled through a relay', async () => {
  await mesh.visitor(visitorHost)
  const [{ report }] = bootstraps as [NetNode]
  const contact = report.addresses.find((address) => address.includes(firstHost.address)) ?? ''
  const words = ['dial', worker.peer, '--bootstrap', contact, '--json']
  const answer = JSON.parse(await visitorHost.type(...words)) as {
    peer_id: string
    address: string
  }
  expect(answer.peer_id).toBe(worker.peer)
  expect(answer.address).toContain('/p2p-circuit')
})

describe.each<NatKind>(['cone', 'symmetric'])('through a %s gateway', (kind) => {
  test('the worker dials the public router itself, once a relay has introduced them', async () => {
    home.setNat(kind)
    await worker.kill()
    await worker.start()
    const { addresses } = await router.untilPath(worker, 'direct')
    expect(addresses.some((each) => each.startsWith(`/ip4/${home.gateway.address}/tcp/`))).toBe(
      true
    )
    await router.untilReady(worker)
  })
})

test('two on one local network talk over it', async () => {
  const neighbour = await mesh.router(deskHost)
  await neighbour.untilReady(worker)
  const { addresses } = await neighbour.untilPath(worker, 'lan')
  expect(addresses[0]).toContain('/ip4/192.168.')
})
