import { multiaddr } from '@multiformats/multiaddr'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Door } from '../../../src/network/guard/door.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { addressGroup } from '../../../src/network/addresses.ts'
import { temporaryIdentity } from '../../../src/network/identity.ts'
import type { MultiaddrConnection, PeerId } from '@libp2p/interface'

/** A connection as far as the door looks at it. */
class FakeConnection extends EventTarget {
  readonly remoteAddr
  sent = 0
  isAborted = false

  constructor(address: string) {
    super()
    this.remoteAddr = multiaddr(address)
  }

  readonly send = (): boolean => {
    this.sent += 1
    return true
  }

  abort(): void {
    this.isAborted = true
    this.close()
  }

  close(): void {
    this.dispatchEvent(new Event('close'))
  }

  get asConnection(): MultiaddrConnection {
    return this as unknown as MultiaddrConnection
  }
}

let peers: PeerId[]
let members: Set<string>
let banned: Set<string>
let strikes: string[]
let door: Door
let clock: FakeClock

beforeAll(async () => {
  const keys = await Promise.all(Array.from({ length: 6 }, () => temporaryIdentity()))
  peers = keys.map((key) => peerIdFromPrivateKey(key))
})
beforeEach(() => {
  members = new Set()
  banned = new Set()
  strikes = []
  clock = new FakeClock()
  door = new Door({
    clock,
    conduct: { isShunned: () => false, strike: (_peer, offence) => strikes.push(offence) },
    admission: { isBanned: (peer) => banned.has(peer), isMember: (peer) => members.has(peer) }
  })
})

/** @returns whether it was let in */
function enter(connection: FakeConnection, peer = peers[0] as PeerId): boolean {
  const { gater } = door
  if (gater.denyInboundConnection?.(connection.asConnection) === true) return false
  if (gater.denyInboundEncryptedConnection?.(peer, connection.asConnection) === true) {
    connection.abort()
    return false
  }
  return gater.denyInboundUpgradedConnection?.(peer, connection.asConnection) !== true
}

const at = (address: string): FakeConnection => new FakeConnection(`/ip4/${address}/tcp/1`)

/** A connection that has only just come; undefined where it is refused. */
function begin(address: string): FakeConnection | undefined {
  const connection = at(address)
  const isDenied = door.gater.denyInboundConnection?.(connection.asConnection)
  return isDenied === true ? undefined : connection
}

/** How many of so many are let in. */
function comers(address: string, count: number): number {
  return Array.from({ length: count }, () => begin(address)).filter((one) => one !== undefined)
    .length
}

function hasBegun(address: string): FakeConnection {
  const connection = begin(address)
  if (connection === undefined) throw new Error('refused')
  return connection
}

/** Each is a peer of its own: the bound of one peer is not meant here. */
function strangerAt(address: string, index: number): FakeConnection {
  const connection = at(address)
  const peer = { toString: () => `stranger ${address} ${index}` } as PeerId
  expect(enter(connection, peer)).toBe(true)
  return connection
}

function aborted(all: readonly FakeConnection[]): number[] {
  return all.flatMap(({ isAborted }, index) => (isAborted ? [index] : []))
}

describe('connections that are being set up', () => {
  test('are bounded by address: the oldest makes room, and what ends does, whichever way', () => {
    const max = LIMITS.pendingConnectionsPerAddressMax
    const open = Array.from({ length: max }, () => hasBegun('1.2.3.4'))
    expect(aborted(open)).toEqual([])
    clock.advance(10_000)
    open.push(hasBegun('1.2.3.4'), hasBegun('1.2.3.5'))
    expect(aborted(open)).toEqual([0])
    expect(door.counts().pending).toBe(1)
    open[1]?.close()
    open.push(hasBegun('1.2.3.4'))
    expect(aborted(open)).toEqual([0])
  })

  test('are bounded over all addresses at the cost of that with the most', () => {
    const most = Array.from({ length: 200 }, () => hasBegun('1.2.3.4'))
    const few = Array.from({ length: 156 }, () => hasBegun('1.2.3.5'))
    const others = Array.from({ length: 158 }, () => hasBegun('1.2.3.6'))
    expect(aborted(most)).toEqual([0, 1])
    expect(aborted([...few, ...others])).toEqual([])
  })

  test('come at a pace: of one address so many, of all together more, and a moment later again', () => {
    expect(comers('1.2.3.4', 300)).toBe(256)
    expect(comers('1.2.3.5', 300)).toBe(256)
    clock.advance(1_000)
    expect(comers('1.2.3.4', 300)).toBe(32)
    // Each from somewhere else.
    const elsewhere = Array.from({ length: 1_000 }, (_, index) =>
      comers(`2.2.${index % 250}.${index % 4}`, 1)
    )
    expect(elsewhere.reduce((sum, one) => sum + one, 0)).toBe(1_024 - 512 + 96 - 32)
  })

  test('are answered so often, and then ended; afterwards as often as they like', () => {
    const pending = begin('1.2.3.4')
    for (let count = 0; count < 64; count += 1) pending?.send()
    expect(pending?.isAborted).toBe(false)
    pending?.send()
    expect(pending).toMatchObject({ isAborted: true, sent: 64 })
    const open = at('1.2.3.4')
    enter(open)
    for (let count = 0; count < 1_000; count += 1) open.send()
    expect(open).toMatchObject({ isAborted: false, sent: 1_000 })
  })
})

