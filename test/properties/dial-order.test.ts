/** What must hold of the order of dialling, whatever addresses a peer names. fast-check prints its seed. */
import * as fc from 'fast-check'
import { isLoopback } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { DIAL_TIERS, addressSorter, dialOrder } from '../../src/network/dialling/dial-order.ts'
import { isCircuit } from '../../src/network/addresses.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { OwnNetworks } from '../../src/network/dialling/own-networks.ts'
import { FakeClock } from '../support/fake-clock.ts'
import type { Multiaddr } from '@multiformats/multiaddr'

const RELAYS = [
  '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN',
  '12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X'
]

const host = fc.oneof(
  fc.ipV4().map((ip) => `/ip4/${ip}`),
  fc.ipV6().map((ip) => `/ip6/${ip}`),
  fc.nat(255).map((last) => `/ip4/192.168.1.${last}`),
  fc.constantFrom('/ip4/127.0.0.1', '/ip6/::1', '/dns4/a.example', '/ip4/192.168.1.2')
)
const port = fc.constantFrom('/tcp/1', '/tcp/2', '/tcp/1/ws', '/udp/1/quic-v1')
const direct = fc.tuple(host, port).map((parts) => parts.join(''))
const relayed = fc
  .tuple(direct, fc.constantFrom(...RELAYS))
  .map(([address, relay]) => `${address}/p2p/${relay}/p2p-circuit`)
const addresses = fc
  .array(fc.oneof(direct, direct, relayed), { maxLength: 40 })
  .map((texts) => texts.map((text) => multiaddr(text)))
const listen = fc.constantFrom(['/ip4/127.0.0.1/tcp/0'], ['/ip4/0.0.0.0/tcp/0'], [])

function whereabouts(listens: readonly string[]): OwnNetworks {
  const eth0 = {
    address: '192.168.1.2',
    netmask: '255.255.255.0',
    cidr: '192.168.1.2/24',
    mac: '00:00:00:00:00:00',
    family: 'IPv4',
    internal: false
  } as const
  return new OwnNetworks({ clock: new FakeClock(), interfaces: () => ({ eth0: [eth0] }) }, listens)
}

const texts = (list: readonly Multiaddr[]): string[] => list.map((each) => each.toString())

describe('the order of dialling', () => {
  it('has each address once that may be tried, and nothing else', () => {
    fc.assert(
      fc.property(addresses, listen, (given, listens) => {
        const here = whereabouts(listens)
        const plan = texts(dialOrder(given, here).map(({ address }) => address))
        const unrelayed = given.filter((each) => !isCircuit(each))
        const isOfLoopbackAlone = given.length === unrelayed.length && unrelayed.every(isLoopback)
        const isHere =
          isOfLoopbackAlone ||
          unrelayed.some((each) => each.toString().startsWith('/ip4/192.168.1.2/'))
        const mayBe = given.filter(
          (each) => isCircuit(each) || !isLoopback(each) || here.isLoopbackOnly || isHere
        )
        const expected = new Set(texts(mayBe))
        expect(new Set(plan).size).toBe(plan.length)
        expect(plan.every((each) => expected.has(each))).toBe(true)
        expect(plan.length).toBe(Math.min(expected.size, LIMITS.peerAddressesMax))
      })
    )
  })

  it('begins at once and never goes back, and each tier begins no earlier than a better one', () => {
    fc.assert(
      fc.property(addresses, listen, (given, listens) => {
        const plan = dialOrder(given, whereabouts(listens))
        const times = plan.map(({ afterMs }) => afterMs)
        expect(times).toEqual(times.toSorted((left, right) => left - right))
        expect(times[0] ?? 0).toBe(0)
        const begins = DIAL_TIERS.map((tier) => plan.find((each) => each.tier === tier)?.afterMs)
        const told = begins.filter((afterMs) => afterMs !== undefined)
        expect(told).toEqual(told.toSorted((left, right) => left - right))
      })
    )
  })

  it('troubles relays only where there is nothing else, or half a second later', () => {
    fc.assert(
      fc.property(addresses, listen, (given, listens) => {
        const plan = dialOrder(given, whereabouts(listens))
        if (plan.every(({ tier }) => tier === 'relay')) return
        const early = plan.filter(({ afterMs }) => afterMs < 500)
        expect(early.every(({ tier }) => tier !== 'relay')).toBe(true)
      })
    )
  })

  it('is an order for libp2p too', () => {
    fc.assert(
      fc.property(fc.tuple(direct, relayed, direct), listen, (given, listens) => {
        const compare = addressSorter(whereabouts(listens))
        const [a, b, c] = given.map((text) => ({ multiaddr: multiaddr(text), isCertified: false }))
        if (a === undefined || b === undefined || c === undefined) throw new Error('three')
        expect(compare(a, c) + compare(c, a)).toBe(0)
        expect(compare(a, b)).toBe(-1)
        expect(compare(b, c)).toBe(1)
      })
    )
  })
})
