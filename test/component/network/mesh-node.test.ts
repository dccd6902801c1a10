/** The node itself: what it listens on, what it says when it cannot, who it reaches. */
import { memory } from '@libp2p/memory'
import { afterEach, describe, expect, it } from 'vitest'
import { MeshNode } from '../../../src/network/mesh-node.ts'
import { temporaryIdentity } from '../../../src/network/identity.ts'
import { Mesh } from '../../support/spawn-mesh.ts'

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

  it.each(['/ip4/127.0.0.1/udp/0', '/ip4/203.0.113.7/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'])(
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
