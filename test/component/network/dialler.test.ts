/** Dials by peer id: which of several addresses wins, who is asked before, who is told what. Real nodes, on a clock that stands still. */
import { createServer, connect } from 'node:net'
import { memory } from '@libp2p/memory'
import { multiaddr } from '@multiformats/multiaddr'
import { peerIdFromString } from '@libp2p/peer-id'
import { afterEach, describe, expect, it } from 'vitest'
import { OPEN_ADMISSION } from '../../../src/network/guard/admission.ts'
import { parsePeer } from '../../../src/network/addresses.ts'
import { BareNodes } from '../../support/bare-mesh-node.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { failureOf } from '../../support/spawn-mesh.ts'
import { until } from '../../support/until.ts'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { BareNode } from '../../support/bare-mesh-node.ts'
import type { Dialler } from '../../../src/network/dialling/dialler.ts'
import type { MeshNodeInit } from '../../../src/network/mesh-node.ts'

const PROTOCOL = '/test/1.0.0'
const clock = new FakeClock()
const nodes = new BareNodes()
const ports: SilentPort[] = []

afterEach(async () => {
  for (const port of ports.splice(0)) port.close()
  await nodes.stop()
})

/** A port that takes connections and says nothing, until it is told to whom they lead. */
class SilentPort {
  readonly sockets: Socket[] = []
  readonly #server: Server = createServer((socket) => {
    this.sockets.push(socket)
    // The other end calls it off.
    socket.on('error', () => socket.destroy())
    socket.pause()
  })

  static async open(): Promise<SilentPort> {
    const port = new SilentPort()
    ports.push(port)
    await new Promise<void>((resolve) => {
      port.#server.listen(0, '127.0.0.1', resolve)
    })
    return port
  }

  get address(): string {
    return `/ip4/127.0.0.1/tcp/${(this.#server.address() as AddressInfo).port}`
  }

  async untilConnected(count = 1): Promise<this> {
    const holds = (seen: number): boolean => seen >= count
    await until('connections', () => this.sockets.length, holds, { pollMs: 1 })
    return this
  }

  async untilCalledOff(): Promise<void> {
    const isOver = (): boolean => this.sockets.every((socket) => socket.resume().closed)
    await until('the end of all connections', isOver, Boolean)
  }

  leadTo({ address }: BareNode): void {
    const [, port] = /\/tcp\/(\d+)/.exec(address) ?? []
    for (const socket of this.sockets) {
      const onward = connect(Number(port), '127.0.0.1')
      onward.on('error', () => socket.destroy())
      socket.pipe(onward).pipe(socket)
    }
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy()
    this.#server.close()
  }
}

async function refusedAddress(): Promise<string> {
  const port = await SilentPort.open()
  const { address } = port
  port.close()
  return address
}

async function addAsker(init: Partial<MeshNodeInit> = {}): Promise<BareNode> {
  return await nodes.add({ clock, isDhtServer: false, ...init })
}

function diallerOf({ node }: BareNode): Dialler {
  return node.libp2p.services.dialler
}

