/** A machine that has moved or slept: what is dead is dropped at once, what lives stays, and all hear where it is now. */
import { createServer, connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { PING_PROTOCOL } from '@libp2p/ping'
import { multiaddr } from '@multiformats/multiaddr'
import { BootstrapKeeper } from '../../../src/network/contact/bootstrap-keeper.ts'
import { Reconnection, localHostOf } from '../../../src/network/contact/reconnection.ts'
import { seededRandom } from '../../../src/core/random.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { BareNodes } from '../../support/bare-mesh-node.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { Mesh, until } from '../../support/spawn-mesh.ts'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { Interfaces } from '../../../src/network/contact/wake-watch.ts'
import type { SpawnedNode } from '../../support/spawn-mesh.ts'

const RELAY = {
  reservationsMax: 4,
  dataBytes: undefined,
  durationMs: undefined,
  rateBytes: undefined
}
const mesh = new Mesh()
const nodes = new BareNodes()
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
  await mesh.stop()
  await nodes.stop()
})

function up(...addresses: string[]): Interfaces {
  return { eth0: addresses.map((address) => ({ address, internal: false })) }
}

const isCircuit = (address: string): boolean => address.includes('/p2p-circuit')

interface Scene {
  clock: FakeClock
  keeper: BootstrapKeeper
  /** How often it was told to find those it knew. */
  recalled: () => number
  /** How often everything was to be said anew. */
  said: () => number
  move: (...addresses: string[]) => void
}

/** A node whose machine has, as far as it knows, the addresses of loopback for its own. */
async function watch(
  { node }: Pick<SpawnedNode, 'node'>,
  bootstraps: string[] = []
): Promise<Scene> {
  const clock = new FakeClock()
  const shared = { clock, logger: silentLogger, node, random: seededRandom(1) }
  const keeper = new BootstrapKeeper(shared, bootstraps)
  let [said, recalled] = [0, 0]
  keeper.onConnected(() => (said += 1))
  const recall = { dialNow: () => void (recalled += 1) }
  let interfaces = up('127.0.0.1')
  const reconnection = new Reconnection({
    ...shared,
    keeper,
    recall,
    interfaces: () => interfaces
  })
  for (const part of [keeper, reconnection]) {
    await part.start()
    stops.push(() => part.stop())
  }
  return {
    clock,
    keeper,
    recalled: () => recalled,
    said: () => said,
    move: (...addresses) => {
      interfaces = up(...addresses)
      clock.advance(2_000)
    }
  }
}

