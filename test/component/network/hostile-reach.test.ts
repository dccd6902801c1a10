/** Peers that would have a node dial whomever they like: what it does for them, and what it does not. */
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MeshError } from '../../../src/core/errors.ts'
import { parsePeer } from '../../../src/network/addresses.ts'
import { BareNodes } from '../../support/bare-mesh-node.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { hostilePeer, prefixed } from '../../support/hostile-peer.ts'
import { until } from '../../support/until.ts'
import { concat, field, numberField, varint } from '../../hostile/bytes.ts'
import type { BareNode } from '../../support/bare-mesh-node.ts'
import type { HostilePeer } from '../../support/hostile-peer.ts'
import type { Stream } from '@libp2p/interface'

const OTHER = '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'
const nodes = new BareNodes()
let target: BareNode
let hostile: HostilePeer

beforeEach(async () => {
  const reach = { relays: 0, punches: true, isProbed: true }
  target = await nodes.add({ reach, clock: new FakeClock() })
  hostile = await hostilePeer(target.address)
})
afterEach(async () => {
  await hostile.stop()
  await nodes.stop()
})

/** What comes first on a stream, or 'closed'. */
async function firstOn(stream: Stream): Promise<Uint8Array | 'closed'> {
  return await new Promise((resolve) => {
    stream.addEventListener('message', ({ data }) => resolve(data.subarray()), { once: true })
    stream.addEventListener('close', () => resolve('closed'), { once: true })
  })
}

describe('a node that is asked to dial an address back', () => {
  const REFUSED = Buffer.from(numberField(1, 101))

  /** The address, as DialRequest of AutoNAT v2 has it. */
  async function ask(address: string): Promise<'refused' | 'wants bytes' | 'other'> {
    const stream = await hostile.connection.newStream('/libp2p/autonat/2/dial-request')
    const nonce = concat(varint(2 * 8 + 1), Buffer.alloc(8))
    stream.send(prefixed(field(1, concat(field(1, multiaddr(address).bytes), nonce))))
    const answer = await firstOn(stream)
    stream.abort(new Error('enough'))
    if (answer === 'closed') return 'other'
    if (answer[1] === 0x12 && Buffer.from(answer).includes(REFUSED)) return 'refused'
    return answer[1] === 0x1a ? 'wants bytes' : 'other'
  }

  it.each([
    '/ip4/127.0.0.1/tcp/22',
    '/ip4/10.0.0.1/tcp/22',
    '/ip4/224.0.0.1/tcp/22',
    '/ip6/64:ff9b::a00:1/tcp/22',
    '/dns4/localhost/tcp/22',
    '/dnsaddr/example.org',
    `/ip4/45.0.0.1/tcp/22/p2p/${OTHER}`,
    `/ip4/45.0.0.1/tcp/22/p2p/${OTHER}/p2p-circuit`
  ])('does not dial %s', async (address) => {
    expect(await ask(address)).toBe('refused')
  })

  it('has whoever names another machine of the internet pay for it, and that so often', async () => {
    const answers: string[] = []
    // oxlint-disable-next-line no-await-in-loop -- one after the other, as it takes eight at a time
    for (let count = 0; count < 33; count += 1) answers.push(await ask('/ip4/45.0.0.1/tcp/22'))
    expect(answers.slice(0, 32)).not.toContain('refused')
    expect(answers[0]).toBe('wants bytes')
    expect(answers[32]).toBe('refused')
  })
})

it('what never comes through a relay is held against nobody', async () => {
  const limits = { dataBytes: undefined, durationMs: undefined, rateBytes: undefined }
  const relay = { ...limits, reservationsMax: 1 }
  const { address } = await nodes.add({ reach: { relays: 0, punches: false, relay } })
  const hidden = await nodes.add({
    listen: [],
    isDhtServer: false,
    reach: { relays: 1, punches: false }
  })
  await hidden.node.dial(address)
  const places = await until(
    'a place',
    () => hidden.node.addresses(),
    ({ length }) => length > 0
  )
  const peer = await target.node.dial(places[0] ?? '')
  const late = new MeshError('REQUEST_TIMED_OUT', 'it was not complete in time')
  for (let count = 0; count < 100; count += 1) {
    target.node.complain(peer, late)
    target.node.complain(hostile.peer, late)
  }
  expect(target.node.shunned().map(({ peer: shunned }) => shunned)).toEqual([hostile.peer])
})

it('sockets of this machine are no address of anybody', async () => {
  const { node } = target
  const unix = '/unix/%2Frun%2Fdocker.sock'
  await node.learnAddresses(OTHER, [unix, '/ip4/45.0.0.1/tcp/1'])
  expect(await node.knownAddresses(OTHER)).toEqual([`/ip4/45.0.0.1/tcp/1/p2p/${OTHER}`])
  await node.libp2p.peerStore.merge(parsePeer(OTHER), { multiaddrs: [multiaddr(unix)] })
  expect(await node.knownAddresses(OTHER)).toHaveLength(1)
})
