/** Whom a node dials of those that answer on the local network. */
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { beforeEach, expect, test } from 'vitest'
import { LocalDiscovery } from '../../../src/network/contact/local-discovery.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { settle } from '../../support/settle.ts'
import type { LanMulticastInit } from '../../../src/network/contact/lan-multicast.ts'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Startable } from '../../../src/core/startable.ts'

const SELF = '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'
const OTHER = '12D3KooWK5WnFBdMd67iPLYt4uh19GtVmjKCUXk9JhDLssK8Snxr'
const THIRD = '12D3KooWCJMsMTQy2ShDNEY9WgPqF4gLRPgRmr2sbjW6FVYep67D'
const LAN = `/ip4/192.168.1.5/tcp/1/p2p/${OTHER}`

let clock: FakeClock
let lan: LanMulticastInit
let dialled: string[]
let learned: string[]
let connected: Set<string>
let discovery: LocalDiscovery
let isReachable: boolean

const listened = (): Multiaddr[] =>
  [
    '/ip4/127.0.0.1/tcp/1',
    '/ip4/192.168.1.4/tcp/1',
    `/ip4/45.0.0.1/tcp/1/p2p/${OTHER}/p2p-circuit`
  ].map((text) => multiaddr(text))
const multicast = (init: LanMulticastInit): Startable => {
  lan = init
  return { start: async () => {}, stop: async () => {} }
}

function create(meshTag?: string): LocalDiscovery {
  const node = {
    selfPeer: SELF,
    isConnected: (peer: string) => connected.has(peer),
    learnAddresses: async (_peer: string, addresses: readonly string[]) => {
      learned.push(...addresses)
    },
    dial: async (peer: string) => {
      dialled.push(peer)
      if (!isReachable) throw new Error('unreachable')
      connected.add(peer)
      return peer
    }
  }
  const here = { isNear: (host: string) => host.startsWith('192.168.1.') }
  const init = { meshTag, listened, here, multicast }
  return new LocalDiscovery({ clock, logger: silentLogger, node }, init)
}

beforeEach(() => {
  clock = new FakeClock()
  dialled = []
  learned = []
  connected = new Set()
  isReachable = true
  discovery = create('mesh-2xAbCdEf')
})

async function hear(...addresses: string[]): Promise<void> {
  lan.onAnswer(addresses)
  await settle()
}

test('each mesh has a name of its own, and all open ones have one together', () => {
  expect(lan.service).toBe('_mesh-2xAbCdEf._udp.local')
  create()
  expect(lan.service).toBe('_taskmesh._udp.local')
})

test('it answers with what the local network can dial', () => {
  expect(lan.addresses()).toEqual([`/ip4/192.168.1.4/tcp/1/p2p/${SELF}`])
})

test('who answers is dialled once, and again when it was lost', async () => {
  await hear(LAN)
  await hear(LAN)
  expect(dialled).toEqual([OTHER])
  connected.clear()
  await hear(LAN)
  expect(dialled).toEqual([OTHER])
  clock.advance(30_000)
  await hear(LAN)
  expect(dialled).toEqual([OTHER, OTHER])
})

test('who cannot be reached is left alone for a while', async () => {
  isReachable = false
  await hear(LAN)
  await hear(LAN)
  expect(dialled).toEqual([OTHER])
})

test('neither itself nor nonsense is dialled, nor what names two peers', async () => {
  await hear(`/ip4/192.168.1.4/tcp/1/p2p/${SELF}`)
  await hear('nonsense', '/ip4/192.168.1.5/tcp/1')
  await hear(LAN, `/ip4/192.168.1.6/tcp/1/p2p/${THIRD}`)
  expect(dialled).toEqual([])
})

test('only addresses of the local network are dialled, whatever an answer names', async () => {
  const elsewhere = [
    `/ip4/45.0.0.1/tcp/22/p2p/${OTHER}`,
    `/ip4/127.0.0.1/tcp/22/p2p/${OTHER}`,
    `/dns4/www.example.org/tcp/80/p2p/${OTHER}`,
    `/ip4/192.168.1.9/tcp/1/p2p/${THIRD}/p2p-circuit/p2p/${OTHER}`
  ]
  await hear(...elsewhere)
  expect(dialled).toEqual([])
  await hear(...elsewhere, LAN)
  expect(learned).toEqual([LAN])
})

test('who invents peers has some of them dialled, and no more', async () => {
  isReachable = false
  const keys = await Promise.all(Array.from({ length: 100 }, () => generateKeyPair('Ed25519')))
  for (const peer of keys.map((key) => peerIdFromPrivateKey(key).toString())) {
    await hear(`/ip4/192.168.1.5/tcp/1/p2p/${peer}`) // oxlint-disable-line no-await-in-loop
  }
  expect(dialled.length).toBe(64)
  clock.advance(10_000)
  await hear(LAN)
  expect(dialled.at(-1)).toBe(OTHER)
})

test('after the end nobody is', async () => {
  await discovery.stop()
  await hear(LAN)
  expect(dialled).toEqual([])
})
