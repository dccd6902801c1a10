/** What is made of addresses that others name. */
import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import { isOfInternet, isWorthKeeping } from '../../../src/network/addresses.ts'

const PEER = '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'
const OTHER = '12D3KooWK5WnFBdMd67iPLYt4uh19GtVmjKCUXk9JhDLssK8Snxr'

test.each([
  '/ip4/45.0.0.1/tcp/1',
  `/ip4/45.0.0.1/tcp/1/p2p/${PEER}`,
  '/ip6/2a00:1::1/udp/1/quic-v1'
])('%s leads to the peer by the internet', (address) => {
  expect(isOfInternet(multiaddr(address), PEER)).toBe(true)
})

test.each([
  '/ip4/192.168.1.1/tcp/1',
  '/ip4/127.0.0.1/tcp/1',
  '/ip4/224.0.0.1/tcp/1',
  '/ip6/64:ff9b::a00:1/tcp/1',
  '/ip6/::ffff:a00:1/tcp/1',
  '/dns4/example.org/tcp/1',
  '/unix/%2Frun%2Fa.sock',
  `/ip4/45.0.0.1/tcp/1/p2p/${OTHER}`,
  `/ip4/45.0.0.1/tcp/1/p2p/${OTHER}/p2p-circuit/p2p/${PEER}`
])('%s does not', (address) => {
  expect(isOfInternet(multiaddr(address), PEER)).toBe(false)
})

test.each([
  ['/ip4/10.0.0.1/tcp/1', true],
  ['/dns4/example.org/tcp/1', true],
  ['/dnsaddr/example.org', false],
  ['/unix/%2Frun%2Fa.sock', false],
  [`/unix/%2Frun%2Fa.sock/p2p/${OTHER}/p2p-circuit`, false]
])('%s is remembered: %s', (address, isKept) => {
  expect(isWorthKeeping(multiaddr(address))).toBe(isKept)
})
