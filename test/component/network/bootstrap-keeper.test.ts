/** The hold on the bootstraps: found sooner or later, found again after every loss, whatever the address says. */
import { createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { BootstrapKeeper } from '../../../src/network/reach/bootstrap-keeper.ts'
import { seededRandom } from '../../../src/core/random.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { temporaryIdentity } from '../../../src/network/identity.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { Mesh, until } from '../../support/spawn-mesh.ts'
import type { AddressInfo } from 'node:net'
import type { SpawnedNode } from '../../support/spawn-mesh.ts'

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
      await until(() => clock.timerCount > 0)
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
    await until(() => clock.timerCount > 0)
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
    await until(() => clock.timerCount > 0)
    expect(keeper.isConnected).toBe(false)

    const bootstrap = await mesh.add({ key, listen: address })
    await advanceUntil(clock, () => keeper.isConnected)
    await bootstrap.stop()
    await until(() => !keeper.isConnected)
    await mesh.add({ key, listen: address })
    await advanceUntil(clock, () => keeper.isConnected)
    expect(connections()).toBe(2)
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
      await until(() => clock.timerCount === 1)
      const beforeMs = clock.monotonicMs()
      while (clock.timerCount === 1) clock.advance(1)
      waits.push(clock.monotonicMs() - beforeMs)
    }
    expect(waits[0]).toBeLessThanOrEqual(500)
    expect(Math.max(...waits)).toBeLessThanOrEqual(15_000)
    expect(Math.min(...waits.slice(-3))).toBeGreaterThanOrEqual(7_500)
    expect(new Set(waits).size).toBe(waits.length)
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
