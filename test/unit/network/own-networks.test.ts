import { describe, expect, it } from 'vitest'
import { OwnNetworks } from '../../../src/network/dialling/own-networks.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import type { NetworkInterfaceInfo } from 'node:os'

function info(cidr: string, internal = false): NetworkInterfaceInfo {
  const [address = ''] = cidr.split('/')
  const shared = { address, cidr, internal, mac: '00:00:00:00:00:00', netmask: '' }
  return cidr.includes(':')
    ? { ...shared, family: 'IPv6', scopeid: 0 }
    : { ...shared, family: 'IPv4' }
}

const LO = [info('127.0.0.1/8', true), info('::1/128', true)]

function build(cidrs: readonly string[]): OwnNetworks {
  const interfaces = { lo: LO, eth0: cidrs.map((cidr) => info(cidr)) }
  return new OwnNetworks({ clock: new FakeClock(), interfaces: () => interfaces }, [])
}

describe('what is near', () => {
  const here = build(['192.168.1.2/24', '2a00:1::2/64', 'fe80::2/64', '10.8.0.2/32'])

  it.each(['192.168.1.77', '2a00:1::77', '10.8.0.2'])('is %s, of a network of ours', (host) => {
    expect(here.isNear(host)).toBe(true)
  })

  it.each(['192.168.2.77', '2a00:1:0:1::77', '10.8.0.3', '45.0.0.1'])(
    'is not %s, of another one',
    (host) => {
      expect(here.isNear(host)).toBe(false)
    }
  )

  it('is nothing of loopback, and no address that means another machine on each link', () => {
    expect(here.isNear('127.0.0.2')).toBe(false)
    expect(here.isNear('fe80::77')).toBe(false)
  })

  it('is no more than this machine’s own address is', () => {
    expect(here.isOwn('192.168.1.2')).toBe(true)
    expect(here.isOwn('2a00:1:0:0:0:0:0:2')).toBe(true)
    expect(here.isOwn('::1')).toBe(true)
    expect(here.isOwn('192.168.1.77')).toBe(false)
  })
})

describe('a node', () => {
  it.each([
    [[], true],
    [['/ip4/127.0.0.1/tcp/0', '/ip6/::1/tcp/0', '/p2p-circuit', '/memory/a'], true],
    [['/ip4/127.0.0.1/tcp/0', '/ip4/0.0.0.0/tcp/0'], false],
    [['/ip6/::/udp/0/quic-v1'], false]
  ])('that listens on %j is on this machine only: %s', (listen, isLoopbackOnly) => {
    expect(new OwnNetworks({ clock: new FakeClock() }, listen).isLoopbackOnly).toBe(isLoopbackOnly)
  })

  it('sees that its addresses have changed, and does not ask for each dial', () => {
    const clock = new FakeClock()
    let asked = 0
    let cidr = '192.168.1.2/24'
    const interfaces = (): Record<string, NetworkInterfaceInfo[]> => {
      asked += 1
      return { eth0: [info(cidr)] }
    }
    const here = new OwnNetworks({ clock, interfaces }, [])
    expect(here.isNear('192.168.1.77')).toBe(true)
    cidr = '10.0.0.2/8'
    expect(here.isNear('10.1.1.1')).toBe(false)
    expect(asked).toBe(1)
    clock.advance(5_000)
    expect(here.isNear('10.1.1.1')).toBe(true)
    expect(here.isNear('192.168.1.77')).toBe(false)
    expect(asked).toBe(2)
  })
})