describe('connections of one peer', () => {
  test('that come by a relay are bounded too, and held against the peer by nobody', () => {
    members.add(String(peers[0]))
    const relayed = (): FakeConnection =>
      new FakeConnection(`/ip4/1.2.3.4/tcp/1/p2p/${String(peers[1])}/p2p-circuit`)
    for (let count = 0; count < LIMITS.peerConnectionsMax; count += 1) {
      expect(enter(relayed())).toBe(true)
    }
    expect(enter(relayed())).toBe(false)
    expect(strikes).toEqual([])
  })

  test('are bounded; what is beyond counts against it, and what ends makes room', () => {
    members.add(String(peers[0]))
    const open = Array.from({ length: LIMITS.peerConnectionsMax }, () => at('1.2.3.4'))
    expect(open.map((connection) => enter(connection))).not.toContain(false)
    expect(enter(at('9.9.9.9'))).toBe(false)
    expect(enter(at('9.9.9.9'), peers[1])).toBe(true)
    expect(strikes).toEqual(['flood'])
    open[3]?.close()
    expect(enter(at('1.2.3.4'))).toBe(true)
    expect(door.counts().excess).toBe(1)
  })
})

describe('strangers', () => {
  test('of one address make room for the next: the oldest goes, and no member', () => {
    const member = at('1.2.3.4')
    enter(member, peers[1])
    members.add(String(peers[1]))
    const max = LIMITS.strangersPerAddressMax
    const all = Array.from({ length: max + 2 }, (_, index) => strangerAt('1.2.3.4', index))
    expect(aborted(all)).toEqual([0, 1])
    expect(member.isAborted).toBe(false)
    expect(door.counts().strangers).toBe(2)
  })

  test('of all addresses together are bounded, too', () => {
    const max = LIMITS.strangersMax
    const all = Array.from({ length: max + 3 }, (_, index) =>
      strangerAt(`1.2.${index % 200}.1`, index)
    )
    expect(aborted(all)).toEqual([0, 1, 2])
  })

  test('who have become members, or left, are none', () => {
    const max = LIMITS.strangersPerAddressMax
    const all = Array.from({ length: max }, (_, index) => strangerAt('1.2.3.4', index))
    members.add('stranger 1.2.3.4 0')
    all[1]?.close()
    const next = [strangerAt('1.2.3.4', max), strangerAt('1.2.3.4', max + 1)]
    expect(aborted([...all, ...next])).toEqual([])
    strangerAt('1.2.3.4', max + 2)
    expect(aborted(all)).toEqual([2])
  })
})

test.each([
  ['/ip4/1.2.3.4/tcp/1', '1.2.3.4'],
  ['/ip6/2001:db8:1:2:3:4:5:6/tcp/1', '2001:db8:1:2'],
  ['/ip6/2001:db8:1:2::7/tcp/9', '2001:db8:1:2'],
  ['/ip6/::1/tcp/1', '0:0:0:0'],
  ['/ip6/2001:db8::/tcp/1', '2001:db8:0:0']
])('%s shares its bounds with all of %s', (address, group) => {
  expect(addressGroup(multiaddr(address))).toBe(group)
})

test('who is banned is not dialled, and may come to hear of it', () => {
  const [peer] = peers as [PeerId]
  expect(door.gater.denyDialPeer?.(peer)).toBe(false)
  banned.add(peer.toString())
  expect(door.gater.denyDialPeer?.(peer)).toBe(true)
  expect(enter(at('1.2.3.4'), peer)).toBe(true)
})
