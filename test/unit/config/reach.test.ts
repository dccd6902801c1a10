/** Settings of how a node is reached: addresses, transports, relays, the local network. */
import { describe, expect, test } from 'vitest'
import { checkAddress, checkListen } from '../../../src/config/address.ts'
import { loadSettings } from '../../../src/config/load.ts'
import { ROLES } from '../../../src/config/options.ts'
import type { Role } from '../../../src/config/options.ts'

function hinted(hint: unknown): unknown {
  return expect.objectContaining({ hint })
}

function load<R extends Role>(role: R, flags: Record<string, string[]> = {}) {
  return loadSettings(role, { flags, env: {} })
}

describe('by default', () => {
  test.each(ROLES)('a %s speaks TCP, looks on the local network, and asks no gateway', (role) => {
    expect(load(role)).toMatchObject({
      transports: ['tcp'],
      hasMdns: true,
      mapsPorts: false,
      relays: undefined
    })
  })

  test('a bootstrap relays, without limits but for how many', () => {
    expect(load('bootstrap').relay).toEqual({
      isOn: true,
      reservationsMax: 1_024,
      dataBytes: undefined,
      durationMs: undefined,
      rateBytes: undefined
    })
  })
})

test('an owner says what a bootstrap relays', () => {
  const flags = {
    relay: ['false'],
    'relay-max': ['20'],
    'relay-data': ['10GiB'],
    'relay-duration': ['12h'],
    'relay-rate': ['5MiB']
  }
  expect(load('bootstrap', flags).relay).toEqual({
    isOn: false,
    reservationsMax: 20,
    dataBytes: 10 * 2 ** 30,
    durationMs: 43_200_000,
    rateBytes: 5 * 2 ** 20
  })
})

test.each([
  ['listen', '/ip4/0.0.0.0/tcp/51821/ws', 'ws'],
  ['bootstrap', '/dns4/mesh.example.org/tcp/443/wss', 'ws'],
  ['bootstrap', '/dns4/mesh.example.org/tcp/443/tls/ws', 'ws'],
  ['announce', '/ip4/203.0.113.7/udp/51820/quic-v1', 'quic'],
  ['transport', 'quic', 'quic']
])('--%s %s asks for %s', (flag, text, name) => {
  expect(load('worker', { [flag]: [text] }).transports).toEqual(['tcp', name])
})

test('a way from a relay on says nothing of the way to it', () => {
  const behind = '/ip4/203.0.113.7/tcp/1/p2p/12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'
  const { transports } = load('worker', { bootstrap: [`${behind}/p2p-circuit`] })
  expect(transports).toEqual(['tcp'])
})

test.each([
  ['transport', 'udp'],
  ['relays', '9'],
  ['relays', '-1'],
  ['mdns', 'perhaps'],
  ['map-ports', 'perhaps'],
  ['listen', '/ip4/0.0.0.0/tcp/65536'],
  ['listen', '/ip4/0.0.0.0/udp/51820'],
  ['listen', '/ip4/0.0.0.0/tcp/443/wss'],
  ['listen', '/ip4/0.0.0.0/tcp/443/tls/ws'],
  ['listen', '/dnsaddr/mesh.example.org'],
  ['announce', 'mesh.example.org:443'],
  ['bootstrap', '/ip4/203.0.113.7/tcp/-1']
])('a worker’s --%s %s is refused', (flag, text) => {
  const wrong = { code: 'FIELD_INVALID', path: `--${flag}` }
  expect(() => load('worker', { [flag]: [text] })).toThrow(expect.objectContaining(wrong))
})

test.each([
  ['relay-max', '0'],
  ['relay-data', '1KiB'],
  ['relay-data', 'much'],
  ['relay-duration', '30s'],
  ['relay-rate', '1']
])('a bootstrap’s --%s %s is refused', (flag, text) => {
  const wrong = { code: 'FIELD_INVALID', path: `--${flag}` }
  expect(() => load('bootstrap', { [flag]: [text] })).toThrow(expect.objectContaining(wrong))
})

test('what is wrong with an address is said, and what would be right', () => {
  expect(() => checkAddress('/ip4/192.0.2.1/udp/5', 'x')).toThrow(
    hinted(expect.stringContaining('/ip4/192.0.2.1/tcp/51820'))
  )
  expect(() => checkAddress('192.0.2.1:5', 'x')).toThrow(
    hinted('did you mean /ip4/192.0.2.1/tcp/5?')
  )
  expect(() => checkListen('/ip4/0.0.0.0/tcp/443/wss', 'x')).toThrow(
    hinted(expect.stringContaining('reverse proxy'))
  )
})
