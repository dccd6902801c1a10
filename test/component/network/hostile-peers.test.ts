/** What the network floor holds out against a peer that keeps no rule, while an honest one is served. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { DHT_PROTOCOL_V1, presenceTopic } from '../../../src/protocol/ids.ts'
import { parsePeer } from '../../../src/network/addresses.ts'
import { BareNodes } from '../../support/bare-mesh-node.ts'
import { hostilePeer, isCutOff, prefixed } from '../../support/hostile-peer.ts'
import { readAll } from '../../support/spawn-mesh.ts'
import { multiaddr } from '@multiformats/multiaddr'
import type { Stream } from '@libp2p/interface'
import type { BareNode } from '../../support/bare-mesh-node.ts'
import type { HostilePeer } from '../../support/hostile-peer.ts'
import type { MeshNode } from '../../../src/network/mesh-node.ts'

const ECHO = '/test/echo/1.0.0'
const GOSSIP = '/meshsub/1.2.0'

const nodes = new BareNodes()
let target: BareNode
let hostile: HostilePeer

beforeEach(async () => {
  target = await nodes.add()
  await serveEcho(target.node)
  hostile = await hostilePeer(target.address)
})
afterEach(async () => {
  await hostile.stop()
  await nodes.stop()
})

async function serveEcho(node: MeshNode): Promise<void> {
  const init = { maxInboundStreams: 64 }
  await node.handle(
    ECHO,
    async (stream) => {
      stream.send(Buffer.from(await readAll(stream)))
      await stream.close()
    },
    init
  )
}

async function isServed(): Promise<boolean> {
  const honest = await nodes.add({ listen: [], isDhtServer: false })
  const peer = await honest.node.dial(target.address)
  const stream = await honest.node.openStream(peer, ECHO)
  const answer = readAll(stream)
  stream.send(Buffer.from('hello'))
  await stream.close()
  return (await answer) === 'hello'
}

/** Protobuf: a field of bytes. */
function field(number: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of((number << 3) | 2), prefixed(bytes)])
}

/** Protobuf: a field of one small number. */
function small(number: number, value: number): Uint8Array {
  return Uint8Array.of(number << 3, value)
}

/** A message of the DHT. */
function question(type: number, ...fields: Uint8Array[]): Uint8Array {
  return prefixed(Buffer.concat([small(1, type), ...fields]))
}

/** A message of gossip that subscribes to four hundred topics. */
function subscriptions(name: (index: number) => string): Uint8Array {
  const topics = Array.from({ length: 1_200 }, (_, index) => field(2, Buffer.from(name(index))))
  return prefixed(
    Buffer.concat(topics.map((topic) => field(1, Buffer.concat([small(1, 1), topic]))))
  )
}

async function until(check: () => boolean): Promise<void> {
  await expect.poll(check, { timeout: 20_000, interval: 5 }).toBe(true)
}

const isOpen = (): boolean => hostile.connection.status === 'open'

describe('a peer that was complained of often enough', () => {
  it('is cut off, not let in again, not dialled, and all others are served', async () => {
    const error = new MeshError('FRAME_INVALID', 'garbage')
    await until(() => target.node.isConnected(hostile.peer))
    for (let count = 0; count < 4; count += 1) target.node.complain(hostile.peer, error)
    target.node.complain(hostile.peer, new MeshError('FIELD_UNKNOWN', 'another version'))
    expect(target.node.isConnected(hostile.peer)).toBe(true)
    target.node.complain(hostile.peer, error)
    await until(() => !isOpen())
    await expect(
      hostile.libp2p
        .dial(multiaddr(target.address))
        .then(async (connection) => await connection.newStream(ECHO))
    ).rejects.toBeInstanceOf(Error)
    await expect(target.node.dial(hostile.peer)).rejects.toMatchObject({
      code: 'PEER_UNREACHABLE',
      hint: expect.stringContaining('shunned')
    })
    expect(await isServed()).toBe(true)
    const { conduct, refused } = target.node.counts()
    expect(conduct).toEqual({ offences: { frame: 5 }, shuns: 1, shunned: 1 })
    expect(refused.shunned).toBeGreaterThanOrEqual(2)
  })
})

