/** The node itself: what it listens on, what it says when it cannot, who it reaches. */
import { createServer } from 'node:net'
import { memory } from '@libp2p/memory'
import { afterEach, describe, expect, it } from 'vitest'
import { MeshNode } from '../../../src/network/mesh-node.ts'
import { temporaryIdentity } from '../../../src/network/identity.ts'
import { Mesh } from '../../support/spawn-mesh.ts'
import type { AddressInfo, Server } from 'node:net'
import type { SpawnedNode } from '../../support/spawn-mesh.ts'

const LOOPBACK = '/ip4/127.0.0.1/tcp/0'
const mesh = new Mesh()
afterEach(async () => await mesh.stop())

async function create(listen: string[]): Promise<MeshNode> {
  const identity = await temporaryIdentity()
  return await MeshNode.create({ identity, listen, isDhtServer: false, agent: 'test' })
}

/** `/ip4/127.0.0.1/tcp/4711` without the peer id. */
function bare(address: string): string {
  return address.slice(0, address.indexOf('/p2p/'))
}

describe('listening', () => {
  it('on a taken port fails with ADDRESS_IN_USE and names it, and nothing else stays open', async () => {
    const taken = await mesh.add({ isOverTcp: true })
    const address = bare(taken.address)
    const node = await create([LOOPBACK, address])
    await expect(node.start()).rejects.toMatchObject({
      code: 'ADDRESS_IN_USE',
      message: expect.stringContaining(address)
    })
    expect(node.addresses()).toEqual([])
    expect(node.libp2p.status).toBe('stopped')
  })

  it('on a memory address that is taken fails alike', async () => {
    const taken = await mesh.add()
    const identity = await temporaryIdentity()
    const node = await MeshNode.create({
      identity,
      listen: [bare(taken.address)],
      isDhtServer: false,
      agent: 'test',
      transports: [memory()]
    })
    await expect(node.start()).rejects.toMatchObject({ code: 'ADDRESS_IN_USE' })
  })

  it.each(['/ip4/127.0.0.1/udp/0', '/ip4/203.0.113.7/tcp/0'])(
    'on %s fails and names it',
    async (address) => {
      const node = await create([address])
      await expect(node.start()).rejects.toMatchObject({
        code: 'FIELD_INVALID',
        message: expect.stringContaining(address)
      })
    }
  )

  it.each(['nonsense', '/ip4/300.0.0.1/tcp/1', '/ip4/127.0.0.1/tcp/70000', 'http://a:1', ''])(
    'on "%s" is refused before anything starts',
    async (address) => {
      await expect(create([address])).rejects.toMatchObject({ code: 'FIELD_INVALID' })
    }
  )

  it('on two addresses makes both known', async () => {
    const node = await create([LOOPBACK, LOOPBACK])
    await node.start()
    expect(node.addresses()).toHaveLength(2)
    await node.stop()
    await node.stop()
  })
})

describe('dialling', () => {
  it('works by address with and without the peer id, and by the id of a known peer', async () => {
    const target = await mesh.add({ isOverTcp: true })
    const dialler = await mesh.add({ isOverTcp: true })
    expect(await dialler.node.dial(bare(target.address))).toBe(target.peer)
    expect(await dialler.node.dial(target.address)).toBe(target.peer)
    expect(await dialler.node.dial(target.peer)).toBe(target.peer)
    expect(dialler.node.isConnected(target.peer)).toBe(true)
  })

  it('fails where another peer answers than was named', async () => {
    const target = await mesh.add({ isOverTcp: true })
    const dialler = await mesh.add({ isOverTcp: true })
    await expect(
      dialler.node.dial(`${bare(target.address)}/p2p/${dialler.peer}`)
    ).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' })
    const other = '12D3KooWJzUnMWFHpVEGEs7jP9fMLPg9QzGAm4ZVPdFvFCHmiQfe'
    await expect(dialler.node.dial(`${bare(target.address)}/p2p/${other}`)).rejects.toMatchObject({
      code: 'PEER_UNREACHABLE'
    })
  })

  it.each([
    ['/ip4/127.0.0.1/tcp/1', 'PEER_UNREACHABLE'],
    ['/nonsense', 'FIELD_INVALID'],
    ['not a peer', 'FIELD_INVALID'],
    ['', 'FIELD_INVALID']
  ])('"%s" fails with a typed error', async (target, code) => {
    const dialler = await mesh.add({ isOverTcp: true })
    await expect(dialler.node.dial(target)).rejects.toMatchObject({ code })
  })

  it('uses of a list of addresses those that make sense', async () => {
    const target = await mesh.add({ isOverTcp: true })
    const dialler = await mesh.add({ isOverTcp: true })
    await dialler.node.learnAddresses(target.peer, ['nonsense', '/x/y', bare(target.address)])
    expect(await dialler.node.dial(target.peer)).toBe(target.peer)
  })
})

