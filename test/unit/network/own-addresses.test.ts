/** Which of its addresses a node tells others. */
import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, test } from 'vitest'
import { isPublic, toldAddresses } from '../../../src/network/nat/own-addresses.ts'

const RELAY = '/tcp/1/p2p/12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB/p2p-circuit'

function told(...texts: string[]): string[] {
  return toldAddresses(texts.map((text) => multiaddr(text))).map(String)
}

describe('told are', () => {
  test('addresses that others can dial, and no loopback or link-local ones beside them', () => {
    const lan = '/ip4/192.168.1.4/tcp/1'
    expect(told('/ip4/127.0.0.1/tcp/1', '/ip6/::1/tcp/1', '/ip6/fe80::1/tcp/1', lan)).toEqual([lan])
  })

  test('places at relays, but at none that is on a loopback address', () => {
    const place = `/ip4/45.0.0.1${RELAY}`
    expect(told('/ip4/192.168.1.4/tcp/1', `/ip4/127.0.0.1${RELAY}`, place)).toEqual([
      '/ip4/192.168.1.4/tcp/1',
      place
    ])
  })

  test('loopback addresses where there is nothing else', () => {
    const own = ['/ip4/127.0.0.1/tcp/1', `/ip4/127.0.0.1${RELAY}`]
    expect(told(...own)).toEqual(own)
  })

  test('names', () => {
    const name = '/dns4/mesh.example.org/tcp/443/wss'
    expect(told('/ip4/127.0.0.1/tcp/1', name)).toEqual([name])
  })
})

test.each([
  ['/ip4/45.0.0.1/tcp/1', true],
  ['/ip6/2a45::1/udp/1/quic-v1', true],
  ['/dns4/mesh.example.org/tcp/1', true],
  ['/ip4/100.64.0.1/tcp/1', false],
  ['/ip6/fd00::1/tcp/1', false],
  [`/ip4/45.0.0.1${RELAY}`, false],
  ['/memory/x', false]
])('%s is public: %s', (text, isIt) => {
  expect(isPublic(multiaddr(text))).toBe(isIt)
})
