/** The hold on the bootstraps: found sooner or later, found again after every loss, whatever the address says. */
import { createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { BootstrapKeeper } from '../../../src/network/contact/bootstrap-keeper.ts'
import { seededRandom } from '../../../src/core/random.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { temporaryIdentity } from '../../../src/network/identity.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { Mesh, until } from '../../support/spawn-mesh.ts'
import type { AddressInfo } from 'node:net'
import type { MeshLibp2p } from '../../../src/network/mesh-node.ts'
import type { PeerId } from '@libp2p/interface'
import type { SpawnedNode } from '../../support/spawn-mesh.ts'

/** The timer by which it looks at the routing table; each address that waits to be dialled has one more. */
const LOOKING = 1

const mesh = new Mesh()
const keepers: BootstrapKeeper[] = []
afterEach(async () => {
  for (const keeper of keepers.splice(0)) await keeper.stop()
  await mesh.stop()
})

function keep(
  { node }: SpawnedNode,
  addresses: string[],
  clock = new FakeClock()
): { keeper: BootstrapKeeper; clock: FakeClock; connections: () => number } {
  const shared = { node, clock, random: seededRandom(1), logger: silentLogger }
  const keeper = new BootstrapKeeper(shared, addresses)
  let connections = 0
  keeper.onConnected(() => (connections += 1))
  keepers.push(keeper)
  return { keeper, clock, connections: () => connections }
}

/** Moves the keeper's clock on until it is connected, or has lost what it had. */
async function advanceUntil(clock: FakeClock, check: () => boolean): Promise<void> {
  await until(() => {
    clock.advance(1_000)
    return check()
  })
}

function bare(address: string): string {
  return address.slice(0, address.indexOf('/p2p/'))
}

/** As the DHT does with those who do not answer. */
async function removeFrom(
  dht: MeshLibp2p['services']['dht'],
  { node }: SpawnedNode
): Promise<void> {
  const table = dht.routingTable as unknown as { remove: (peer: PeerId) => Promise<void> }
  await table.remove(node.libp2p.peerId)
}

async function freeAddress(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `/ip4/127.0.0.1/tcp/${port}`
}

describe('a bootstrap', () => {
  it('is reached by a bare address and by one with its id', async () => {
    const bootstrap = await mesh.add()
    for (const address of [bare(bootstrap.address), bootstrap.address]) {
      const node = await mesh.add()
      const { keeper, connections } = keep(node, [address])
      expect(keeper.isConnected).toBe(false)
      await keeper.start()
      await until(() => keeper.isConnected)
      expect(connections()).toBe(1)
    }
  })

  it('that is another than the address names is never taken for it', async () => {
    const bootstrap = await mesh.add({ isOverTcp: true })
    const node = await mesh.add({ isOverTcp: true })
    const other = '12D3KooWJzUnMWFHpVEGEs7jP9fMLPg9QzGAm4ZVPdFvFCHmiQfe'
    const { keeper, clock } = keep(node, [`${bare(bootstrap.address)}/p2p/${other}`])
    await keeper.start()
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await until(() => clock.timerCount > LOOKING)
      clock.advance(20_000)
    }
    expect(keeper.isConnected).toBe(false)
  })

  it('that shows the door each time is asked less and less often', async () => {
    const bootstrap = await mesh.add()
    const node = await mesh.add()
    const { keeper, clock, connections } = keep(node, [bootstrap.address])
    await keeper.start()
    await until(() => connections() === 1)
    for (let round = 1; round < 6; round += 1) {
      await node.node.libp2p.hangUp(bootstrap.node.libp2p.peerId)
      await advanceUntil(clock, () => connections() > round)
    }
    await node.node.libp2p.hangUp(bootstrap.node.libp2p.peerId)
    const count = connections()
    await until(() => clock.timerCount > LOOKING)
    clock.advance(6_000)
    expect(connections()).toBe(count)
    expect(keeper.isConnected).toBe(false)
    await advanceUntil(clock, () => connections() > count)
  })

  it('among several that are dead is enough, and one comes back by itself', async () => {
    const key = await temporaryIdentity()
    const bootstrap = await mesh.add({ key })
    const node = await mesh.add()
    const addresses = ['/memory/nobody-1', bare(bootstrap.address), '/memory/nobody-2']
    const { keeper, clock, connections } = keep(node, addresses)
    await keeper.start()
    await until(() => keeper.isConnected)

    await bootstrap.stop()
    await until(() => !keeper.isConnected)
    await mesh.add({ key, listen: bare(bootstrap.address) })
    await advanceUntil(clock, () => keeper.isConnected)
    expect(connections()).toBe(2)
  })

  it('with a new key at the old address is taken when the address is bare', async () => {
    const bootstrap = await mesh.add()
    const node = await mesh.add()
    const { keeper, clock } = keep(node, [bare(bootstrap.address)])
    await keeper.start()
    await until(() => keeper.isConnected)
    await bootstrap.stop()
    const successor = await mesh.add({ listen: bare(bootstrap.address) })
    await advanceUntil(clock, () => node.node.isConnected(successor.peer))
    await until(() => keeper.isConnected)
    expect(node.node.isConnected(bootstrap.peer)).toBe(false)
  })

  it('that comes late over TCP is found, and found again after a restart on the same port', async () => {
    const address = await freeAddress()
    const key = await temporaryIdentity()
    const node = await mesh.add({ isOverTcp: true })
    const { keeper, clock, connections } = keep(node, [address])
    await keeper.start()
    await until(() => clock.timerCount > LOOKING)
    expect(keeper.isConnected).toBe(false)

    const bootstrap = await mesh.add({ key, listen: address })
    await advanceUntil(clock, () => keeper.isConnected)
    await bootstrap.stop()
    await until(() => !keeper.isConnected)
    await mesh.add({ key, listen: address })
    await advanceUntil(clock, () => keeper.isConnected)
    expect(connections()).toBe(2)
  })

  it('by a name is looked up anew each time, and dialled with the name', async () => {
    const address = await freeAddress()
    const node = await mesh.add({ isOverTcp: true })
    const { keeper, clock } = keep(node, [address.replace('/ip4/127.0.0.1', '/dns4/localhost')])
    await keeper.start()
    await until(() => clock.timerCount > LOOKING)
    await mesh.add({ listen: address })
    await advanceUntil(clock, () => keeper.isConnected)
    expect(clock.timerCount).toBeLessThanOrEqual(LOOKING + 1)
  })

  it('that has dialled this node is taken for connected, and said so', async () => {
    const bootstrap = await mesh.add({ isOverTcp: true })
    const node = await mesh.add({ isOverTcp: true })
    const { keeper, connections } = keep(node, [`/ip4/127.0.0.1/tcp/9/p2p/${bootstrap.peer}`])
    await bootstrap.node.dial(node.address)
    await until(() => node.node.isConnected(bootstrap.peer))
    await keeper.start()
    expect(keeper.isConnected).toBe(true)
    expect(connections()).toBe(1)
  })

  it('that is no multiaddr is refused at once', async () => {
    const node = await mesh.add()
    expect(() => keep(node, ['example.org:51820'])).toThrow(
      expect.objectContaining({ code: 'FIELD_INVALID' })
    )
  })
})