describe('of several addresses', () => {
  it('the good one wins, while another says nothing and a third refuses', async () => {
    const asker = await addAsker()
    const target = await nodes.add()
    const { selfPeer } = target.node
    // Which of them comes first is the store's choice.
    const two = [await SilentPort.open(), await SilentPort.open()]
    const addresses = [...two.map(({ address }) => address), await refusedAddress()]
    await asker.node.learnAddresses(selfPeer, addresses)
    const dialled = asker.node.connect(selfPeer)
    const silent = await Promise.race(two.map((port) => port.untilConnected()))
    // Far less than the silent one would be waited for.
    clock.advance(250)
    const [good = silent] = two.filter((port) => port !== silent)
    await good.untilConnected()
    good.leadTo(target)
    expect((await dialled).remoteAddr.toString()).toContain(good.address)
    await silent.untilCalledOff()
    expect(asker.node.libp2p.getConnections(parsePeer(selfPeer))).toHaveLength(1)
  })

  it('none of which answers, each is given up in the end', async () => {
    const asker = await addAsker()
    const peer = (await nodes.add()).node.selfPeer
    const silent = await SilentPort.open()
    await asker.node.learnAddresses(peer, [silent.address, await refusedAddress()])
    const failure = failureOf(asker.node.openStream(peer, PROTOCOL))
    await silent.untilConnected()
    clock.advance(6_000)
    expect(await failure).toMatchObject({
      code: 'PEER_UNREACHABLE',
      message: expect.stringMatching(/no answer within 6 s/)
    })
  })

  it('none is forgotten, and it is noted when the peer was reached', async () => {
    const asker = await addAsker()
    const target = await nodes.add()
    const { selfPeer } = target.node
    await asker.node.learnAddresses(selfPeer, [await refusedAddress(), target.address])
    await asker.node.dial(selfPeer)
    const peer = peerIdFromString(selfPeer)
    const known = await until(
      'the note',
      () => asker.node.libp2p.peerStore.get(peer),
      ({ metadata }) => metadata.has('last-dial-success')
    )
    const note = Buffer.from(known.metadata.get('last-dial-success') ?? []).toString()
    expect(Number(note)).toBe(clock.wallMs())
    expect(known.addresses).toHaveLength(2)
  })

  it('of another peer none is dialled', async () => {
    const asker = await addAsker()
    const target = await nodes.add()
    const other = await nodes.add()
    const { selfPeer } = target.node
    await asker.node.learnAddresses(selfPeer, [target.address])
    await asker.node.libp2p.peerStore.patch(parsePeer(selfPeer), {
      multiaddrs: other.node.libp2p.getMultiaddrs()
    })
    await expect(asker.node.dial(selfPeer)).rejects.toMatchObject({
      code: 'PEER_UNREACHABLE',
      message: expect.stringContaining('no address of it is known')
    })
  })
})

describe('one peer', () => {
  it('is dialled once for all who want it, on any transport', async () => {
    const transports = [memory()]
    const target = await nodes.add({ listen: ['/memory/dialler-target'], transports })
    const asker = await addAsker({ listen: ['/memory/dialler-asker'], transports })
    const { selfPeer } = target.node
    await asker.node.learnAddresses(selfPeer, [target.address])
    const all = await Promise.all([1, 2, 3].map(() => asker.node.connect(selfPeer)))
    expect(new Set(all).size).toBe(1)
    expect(await asker.node.connect(selfPeer)).toBe(all[0])
  })

  it('is dialled on for the others, when one of those who want it wants it no more', async () => {
    const asker = await addAsker()
    const target = await nodes.add()
    const { selfPeer } = target.node
    const silent = await SilentPort.open()
    await asker.node.learnAddresses(selfPeer, [silent.address])
    const controller = new AbortController()
    const failure = failureOf(asker.node.connect(selfPeer, { signal: controller.signal }))
    const dialled = asker.node.connect(selfPeer)
    await silent.untilConnected()
    controller.abort(new Error('wanted no more'))
    expect(await failure).toMatchObject({ message: expect.stringContaining('wanted no more') })
    silent.leadTo(target)
    expect((await dialled).remotePeer.toString()).toBe(selfPeer)
    expect(silent.sockets).toHaveLength(1)
  })

  it('is dialled no longer when nobody wants it, and anew when somebody does again', async () => {
    const asker = await addAsker()
    const target = await nodes.add()
    const { selfPeer } = target.node
    const silent = await SilentPort.open()
    await asker.node.learnAddresses(selfPeer, [silent.address])
    const controller = new AbortController()
    const failure = failureOf(asker.node.connect(selfPeer, { signal: controller.signal }))
    await silent.untilConnected()
    controller.abort(new Error('wanted no more'))
    await failure
    const dialled = asker.node.connect(selfPeer)
    await silent.untilConnected(2)
    silent.leadTo(target)
    expect((await dialled).remotePeer.toString()).toBe(selfPeer)
  })

  it('and this one, which dial each other at the same time, keep a connection that both have', async () => {
    const one = await nodes.add()
    const other = await nodes.add()
    for (const [from, to] of [[one, other] as const, [other, one] as const]) {
      await from.node.handle(PROTOCOL, (stream) => stream.close(), { maxInboundStreams: 8 })
      await from.node.learnAddresses(to.node.selfPeer, [to.address])
    }
    await Promise.all([one.node.dial(other.node.selfPeer), other.node.dial(one.node.selfPeer)])
    for (const [from, to] of [[one, other] as const, [other, one] as const]) {
      const stream = await from.node.openStream(to.node.selfPeer, PROTOCOL)
      expect(stream.protocol).toBe(PROTOCOL)
      await stream.close()
    }
  })
})