describe('connections', () => {
  it('of one peer are refused beyond a few', async () => {
    const address = multiaddr(target.address)
    for (let count = 1; count < LIMITS.peerConnectionsMax + 1; count += 1) {
      await hostile.libp2p.dial(address, { force: true })
    }
    await until(() => target.node.counts().refused.excess === 1)
    expect(target.node.counts().conduct.offences).toEqual({ flood: 1 })
    expect(await isServed()).toBe(true)
  })
})

describe('streams that never say what they are for', () => {
  interface Muxed {
    muxer: { createStream: (init: object) => Promise<Stream> }
  }
  const open = async (): Promise<Stream> =>
    await (hostile.connection as unknown as Muxed).muxer.createStream({})
  const GREETING = prefixed(Buffer.from('/multistream/1.0.0\n'))

  it('are answered so often, and then cut off', async () => {
    const stream = await open()
    const names = Buffer.concat(Array.from({ length: 5_000 }, () => prefixed(Buffer.from('x\n'))))
    stream.send(Buffer.concat([GREETING, names]))
    expect(await isCutOff(stream)).toBe(true)
    expect(target.node.counts().conduct.offences).toEqual({ flood: 1 })
    expect(await isServed()).toBe(true)
  })
})

describe('the DHT', () => {
  const PUT_VALUE = 0
  const FIND_NODE = 4

  it('stores no values', async () => {
    const key = Buffer.concat([Buffer.from('/pk/'), hostile.libp2p.peerId.toMultihash().bytes])
    const stream = await hostile.connection.newStream(DHT_PROTOCOL_V1)
    const record = Buffer.concat([field(1, key), field(2, Buffer.from('value'))])
    stream.send(question(PUT_VALUE, field(2, key), field(3, record)))
    expect(await isCutOff(stream)).toBe(true)
  })

  it('answers a peer so often, and then cuts it off', async () => {
    const asked = question(FIND_NODE, field(2, Buffer.alloc(32, 7)))
    const page = Buffer.concat(Array.from({ length: 1_000 }, () => asked))
    while (isOpen()) {
      try {
        const stream = await hostile.connection.newStream(DHT_PROTOCOL_V1)
        for (let pages = 0; pages < 60 && stream.status === 'open'; pages += 1) stream.send(page)
        await isCutOff(stream)
      } catch {
        // It is about to be cut off.
      }
    }
    expect(target.node.counts().conduct).toMatchObject({ shuns: 1, shunned: 1 })
    expect(await isServed()).toBe(true)
  })
})