describe('a keeper', () => {
  it('waits longer after each failure, up to a bound, and no two wait the same', async () => {
    const node = await mesh.add()
    const { clock, keeper } = keep(node, ['/memory/nobody'])
    await keeper.start()
    const waits: number[] = []
    for (let attempt = 0; attempt < 10; attempt += 1) {
      await until(() => clock.timerCount === LOOKING + 1)
      const beforeMs = clock.monotonicMs()
      while (clock.timerCount === LOOKING + 1) clock.advance(1)
      waits.push(clock.monotonicMs() - beforeMs)
    }
    expect(waits[0]).toBeLessThanOrEqual(500)
    expect(Math.max(...waits)).toBeLessThanOrEqual(15_000)
    expect(Math.min(...waits.slice(-3))).toBeGreaterThanOrEqual(7_500)
    expect(new Set(waits).size).toBe(waits.length)
  })

  it('dials none of its own addresses, however they are written', async () => {
    const node = await mesh.add({ isOverTcp: true })
    const named = bare(node.address).replace('/ip4/127.0.0.1', '/dns4/localhost')
    let dials = 0
    const connect = node.node.connect.bind(node.node)
    node.node.connect = async (...words) => {
      dials += 1
      return await connect(...words)
    }
    const { clock, keeper } = keep(node, [node.address, bare(node.address), named])
    await keeper.start()
    await until(() => clock.timerCount === LOOKING + 3)
    // Only the name has to be tried to be known.
    expect(dials).toBe(1)
    clock.advance(59_000)
    expect(dials).toBe(1)
    expect(keeper.isConnected).toBe(false)
  })

  it('that is told to dials at once, whatever it has waited for', async () => {
    const address = await freeAddress()
    const node = await mesh.add({ isOverTcp: true })
    const { clock, keeper } = keep(node, [address])
    await keeper.start()
    for (let attempt = 0; attempt < 6; attempt += 1) {
      await until(() => clock.timerCount > LOOKING)
      clock.advance(15_000)
    }
    await until(() => clock.timerCount > LOOKING)
    await mesh.add({ listen: address })
    keeper.dialNow()
    await until(() => keeper.isConnected)
    keeper.dialNow()
    expect(clock.timerCount).toBeLessThanOrEqual(LOOKING + 1)
  })

  it('without a bootstrap may look up as long as anybody else keeps the DHT, and says when it may again', async () => {
    const server = await mesh.add({ isDhtServer: true })
    const node = await mesh.add()
    const { clock, connections, keeper } = keep(node, ['/memory/nobody'])
    await keeper.start()
    expect(keeper.canLookUp).toBe(false)
    await node.node.dial(server.address)
    await advanceUntil(clock, () => connections() === 1)
    expect(keeper.canLookUp).toBe(true)
    expect(keeper.isConnected).toBe(false)
  })

  it('fills an empty routing table from whoever is connected, and bothers those who keep no DHT no more', async () => {
    const server = await mesh.add({ isDhtServer: true })
    const client = await mesh.add()
    const node = await mesh.add()
    const { dht, identify } = node.node.libp2p.services
    for (const other of [client, server]) await node.node.dial(other.address)
    await until(() => dht.routingTable.size === 1)
    await node.node.libp2p.peerStore.patch(client.node.libp2p.peerId, { protocols: ['/x/1.0.0'] })
    await server.stop()
    await removeFrom(dht, server)
    const asked: string[] = []
    const ask = identify.identify.bind(identify)
    identify.identify = async (connection, options) => {
      asked.push(connection.remotePeer.toString())
      return await ask(connection, options)
    }
    const { clock, keeper } = keep(node, [])
    await keeper.start()
    const other = await mesh.add({ isDhtServer: true })
    await node.node.dial(other.address)
    await until(() => dht.routingTable.size === 1)
    await removeFrom(dht, other)
    await advanceUntil(clock, () => keeper.canLookUp)
    expect(asked).toContain(other.peer)
    expect(asked).not.toContain(client.peer)
  })

  it('that is stopped leaves no timer, even in the middle of a dial', async () => {
    const node = await mesh.add()
    const { clock, keeper } = keep(node, ['/memory/nobody', '/ip4/127.0.0.1/tcp/1'])
    await keeper.start()
    await keeper.stop()
    await keeper.stop()
    await new Promise((resolve) => setImmediate(resolve))
    expect(clock.timerCount).toBe(0)
  })
})
