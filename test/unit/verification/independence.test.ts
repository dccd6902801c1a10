/** Who vouches for whom: owners, blocks of addresses, and what says nothing. */
import { expect, test } from 'vitest'
import { groupsOf, independentCount } from '../../../src/verification/independence.ts'
import type { Party } from '../../../src/verification/independence.ts'

let count = 0

function party({ addresses = [], owner, workerId = `worker-${count++}` }: Partial<Party>): Party {
  return { workerId, owner, addresses }
}

const RELAY = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'

test.each<[string, string[]]>([
  ['/ip4/8.8.4.7/tcp/4001', ['block 8.8.4']],
  ['/ip4/8.8.4.200/udp/4001/quic-v1', ['block 8.8.4']],
  ['/ip6/2606:4700:4700::1111/tcp/4001', ['block 2606:4700:4700']],
  ['/ip6/2606:4700:0:1::1/tcp/4001', ['block 2606:4700:0']],
  ['/ip6/2606::7:1:2:3:4:5/tcp/4001', ['block 2606:0:7']],
  ['/ip6/::ffff:8.8.4.7/tcp/4001', ['block 8.8.4']],
  ['/ip4/127.0.0.1/tcp/4001', []],
  ['/ip4/10.1.2.3/tcp/4001', []],
  ['/ip4/192.168.1.2/tcp/4001', []],
  ['/ip4/100.64.0.9/tcp/4001', []],
  ['/ip6/::1/tcp/4001', []],
  ['/ip6/fe80::1/tcp/4001', []],
  ['/ip6/fd00::1/tcp/4001', []],
  ['/dns4/example.org/tcp/4001', []],
  ['/memory/one', []],
  ['not an address', []],
  // Where the relay is says nothing of who is behind it.
  [`/ip4/8.8.4.7/tcp/4001/p2p/${RELAY}/p2p-circuit`, []]
])('%s belongs to %o', (address, groups) => {
  expect(groupsOf(party({ addresses: [address] }))).toEqual(groups)
})

test('workers of one owner, or at one place, have one vote among them', () => {
  const [near, far] = ['/ip4/8.8.4.1/tcp/1', '/ip4/9.9.9.1/tcp/1']
  expect(independentCount([party({}), party({})])).toBe(2)
  expect(independentCount([party({ owner: 'ada' }), party({ owner: 'ada' })])).toBe(1)
  expect(independentCount([party({ owner: 'ada' }), party({ owner: 'bob' })])).toBe(2)
  const neighbours = [party({ addresses: [near] }), party({ addresses: ['/ip4/8.8.4.9/tcp/1'] })]
  expect(independentCount(neighbours)).toBe(1)
  expect(independentCount([...neighbours, party({ addresses: [far] })])).toBe(2)
})

test('who hangs together by a chain is one group, whoever comes first', () => {
  const ada = party({ owner: 'ada', addresses: ['/ip4/8.8.4.1/tcp/1'] })
  const bob = party({ owner: 'bob', addresses: ['/ip4/9.9.9.1/tcp/1'] })
  const link = party({ owner: 'ada', addresses: ['/ip4/9.9.9.7/tcp/1'] })
  expect(independentCount([ada, bob])).toBe(2)
  for (const all of [
    [ada, bob, link],
    [link, ada, bob],
    [ada, link, bob]
  ]) {
    expect(independentCount(all)).toBe(1)
  }
})

test('a worker has one vote, whatever it calls itself the second time', () => {
  const twice = [party({ workerId: 'one', owner: 'ada' }), party({ workerId: 'one', owner: 'bob' })]
  expect(independentCount(twice)).toBe(1)
})