describe('gossip', () => {
  it('holds a peer to topics of ours, and to as many as a bootstrap has', async () => {
    const stream = await hostile.connection.newStream(GOSSIP)
    const { pubsub } = target.node.libp2p.services
    stream.send(subscriptions((index) => `/anything/${index}`))
    stream.send(subscriptions((index) => presenceTopic(`n${index}`)))
    await until(() => pubsub.getSubscribers(presenceTopic('n0')).length === 1)
    const { topics } = pubsub as unknown as { topics: Map<string, unknown> }
    expect(topics.size).toBeGreaterThanOrEqual(LIMITS.presenceTopicsMax)
    const topicsMax = LIMITS.presenceTopicsMax + 2 * LIMITS.topicsCarriedMax
    expect(topics.size).toBeLessThan(2 * topicsMax)
    expect([...topics.keys()].some((topic) => topic.startsWith('/anything'))).toBe(false)
  })

  it('cuts off who sends messages without end, of which none costs a signature', async () => {
    const stream = await hostile.connection.newStream(GOSSIP)
    const junk = field(
      2,
      Buffer.concat([field(4, Buffer.from('/anything')), field(2, Buffer.alloc(8))])
    )
    const page = Buffer.concat(Array.from({ length: 2_000 }, () => prefixed(junk)))
    while (isOpen()) {
      if (stream.status === 'open') stream.send(page)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(target.node.counts().conduct).toMatchObject({ shuns: 1 })
    expect(await isServed()).toBe(true)
  })

  it('counts a message that is not signed against who sent it', async () => {
    const topic = presenceTopic('n')
    const { pubsub } = target.node.libp2p.services
    pubsub.topicValidators.set(topic, () => {
      throw new Error('what is not signed does not get this far')
    })
    pubsub.subscribe(topic)
    const stream = await hostile.connection.newStream(GOSSIP)
    const unsigned = field(
      2,
      Buffer.concat([field(2, Buffer.from('x')), field(4, Buffer.from(topic))])
    )
    for (let count = 0; count < 10; count += 1) stream.send(prefixed(unsigned))
    await until(() => !isOpen())
    expect(target.node.counts().conduct).toMatchObject({ offences: { gossip: 10 }, shuns: 1 })
  })
})

describe('what a peer says of itself', () => {
  const PUSH = '/ipfs/id/push/1.0.0'

  it('is kept within bounds, however often it says something new', async () => {
    for (let round = 0; round < 4; round += 1) {
      const stream = await hostile.connection.newStream(PUSH)
      const addresses = Array.from(
        { length: 200 },
        (_, index) => multiaddr(`/ip4/10.${round}.1.${index}/tcp/4001`).bytes
      )
      const fields = addresses.map((address) => field(2, address))
      const protocols = Array.from({ length: 300 }, (_, index) =>
        field(3, Buffer.from(`/p${index}`))
      )
      stream.send(prefixed(Buffer.concat([...fields, ...protocols])))
      await stream.close()
    }
    const { peerStore } = target.node.libp2p
    const id = parsePeer(hostile.peer)
    await expect
      .poll(async () => (await peerStore.get(id)).addresses.map(({ multiaddr: at }) => String(at)))
      .toContain('/ip4/10.3.1.0/tcp/4001')
    const { addresses, protocols } = await peerStore.get(id)
    expect(addresses).toHaveLength(LIMITS.peerAddressesMax)
    expect(protocols.length).toBeLessThanOrEqual(130)
  })

  it('is not heard without end', async () => {
    while (isOpen()) {
      try {
        const stream = await hostile.connection.newStream(PUSH)
        stream.send(prefixed(field(6, Buffer.from('again'))))
        await stream.close()
      } catch {
        // It is about to be cut off.
      }
    }
    expect(target.node.counts().conduct).toMatchObject({ shuns: 1, shunned: 1 })
    expect(await isServed()).toBe(true)
  })
})

describe('what others say of a peer', () => {
  it('adds up to so many addresses, and never takes the place of what it has signed', async () => {
    const { node } = target
    const other = (await nodes.add()).node
    await node.dial(other.addresses()[0] ?? '')
    const id = parsePeer(other.selfPeer)
    await expect
      .poll(async () =>
        (await node.libp2p.peerStore.get(id)).addresses.some((at) => at.isCertified)
      )
      .toBe(true)
    for (let round = 0; round < 3; round += 1) {
      const list = Array.from({ length: 60 }, (_, index) => `/ip4/10.0.${round}.${index}/tcp/1`)
      await node.learnAddresses(other.selfPeer, ['x'.repeat(10_000), '/nonsense', ...list])
    }
    const known = await node.knownAddresses(other.selfPeer)
    expect(known).toHaveLength(LIMITS.peerAddressesMax)
    expect(known).toContain(other.addresses()[0])
  })

  it('is not remembered where it would have us ask a name server of its choice', async () => {
    const list = ['/dnsaddr/evil.example', '/ip4/10.0.0.1/tcp/1']
    await target.node.learnAddresses(hostile.peer, list)
    const known = await target.node.knownAddresses(hostile.peer)
    expect(known.some((address) => address.includes('dnsaddr'))).toBe(false)
    expect(known.some((address) => address.startsWith('/ip4/10.0.0.1'))).toBe(true)
  })
})