describe('after a move', () => {
  it('whom only a relay led to is tried directly', async () => {
    const relay = await nodes.add({
      reach: { relays: 0, punches: false, isProbed: false, relay: RELAY }
    })
    const hidden = await nodes.add({ reach: { relays: 1, punches: false, isProbed: false } })
    await hidden.node.dial(relay.address)
    await until(() => hidden.node.addresses().some(isCircuit))
    const { selfPeer: peer } = hidden.node
    const addresses = hidden.node.addresses()
    const node = await nodes.add({ isDhtServer: false, listen: [] })
    await node.node.dial(addresses.find(isCircuit) ?? '')
    expect(node.node.isRelayed(peer)).toBe(true)
    await node.node.learnAddresses(peer, addresses)
    const { move } = await watch(node)
    move('127.0.0.1', '192.168.7.7')
    await until(() => !node.node.isRelayed(peer))
  })

  it('connections by an address that is gone are dropped, and the bootstrap is dialled at once', async () => {
    const bootstrap = await mesh.add({ isOverTcp: true })
    const node = await mesh.add({ isOverTcp: true })
    const { keeper, move, recalled } = await watch(node, [bootstrap.address])
    await until(() => keeper.isConnected)
    const [old] = node.node.libp2p.getConnections()
    if (old === undefined) throw new Error('not connected')
    expect(localHostOf(old)).toBe('127.0.0.1')
    move('10.20.0.7')
    expect(old.status).not.toBe('open')
    await until(() => keeper.isConnected)
    expect(node.node.libp2p.getConnections()).not.toContain(old)
    expect(recalled()).toBe(1)
  })

  it('connections by another address are asked, and stay where somebody answers', async () => {
    const other = await mesh.add({ isOverTcp: true })
    const node = await mesh.add({ isOverTcp: true })
    const { move } = await watch(node)
    await node.node.dial(other.address)
    const [connection] = node.node.libp2p.getConnections()
    if (connection === undefined) throw new Error('not connected')
    let echo: Promise<unknown> | undefined
    const open = connection.newStream.bind(connection)
    connection.newStream = (...words) => {
      const stream = open(...words)
      if (words[0] === PING_PROTOCOL) echo = stream
      return stream
    }
    move('127.0.0.1', '10.20.0.7')
    await until(() => echo !== undefined)
    await echo
    expect(connection.status).toBe('open')
  })

  it('its addresses are told to those who are connected, and what was said is said anew, once', async () => {
    const other = await mesh.add({ isOverTcp: true })
    const node = await mesh.add({ isOverTcp: true })
    const { clock, move, said } = await watch(node)
    await node.node.dial(other.address)
    await until(() => node.node.libp2p.getPeers().length === 1)
    // As libp2p finds it when it looks at its listeners anew.
    const { libp2p } = node.node
    const fresh = libp2p.getMultiaddrs().map((address) => movedTo(address, '10.20.0.7'))
    libp2p.getMultiaddrs = () => fresh
    const before = said()
    move('127.0.0.1', '10.20.0.7')
    await until(() => {
      clock.advance(500)
      return said() > before
    })
    expect(said()).toBe(before + 1)
    const own = await libp2p.peerStore.get(libp2p.peerId)
    expect(own.addresses.map((address) => address.multiaddr.toString())).toEqual(
      fresh.map((address) => address.toString().replace(`/p2p/${node.peer}`, ''))
    )
  })

  it('that others hear of by libp2p itself, as a new place at a relay, the mesh is told as well', async () => {
    const node = await mesh.add({ isOverTcp: true })
    const { clock, said } = await watch(node)
    const { libp2p } = node.node
    const fresh = libp2p.getMultiaddrs().map((address) => movedTo(address, '10.20.0.7'))
    libp2p.getMultiaddrs = () => fresh
    await libp2p.peerStore.patch(libp2p.peerId, { multiaddrs: fresh })
    clock.advance(400)
    expect(said()).toBe(0)
    clock.advance(200)
    expect(said()).toBe(1)
    await libp2p.peerStore.patch(libp2p.peerId, { protocols: ['/x/1.0.0'] })
    clock.advance(5_000)
    expect(said()).toBe(1)
  })
})

describe('after a sleep', () => {
  it('a peer that is no more is found out at once, though nothing has come that says so', async () => {
    const other = await mesh.add({ isOverTcp: true })
    const node = await mesh.add({ isOverTcp: true })
    const { address, cut } = await wire(other)
    const { clock, recalled, said } = await watch(node)
    await node.node.dial(address)
    const [connection] = node.node.libp2p.getConnections()
    cut()
    clock.jumpWall(3_600_000)
    await until(() => {
      clock.advance(500)
      return connection?.status !== 'open'
    })
    await until(() => {
      clock.advance(500)
      return said() === 1
    })
    expect(recalled()).toBe(2)
  })

  it('those who are still there stay, and are told anew that this node is', async () => {
    const bootstrap = await mesh.add({ isOverTcp: true })
    const node = await mesh.add({ isOverTcp: true })
    const { clock, keeper, said } = await watch(node, [bootstrap.address])
    await until(() => keeper.isConnected)
    const [connection] = node.node.libp2p.getConnections()
    const before = said()
    clock.jumpWall(3_600_000)
    clock.advance(2_000)
    await until(() => {
      clock.advance(500)
      return said() > before
    })
    expect(connection?.status).toBe('open')
  })
})

it('a node that has stopped watches no more', async () => {
  const node = await mesh.add()
  const { clock } = await watch(node)
  for (const stop of stops.splice(0)) await stop()
  expect(clock.timerCount).toBe(0)
})

type Address = ReturnType<SpawnedNode['node']['libp2p']['getMultiaddrs']>[number]

function movedTo(address: Address, host: string): Address {
  return multiaddr(address.toString().replace('127.0.0.1', host))
}

/** A way to a peer that may go silent, as a network does that was left. */
async function wire(peer: SpawnedNode): Promise<{ address: string; cut: () => void }> {
  const port = Number(/\/tcp\/(\d+)/.exec(peer.address)?.[1])
  const sockets: Socket[] = []
  const server: Server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    sockets.push(near, far)
    near.pipe(far).pipe(near)
    for (const socket of [near, far]) socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const { port: own } = server.address() as AddressInfo
  return {
    address: `/ip4/127.0.0.1/tcp/${own}/p2p/${peer.peer}`,
    cut: () => {
      for (const socket of sockets) socket.unpipe().pause()
    }
  }
}
