import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { addressSorter, dialOrder } from '../../../src/network/dialling/dial-order.ts'
import type { Whereabouts } from '../../../src/network/dialling/dial-order.ts'

const RELAY = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'
const OTHER_RELAY = '12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X'

const LAN = '/ip4/192.168.1.7/tcp/1'
const LAN_V6 = '/ip6/fd00::7/tcp/1'
const PUBLIC = '/ip4/45.0.0.7/tcp/1'
const PUBLIC_V6 = '/ip6/2a00::7/tcp/1'
const VPN = '/ip4/10.9.0.7/tcp/1'
const LOOPBACK = '/ip4/127.0.0.1/tcp/1'
const OWN = '/ip4/192.168.1.2/tcp/1'
const RELAYED = circuit('/ip4/45.0.0.9/tcp/1', RELAY)

/** A node at 192.168.1.2 and fd00::2 that others can reach there. */
const HERE: Whereabouts = {
  isLoopbackOnly: false,
  isOwn: (host) => ['127.0.0.1', '192.168.1.2', 'fd00::2'].includes(host),
  isNear: (host) => /^(192\.168\.1\.|fd00:)/.test(host)
}
const LOCAL: Whereabouts = { ...HERE, isLoopbackOnly: true }

function circuit(address: string, relay: string): string {
  return `${address}/p2p/${relay}/p2p-circuit`
}

function order(addresses: readonly string[], here = HERE): [string, number][] {
  const plan = dialOrder(
    addresses.map((each) => multiaddr(each)),
    here
  )
  return plan.map(({ address, afterMs }) => [address.toString(), afterMs])
}

describe('addresses of a peer', () => {
  it('of which there is one, whatever it is, are dialled at once', () => {
    for (const address of [LAN, PUBLIC, VPN, RELAYED, '/memory/a', '/dns4/a.example/tcp/1']) {
      expect(order([address])).toEqual([[address, 0]])
    }
  })

  it('are tried on the local network first, then directly, then elsewhere, then through relays', () => {
    expect(order([RELAYED, VPN, PUBLIC, LAN])).toEqual([
      [LAN, 0],
      [PUBLIC, 250],
      [VPN, 500],
      [RELAYED, 500]
    ])
  })

  it('begin with those of the internet where none is near', () => {
    expect(order([RELAYED, VPN, PUBLIC])).toEqual([
      [PUBLIC, 0],
      [VPN, 250],
      [RELAYED, 500]
    ])
  })

  it('of both families take turns, and follow each other a moment apart', () => {
    const second = '/ip6/2a00::8/tcp/1'
    expect(order([PUBLIC_V6, second, PUBLIC])).toEqual([
      [PUBLIC_V6, 0],
      [PUBLIC, 250],
      [second, 500]
    ])
    expect(order([LAN, LAN_V6])).toEqual([
      [LAN, 0],
      [LAN_V6, 250]
    ])
  })

  it('of relays take turns relay by relay, and one that is told for its own machine comes last', () => {
    const own = circuit(LOOPBACK, RELAY)
    const second = circuit('/ip4/45.0.0.10/tcp/1', RELAY)
    const other = circuit('/ip4/45.0.0.11/tcp/1', OTHER_RELAY)
    expect(order([own, RELAYED, second, other]).map(([address]) => address)).toEqual([
      RELAYED,
      other,
      second,
      own
    ])
  })

  it('over TCP come before the same over what is set up on top of it', () => {
    const ws = '/ip4/45.0.0.7/tcp/2/ws'
    const quic = '/ip4/45.0.0.7/udp/1/quic-v1'
    expect(order([ws, quic, PUBLIC]).map(([address]) => address)).toEqual([PUBLIC, ws, quic])
  })

  it('count once', () => {
    expect(order([LAN, LAN, LAN])).toEqual([[LAN, 0]])
  })
})

describe('a loopback address', () => {
  it('of a peer on another machine is not tried', () => {
    expect(order([LOOPBACK, LAN])).toEqual([[LAN, 0]])
    expect(order([LOOPBACK, RELAYED]).map(([address]) => address)).toEqual([RELAYED])
  })

  it('of a peer that names no other is tried: it is on this machine or nowhere', () => {
    expect(order([LOOPBACK])).toEqual([[LOOPBACK, 0]])
  })

  it('of a peer on this machine, which has one of its addresses too, comes first', () => {
    expect(order([LAN, OWN, LOOPBACK]).map(([address]) => address)).toEqual([OWN, LOOPBACK, LAN])
  })

  it('is as good as others where this node listens nowhere else', () => {
    expect(order([LOOPBACK, '/ip6/::1/tcp/1'], LOCAL)).toEqual([
      [LOOPBACK, 0],
      ['/ip6/::1/tcp/1', 250]
    ])
  })

  it('comes later even so, of a peer that seems to be on another machine', () => {
    expect(order([LOOPBACK, PUBLIC, LAN], LOCAL)).toEqual([
      [LAN, 0],
      [PUBLIC, 250],
      [LOOPBACK, 500]
    ])
  })
})

describe('the sorter of libp2p’s own queue', () => {
  it('has the same order, with a stranger’s loopback address before relays only', () => {
    const sorted = [RELAYED, LOOPBACK, VPN, PUBLIC, LAN, OWN]
      .map((each) => ({ multiaddr: multiaddr(each), isCertified: false }))
      .toSorted(addressSorter(HERE))
    expect(sorted.map((each) => each.multiaddr.toString())).toEqual([
      OWN,
      LAN,
      PUBLIC,
      LOOPBACK,
      VPN,
      RELAYED
    ])
  })
})