describe('nobody is dialled', () => {
  it('who is banned or shunned', async () => {
    const target = await nodes.add()
    const { selfPeer } = target.node
    const admission = { ...OPEN_ADMISSION, isBanned: (peer: string) => peer === selfPeer }
    const asker = await addAsker({ admission })
    await asker.node.learnAddresses(selfPeer, [target.address])
    await expect(asker.node.openStream(selfPeer, PROTOCOL)).rejects.toMatchObject({
      code: 'PEER_UNREACHABLE',
      hint: expect.stringContaining('banned')
    })
    expect(target.node.libp2p.getConnections()).toEqual([])
  })

  it('who is this node itself', async () => {
    const asker = await addAsker()
    await expect(asker.node.dial(asker.node.selfPeer)).rejects.toMatchObject({
      code: 'PEER_UNREACHABLE'
    })
  })

  it('by a node that is stopped, and a dial that was under way ends with it', async () => {
    const asker = await addAsker()
    const silent = await SilentPort.open()
    const { selfPeer } = (await nodes.add()).node
    await asker.node.learnAddresses(selfPeer, [silent.address])
    const failure = failureOf(asker.node.dial(selfPeer))
    await silent.untilConnected()
    await asker.node.stop()
    expect(await failure).toMatchObject({ code: 'PEER_UNREACHABLE' })
    await expect(asker.node.dial(selfPeer)).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' })
  })
})

describe('a peer behind a relay', () => {
  const RELAY = {
    reservationsMax: 4,
    dataBytes: undefined,
    durationMs: undefined,
    rateBytes: undefined
  }

  async function addRelayed(): Promise<{ target: BareNode; circuit: string }> {
    const relay = await nodes.add({ reach: { relays: 0, punches: false, relay: RELAY } })
    const target = await nodes.add({ reach: { relays: 1, punches: false } })
    await target.node.dial(relay.address)
    const circuit = await until(
      'a place at the relay',
      () => target.node.addresses().find((address) => address.includes('/p2p-circuit')),
      (address) => address !== undefined
    )
    return { target, circuit: circuit ?? '' }
  }

  it('is reached through it while a direct way takes long, which is kept when it is there', async () => {
    const { circuit, target } = await addRelayed()
    const { selfPeer } = target.node
    const asker = await addAsker()
    const slow = await SilentPort.open()
    await asker.node.learnAddresses(selfPeer, [circuit, slow.address])
    const dialled = asker.node.connect(selfPeer)
    await slow.untilConnected()
    clock.advance(500)
    expect((await dialled).remoteAddr.toString()).toBe(circuit)
    expect(asker.node.isRelayed(selfPeer)).toBe(true)
    const upgraded = diallerOf(asker).upgrade(parsePeer(selfPeer))
    slow.leadTo(target)
    expect((await upgraded).remoteAddr.toString()).toContain(slow.address)
    expect(asker.node.isRelayed(selfPeer)).toBe(false)
  })

  it('is reached through it at once when all direct ways refuse', async () => {
    const { circuit, target } = await addRelayed()
    const { selfPeer } = target.node
    const asker = await addAsker()
    await asker.node.learnAddresses(selfPeer, [circuit, await refusedAddress()])
    expect((await asker.node.connect(selfPeer)).remoteAddr.toString()).toBe(circuit)
  })

  it('is reached directly on demand, once a direct way is known', async () => {
    const { circuit, target } = await addRelayed()
    const { selfPeer } = target.node
    const peer = parsePeer(selfPeer)
    const asker = await addAsker()
    await asker.node.dial(circuit)
    const dialler = diallerOf(asker)
    const refused = multiaddr(await refusedAddress())
    // In the place of what the two have told each other when they met.
    await asker.node.libp2p.peerStore.patch(peer, { multiaddrs: [refused] })
    await expect(dialler.upgrade(peer)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(asker.node.isRelayed(selfPeer)).toBe(true)
    await asker.node.learnAddresses(selfPeer, [target.address])
    const direct = await dialler.upgrade(peer)
    expect(direct.remoteAddr.toString()).toBe(target.address)
    expect(await dialler.upgrade(peer)).toBe(direct)
    expect(await asker.node.connect(selfPeer)).toBe(direct)
  })
})
