/** The ways in and out beside TCP on IPv4: WebSocket, QUIC, IPv6, names. Over loopback, with real sockets. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, describe, expect, test } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { BareNodes } from '../../support/bare-mesh-node.ts'
import type { MeshNode } from '../../../src/network/mesh-node.ts'

const TCP = '/ip4/127.0.0.1/tcp/0'
const WS = '/ip4/127.0.0.1/tcp/0/ws'
const QUIC = '/ip4/127.0.0.1/udp/0/quic-v1'
const PROTOCOL = '/echo/1.0.0'
const NETWORK_KEY = 'ab'.repeat(32)

const nodes = new BareNodes()
afterEach(async () => await nodes.stop())

async function echoOn(...listen: string[]): Promise<string[]> {
  const { node } = await nodes.add({ listen })
  await node.handle(PROTOCOL, async (stream) => await echo(stream), { maxInboundStreams: 4 })
  return node.addresses()
}

function portOf(address: string): number {
  return Number(multiaddr(address).getComponents()[1]?.value)
}

type MeshStream = Awaited<ReturnType<MeshNode['openStream']>>

async function echo(stream: MeshStream): Promise<void> {
  for await (const part of stream) stream.send(part)
  await stream.close()
}

/** More than one message of any transport. */
const SAID = Buffer.alloc(300_000, 'mesh')

async function heardFrom(node: MeshNode, address: string): Promise<Buffer> {
  const peer = await node.dial(address)
  const stream = await node.openStream(peer, PROTOCOL)
  const parts: Uint8Array[] = []
  const heard = (async () => {
    for await (const part of stream) parts.push(part instanceof Uint8Array ? part : part.subarray())
  })()
  if (!stream.send(SAID)) await once(stream as unknown as EventTarget, 'drain')
  await stream.close()
  await heard
  return Buffer.concat(parts)
}

describe('over WebSocket', () => {
  test('a node with nothing else talks to one that has TCP as well', async () => {
    const addresses = await echoOn(TCP, WS)
    expect(addresses.map((address) => address.includes('/ws/'))).toEqual([false, true])
    const { node } = await nodes.add({ listen: [], transportNames: ['ws'] })
    expect(await heardFrom(node, addresses[1] ?? '')).toEqual(SAID)
  })

  test('in a private network nothing is said but by its key', async () => {
    const { address } = await nodes.add({ listen: [WS], networkKey: NETWORK_KEY })
    const { node } = await nodes.add({
      listen: [],
      networkKey: NETWORK_KEY,
      transportNames: ['ws']
    })
    await node.dial(address)
    const stranger = new WebSocket(`ws://127.0.0.1:${portOf(address)}`)
    const [first] = (await once(stranger, 'message')) as [MessageEvent<Blob>]
    // The salt that both ends begin with; without a key it would be libp2p's greeting.
    expect(first.data.size).toBe(24)
    stranger.close()
  })

  test('whoever has not asked for it is told that it cannot dial it', async () => {
    const [address = ''] = await echoOn(WS)
    const { node } = await nodes.add({ listen: [] })
    await expect(node.dial(address)).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' })
  })

  test('sockets that say nothing are let go of beyond a bound', async () => {
    const [address = ''] = await echoOn(WS)
    const silent = Array.from({ length: LIMITS.pendingConnectionsMax + 1 }, () =>
      connect(portOf(address), '127.0.0.1').on('error', () => {})
    )
    await Promise.race(silent.map(async (socket) => await once(socket, 'close')))
    const open = silent.filter(({ destroyed }) => !destroyed)
    expect(open.length).toBeGreaterThan(LIMITS.pendingConnectionsMax / 2)
    // They keep nobody out.
    const { node } = await nodes.add({ listen: [], transportNames: ['ws'] })
    expect(await heardFrom(node, address)).toEqual(SAID)
    for (const socket of open) socket.destroy()
  })
})

describe('over QUIC', () => {
  test('two nodes talk', async () => {
    const [address = ''] = await echoOn(QUIC)
    expect(address).toMatch(/^\/ip4\/127\.0\.0\.1\/udp\/\d+\/quic-v1\/p2p\//)
    const { node } = await nodes.add({ listen: [], transportNames: ['quic'] })
    expect(await heardFrom(node, address)).toEqual(SAID)
  })

  test('nothing starts in a private network, which it would pass by', async () => {
    const made = nodes.add({ listen: [TCP, QUIC], networkKey: NETWORK_KEY })
    await expect(made).rejects.toMatchObject({ code: 'CONFIG_INVALID', path: 'transports' })
  })

  test('who dials where nobody is stops when told to', async () => {
    const { node } = await nodes.add({ listen: [], transportNames: ['quic'] })
    const controller = new AbortController()
    const dialled = node.dial('/ip4/127.0.0.1/udp/9/quic-v1', { signal: controller.signal })
    controller.abort()
    await expect(dialled).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' })
  })
})

test('over IPv6', async () => {
  const [address = ''] = await echoOn('/ip6/::1/tcp/0')
  const { node } = await nodes.add({ listen: ['/ip6/::1/tcp/0'] })
  expect(await heardFrom(node, address)).toEqual(SAID)
})

test.each(['dns4', 'dns'])('by a name, /%s', async (kind) => {
  const [address = ''] = await echoOn(TCP)
  const { node } = await nodes.add()
  const byName = address.replace('/ip4/127.0.0.1/', `/${kind}/localhost/`)
  expect(await heardFrom(node, byName)).toEqual(SAID)
})

test('a name that is announced is told beside the address', async () => {
  const name = '/dns4/mesh.example.org/tcp/443/wss'
  const { node } = await nodes.add({ listen: [TCP], announce: [name] })
  expect(node.addresses()).toEqual([`${name}/p2p/${node.selfPeer}`])
})