/** A port of this machine: one that refuses connections, or one that takes them and says nothing. */
async function port(isOpen: boolean): Promise<{ address: string; server: Server }> {
  const server = createServer(() => {})
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = `/ip4/127.0.0.1/tcp/${(server.address() as AddressInfo).port}`
  if (!isOpen) server.close()
  return { address, server }
}

async function strangerAt(...addresses: string[]): Promise<{ dialler: SpawnedNode; peer: string }> {
  const dialler = await mesh.add({ isOverTcp: true })
  const peer = (await create([])).selfPeer
  await dialler.node.learnAddresses(peer, addresses)
  return { dialler, peer }
}

describe('a peer that is known but cannot be reached', () => {
  const PROTOCOL = '/test/1.0.0'

  it('is gone when its only address refuses connections', async () => {
    const { dialler, peer } = await strangerAt((await port(false)).address)
    await expect(dialler.node.openStream(peer, PROTOCOL)).rejects.toMatchObject({
      code: 'PEER_GONE',
      message: expect.stringContaining(peer)
    })
  })

  it('is gone when all of several addresses do', async () => {
    const addresses = [await port(false), await port(false), await port(false)]
    const { dialler, peer } = await strangerAt(...addresses.map(({ address }) => address))
    await expect(dialler.node.openStream(peer, PROTOCOL)).rejects.toMatchObject({
      code: 'PEER_GONE'
    })
  })

  it('is gone after it was there and has stopped', async () => {
    const target = await mesh.add({ isOverTcp: true })
    const dialler = await mesh.add({ isOverTcp: true })
    await dialler.node.dial(target.address)
    await target.stop()
    await expect.poll(() => dialler.node.isConnected(target.peer)).toBe(false)
    await expect(dialler.node.openStream(target.peer, PROTOCOL)).rejects.toMatchObject({
      code: 'PEER_GONE'
    })
  })

  it('is only unreachable when one address fails otherwise', async () => {
    const silent = await port(true)
    const { dialler, peer } = await strangerAt((await port(false)).address, silent.address)
    const signal = AbortSignal.timeout(500)
    await expect(dialler.node.openStream(peer, PROTOCOL, { signal })).rejects.toMatchObject({
      code: 'PEER_UNREACHABLE'
    })
    silent.server.close()
  })

  it('is only unreachable when somebody else listens there', async () => {
    const other = await mesh.add({ isOverTcp: true })
    const { dialler, peer } = await strangerAt(bare(other.address), (await port(false)).address)
    await expect(dialler.node.openStream(peer, PROTOCOL)).rejects.toMatchObject({
      code: 'PEER_UNREACHABLE'
    })
  })

  it('is only unreachable when no address of it is known, or it speaks another protocol', async () => {
    const { dialler, peer } = await strangerAt()
    await expect(dialler.node.openStream(peer, PROTOCOL)).rejects.toMatchObject({
      code: 'PEER_UNREACHABLE'
    })
    const target = await mesh.add({ isOverTcp: true })
    await dialler.node.dial(target.address)
    await expect(dialler.node.openStream(target.peer, PROTOCOL)).rejects.toMatchObject({
      code: 'PEER_UNREACHABLE'
    })
  })
})
