/** The way by which peers are reached: which is the best, what is told of it, when relayed connections end. */
import { generateKeyPair } from '@libp2p/crypto/keys'
import { multiaddr } from '@multiformats/multiaddr'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { beforeEach, describe, expect, it } from 'vitest'
import { Paths } from '../../../src/network/paths/paths.ts'
import { RelayRetirement } from '../../../src/network/relay/relay-retirement.ts'
import { DHT_PROTOCOL_V1, SESSION_PROTOCOL_V1 } from '../../../src/protocol/ids.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import type { Connection, PeerId } from '@libp2p/interface'

type Libp2p = ConstructorParameters<typeof Paths>[0]['libp2p']

const RELAY = '/ip4/45.0.0.1/tcp/1/p2p/12D3KooWGY6XUdaVMiYrgRnpanPS5iNJsrhP8t866CvcpJRaJjA6'
const ADDRESSES = {
  relayed: `${RELAY}/p2p-circuit`,
  direct: '/ip4/45.0.0.7/tcp/1',
  lan: '/ip4/192.168.1.7/tcp/1',
  local: '/ip4/127.0.0.1/tcp/1'
}

interface FakeConnection {
  status: 'open' | 'closed'
  streams: { protocol: string; status: string }[]
  connection: Connection
}

let clock: FakeClock
let peer: PeerId
let events: EventTarget
let connections: FakeConnection[]
let punched: Connection | undefined
let paths: Paths

beforeEach(async () => {
  clock = new FakeClock()
  peer = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
  events = new EventTarget()
  connections = []
  punched = undefined
  const libp2p = {
    addEventListener: events.addEventListener.bind(events),
    getConnections: () => connections.map(({ connection }) => connection)
  } as unknown as Libp2p
  paths = new Paths({ clock, libp2p, isPunched: (one) => one === punched })
})

function open(address: string, protocols: readonly string[] = []): FakeConnection {
  const fake: FakeConnection = {
    status: 'open',
    streams: protocols.map((protocol) => ({ protocol, status: 'open' })),
    connection: undefined as unknown as Connection
  }
  fake.connection = {
    remotePeer: peer,
    remoteAddr: multiaddr(address),
    timeline: { open: clock.wallMs() },
    close: async () => close(fake),
    get status() {
      return fake.status
    },
    get streams() {
      return fake.streams
    }
  } as unknown as Connection
  connections.push(fake)
  events.dispatchEvent(new CustomEvent('connection:open', { detail: fake.connection }))
  return fake
}

function close(fake: FakeConnection): void {
  fake.status = 'closed'
  connections = connections.filter((one) => one !== fake)
  events.dispatchEvent(new CustomEvent('connection:close', { detail: fake.connection }))
}

describe('the way to a peer', () => {
  it('is the best of its connections', () => {
    expect(paths.kindOf(peer)).toBeUndefined()
    for (const kind of ['relayed', 'direct', 'lan', 'local'] as const) {
      open(ADDRESSES[kind])
      expect(paths.kindOf(peer)).toBe(kind)
    }
  })

  it('of equal ones is the newest', () => {
    open(ADDRESSES.direct)
    clock.advance(1)
    const newer = open(ADDRESSES.direct)
    expect(paths.connections(peer)[0]).toBe(newer.connection)
  })

  it('through a hole that was punched comes after one that needed none', () => {
    punched = open(ADDRESSES.direct).connection
    expect(paths.kindOf(peer)).toBe('punched')
    open(ADDRESSES.direct)
    expect(paths.kindOf(peer)).toBe('direct')
  })

  it('is told when it has changed, and only then', () => {
    const told: unknown[] = []
    paths.onChange((_peer, kind, before) => told.push([before, kind]))
    const relayed = open(ADDRESSES.relayed)
    const direct = open(ADDRESSES.direct)
    open(ADDRESSES.relayed)
    close(direct)
    close(relayed)
    expect(told).toEqual([
      [undefined, 'relayed'],
      ['relayed', 'direct'],
      ['direct', 'relayed']
    ])
  })
})

describe('waiting for a direct way', () => {
  it('ends when there is one', async () => {
    open(ADDRESSES.relayed)
    const waiting = paths.whenDirect(peer, { timeoutMs: 1_000 })
    open(ADDRESSES.direct)
    await waiting
    expect(clock.timerCount).toBe(0)
  })

  it('ends when it has taken long enough', async () => {
    open(ADDRESSES.relayed)
    const waiting = paths.whenDirect(peer, { timeoutMs: 1_000 })
    clock.advance(1_000)
    await waiting
    expect(paths.isRelayed(peer)).toBe(true)
  })

  it('is no longer than the relayed way is young: a direct one would have come with it', async () => {
    open(ADDRESSES.relayed)
    clock.advance(400)
    const waiting = paths.whenDirect(peer, { timeoutMs: 1_000 })
    clock.advance(600)
    await waiting
    await paths.whenDirect(peer, { timeoutMs: 1_000 })
    expect(clock.timerCount).toBe(0)
  })

  it('ends with the signal', async () => {
    open(ADDRESSES.relayed)
    const controller = new AbortController()
    const waiting = paths.whenDirect(peer, { timeoutMs: 1_000, signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    expect(clock.timerCount).toBe(0)
  })
})

describe('a relayed connection', () => {
  let retirement: RelayRetirement
  beforeEach(() => {
    retirement = new RelayRetirement({ clock, paths })
  })

  it('ends soon after there is a better way', () => {
    const relayed = open(ADDRESSES.relayed, [DHT_PROTOCOL_V1, '/meshsub/1.2.0'])
    const direct = open(ADDRESSES.direct)
    clock.advance(2_999)
    expect(relayed.status).toBe('open')
    clock.advance(1)
    expect([relayed.status, direct.status]).toEqual(['closed', 'open'])
    expect(clock.timerCount).toBe(0)
  })

  it('lives for as long as streams of ours go over it', () => {
    const relayed = open(ADDRESSES.relayed, [SESSION_PROTOCOL_V1])
    open(ADDRESSES.direct)
    clock.advance(60_000)
    expect(relayed.status).toBe('open')
    relayed.streams = []
    clock.advance(1_000)
    expect(relayed.status).toBe('closed')
  })

  it('lives on when the better way is gone again', () => {
    const relayed = open(ADDRESSES.relayed)
    close(open(ADDRESSES.direct))
    clock.advance(3_600_000)
    expect(relayed.status).toBe('open')
  })

  it('ends in the end, whatever goes over it', () => {
    const relayed = open(ADDRESSES.relayed, [SESSION_PROTOCOL_V1])
    open(ADDRESSES.direct)
    clock.advance(3_600_000)
    expect(relayed.status).toBe('closed')
  })

  it('is left alone once the node stops', () => {
    open(ADDRESSES.relayed)
    open(ADDRESSES.direct)
    retirement.stop()
    expect(clock.timerCount).toBe(0)
  })
})
