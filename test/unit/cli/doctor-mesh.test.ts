/** The doctor's verdicts on a mesh, from facts alone: what is well is summed up, what is not has a remedy. */
import { describe, expect, test } from 'vitest'
import { clockCheck, surelyAheadMs } from '../../../src/cli/doctor/clock-check.ts'
import { dhtCheck } from '../../../src/cli/doctor/dht-check.ts'
import { natCheck } from '../../../src/cli/doctor/nat-check.ts'
import { offsetOf } from '../../../src/cli/survey/outsider.ts'
import { reachabilityCheck } from '../../../src/cli/doctor/reachability-check.ts'
import { readAnswer } from '../../../src/network/relay/relay-question.ts'
import { relaysCheck } from '../../../src/cli/doctor/relays-check.ts'
import { versionsCheck } from '../../../src/cli/doctor/versions-check.ts'
import type {
  BootstrapAnswer,
  BootstrapFacts,
  Endpoint,
  MeshFacts,
  OwnNodeFacts
} from '../../../src/cli/survey/facts.ts'
import type { MeshCheck } from '../../../src/cli/doctor/check.ts'

const AGENT = 'taskmesh/1.2.3'
const PEERS = [
  '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB',
  '12D3KooWQDtNdcPiDftAj3dHr36ynYQFSFUUCtj1GYFxzWY6rAvZ',
  '12D3KooWRm8J3iL796zPFi2EtGGtUJn58AG67gcqzMnMWzCzGLFw'
] as const
const HOP = '/libp2p/circuit/relay/0.2.0/hop'
const PROTOCOLS = ['/taskmesh/command/1.0.0', '/taskmesh/kad/1.0.0', HOP]

/** A bootstrap at 45.0.0.<number>. */
function bootstrap(number: number, answer: Partial<BootstrapAnswer> = {}): BootstrapFacts {
  const address = `/ip4/45.0.0.${number}/tcp/51820`
  return {
    addresses: [address],
    peer: PEERS[number % 3],
    answer: {
      address,
      connectMs: 12,
      agent: AGENT,
      protocols: PROTOCOLS,
      told: [address],
      observed: undefined,
      clock: { lowMs: -900, highMs: 100 },
      ...answer
    }
  }
}

function silent(number: number): BootstrapFacts {
  const { addresses, peer } = bootstrap(number)
  return { addresses, peer, why: 'nobody listens there' }
}

function worker(told: readonly string[], init: Partial<OwnNodeFacts> = {}): OwnNodeFacts {
  const identity = { agent: AGENT, protocols: PROTOCOLS, told }
  return { name: 'worker', peer: PEERS[0], role: 'worker', isForOthers: true, identity, ...init }
}

const circuit = (number: number): string =>
  `/ip4/45.0.0.${number}/tcp/51820/p2p/${PEERS[number % 3]}/p2p-circuit`
const LAN = '/ip4/192.168.1.2/tcp/4000'

function facts(init: Partial<MeshFacts> = {}): MeshFacts {
  return {
    agent: AGENT,
    ownHosts: ['127.0.0.1', '192.168.1.2'],
    bootstraps: [bootstrap(1), bootstrap(2)],
    own: [],
    visit: { trouble: undefined, places: [] },
    ...init
  }
}

function verdict(check: MeshCheck, init: Partial<MeshFacts>): { summary: string; found: string[] } {
  const { findings, summary } = check.judge(facts(init))
  for (const { remedy, why } of findings) expect([why, remedy]).not.toContain('')
  return { summary, found: findings.map(({ severity, what }) => `${severity}: ${what}`) }
}

/** As bootstraps have seen dials from one port. */
function seen(one: Endpoint, other?: Endpoint): Partial<MeshFacts> {
  const others = other === undefined ? [] : [bootstrap(2, { observed: other })]
  return { bootstraps: [bootstrap(1, { observed: one }), ...others] }
}

/** Of clocks that this one is ahead of by so much. */
function times(...aheadMs: number[]): Partial<MeshFacts> {
  return {
    bootstraps: aheadMs.map((ms, index) =>
      bootstrap(index + 1, { clock: { lowMs: ms - 500, highMs: ms + 500 } })
    )
  }
}

/** What is found of a worker that tells these addresses. */
function relaysOf(...told: string[]): string[] {
  return verdict(relaysCheck, { own: [worker([LAN, ...told])] }).found
}

describe('reachability', () => {
  test('all is well where all answer, and a node has relays', () => {
    const own = [worker([LAN, circuit(1), circuit(2)])]
    const { found, summary } = verdict(reachabilityCheck, { own })
    expect(found).toEqual([])
    expect(summary).toBe(
      'bootstraps that answer: 2 of 2 (12ms, 12ms); worker: reached by relays, or directly where a hole can be punched'
    )
  })

  test('one bootstrap of two is a warning, none a problem', () => {
    const one = verdict(reachabilityCheck, { bootstraps: [bootstrap(1), silent(2)] })
    expect(one.found).toEqual([expect.stringMatching(/^warning: .*45\.0\.0\.2.*nobody listens/)])
    const none = verdict(reachabilityCheck, { bootstraps: [silent(1), silent(2)] })
    expect(none.found.every((text) => text.startsWith('problem:'))).toBe(true)
    expect(none.found).toHaveLength(2)
  })

  test.each([
    ['has told nothing but private addresses', worker([LAN]), /told no address/],
    [
      'listens here alone',
      worker(['/ip4/127.0.0.1/tcp/1'], { isForOthers: false }),
      /this machine alone/
    ],
    ['says nothing', worker([], { identity: undefined }), /does not answer at its own port/]
  ])('a node that %s is a warning', (_what, node, text) => {
    const { found } = verdict(reachabilityCheck, { own: [node] })
    expect(found).toEqual([expect.stringMatching(text)])
  })

  test('a mesh within private networks needs none of it', () => {
    const address = '/ip4/192.168.1.1/tcp/51820'
    const bootstraps = [{ ...bootstrap(1, { address }), addresses: [address] }]
    const { found, summary } = verdict(reachabilityCheck, { bootstraps, own: [worker([LAN])] })
    expect(found).toEqual([])
    expect(summary).toContain('worker: reached within private networks alone')
  })
})

describe('NAT', () => {
  const outside = { host: '45.0.0.101', port: 20_001 }

  test.each([
    [
      'none, by its own address',
      seen({ host: '192.168.1.2', port: 1 }, { host: '192.168.1.2', port: 1 }),
      'none: 192.168.1.2',
      0
    ],
    ['cone, by one port', seen(outside, outside), 'cone, behind 45.0.0.101', 0],
    [
      'symmetric, by two ports',
      seen(outside, { ...outside, port: 9 }),
      'symmetric, behind 45.0.0.101',
      1
    ],
    [
      'symmetric, by two hosts',
      seen(outside, { ...outside, host: '45.0.0.102' }),
      'symmetric, behind 45.0.0.101, 45.0.0.102',
      1
    ],
    ['unknown, by one bootstrap', seen(outside), 'behind 45.0.0.101, of an unknown kind', 1],
    ['not looked at', {}, 'not looked at', 0]
  ])('%s', (_what, init, text, count) => {
    const { found, summary } = verdict(natCheck, init)
    expect(summary).toContain(text)
    expect(found).toHaveLength(count)
    expect(found.every((one) => one.startsWith('note:'))).toBe(true)
  })

  test('by IPv4 where both are there', () => {
    const six = { host: '2a45::1', port: 4 }
    expect(verdict(natCheck, seen(six, outside)).summary).toContain('behind 45.0.0.101')
  })
})

describe('relays', () => {
  test('a node with two places is well; one with one is noted, one with none is warned of', () => {
    expect(relaysOf(circuit(1), circuit(2))).toEqual([])
    expect(relaysOf(circuit(1))).toEqual([
      expect.stringContaining('note: worker has a place at 1 of 2')
    ])
    expect(relaysOf()).toEqual([expect.stringContaining('warning: worker has a place at 0 of 2')])
  })

  test('whom all can dial needs none', () => {
    expect(verdict(relaysCheck, { own: [worker(['/ip4/45.0.0.9/tcp/1'])] }).found).toEqual([])
  })

  test('nobody relays', () => {
    const bootstraps = [bootstrap(1, { protocols: PROTOCOLS.slice(0, 2) })]
    expect(verdict(relaysCheck, { bootstraps }).found).toEqual([expect.stringMatching(/^note:/)])
    const own = [worker([LAN])]
    expect(verdict(relaysCheck, { bootstraps, own }).found).toEqual([
      expect.stringMatching(/^warning: no bootstrap/)
    ])
  })

  test('places that were given and refused', () => {
    const none = { dataBytes: undefined, durationMs: undefined }
    const { found, summary } = verdict(relaysCheck, {
      visit: {
        trouble: undefined,
        places: [
          {
            relay: PEERS[1],
            refusal: undefined,
            limits: { dataBytes: 1_048_576, durationMs: 60_000 }
          },
          { relay: PEERS[2], refusal: 'full', limits: none }
        ]
      }
    })
    expect(summary).toContain('1 place to be had (1MiB, 1m for each connection)')
    expect(found).toEqual([expect.stringMatching(/^warning: the relay .*45\.0\.0\.2.* \(full\)/)])
  })

  test('a relay’s answer is read, and one that is none is refused', () => {
    const given = Uint8Array.of(8, 2, 34, 5, 8, 0xe0, 0x5d, 16, 0, 40, 100)
    expect(readAnswer(given)).toEqual({
      refusal: undefined,
      limits: { dataBytes: undefined, durationMs: 12_000 }
    })
    expect(readAnswer(Uint8Array.of(8, 2, 40, 0xc9, 1)).refusal).toBe('full')
    expect(readAnswer(Uint8Array.of(8, 2)).refusal).toBe('refused')
    expect(() => readAnswer(Uint8Array.of(34, 9, 1))).toThrow(RangeError)
    expect(() => readAnswer(Uint8Array.of(0x80))).toThrow(RangeError)
  })
})

describe('DHT', () => {
  test('found, and not', () => {
    const own = [
      worker([], { found: { isFound: true } }),
      worker([], { name: 'late', found: { isFound: false, why: undefined } })
    ]
    expect(verdict(dhtCheck, { own: own.slice(0, 1) })).toEqual({
      summary: 'another node finds worker',
      found: []
    })
    expect(verdict(dhtCheck, { own })).toEqual({
      summary: 'another node finds 1 of 2 nodes',
      found: ['warning: another node does not find late in the DHT']
    })
  })

  test.each([
    ['stranger', 'note'],
    ['refused', 'warning']
  ] as const)('nobody could look: %s', (kind, severity) => {
    const trouble = { kind, why: 'so it is' }
    const { found, summary } = verdict(dhtCheck, { visit: { trouble, places: [] } })
    expect(summary).toBe('not looked at: so it is')
    expect(found).toEqual([expect.stringMatching(`^${severity}:`)])
  })
})

describe('clock', () => {
  test('what was told within one round trip', () => {
    // Sent at 10.2 s, answered at 10.4 s by a clock that says 10 s: it may be the same.
    expect(surelyAheadMs(offsetOf({ sentMs: 10_200, receivedMs: 10_400, theirS: 10 }))).toBe(0)
    expect(surelyAheadMs(offsetOf({ sentMs: 10_200, receivedMs: 10_400, theirS: 4 }))).toBe(5_200)
    expect(surelyAheadMs(offsetOf({ sentMs: 10_200, receivedMs: 10_400, theirS: 20 }))).toBe(-9_600)
  })

  test.each([
    ['none', times(0, 1_400), []],
    [
      'ours ahead',
      times(10_500, 10_500),
      [/^warning: the clock of this machine is 10s ahead of those/]
    ],
    [
      'ours behind by far',
      times(-900_500),
      [/^problem: the clock of this machine is 15m behind that of/]
    ],
    [
      'one of theirs',
      times(0, 0, 400_500),
      [/^warning: the clock of .*45\.0\.0\.3.* is .* behind this one/]
    ],
    ['two of three, each its own way', times(0, 9_000, -9_000), [/45\.0\.0\.2/, /45\.0\.0\.3/]]
  ])('wrong: %s', (_whose, init, found) => {
    expect(verdict(clockCheck, init).found).toEqual(
      found.map((text) => expect.stringMatching(text) as unknown)
    )
  })
})

describe('versions', () => {
  test('the same, another, and nothing of ours', () => {
    expect(verdict(versionsCheck, {})).toEqual({
      summary: `${AGENT} here; bootstraps: the same`,
      found: []
    })
    const other = bootstrap(1, { agent: 'taskmesh/1.0.0' })
    const foreign = bootstrap(2, { agent: 'kubo/0.40', protocols: ['/ipfs/id/1.0.0'] })
    const own = [worker([], { identity: { agent: 'taskmesh/1.2.2', protocols: [], told: [] } })]
    const { found } = verdict(versionsCheck, { bootstraps: [other, foreign], own })
    expect(found).toEqual([
      'note: worker runs taskmesh/1.2.2, and taskmesh/1.2.3 is installed',
      expect.stringMatching(/^note: .* runs taskmesh\/1\.0\.0/),
      expect.stringMatching(/^problem: .*kubo.* does not speak/)
    ])
  })
})

test('a mesh on this machine alone has nothing to say of gateways and relays', () => {
  const address = '/ip4/127.0.0.1/tcp/51820'
  const bootstraps = [{ ...bootstrap(1, { address }), addresses: [address] }]
  const own = [worker(['/ip4/127.0.0.1/tcp/4000'], { isForOthers: false })]
  for (const check of [reachabilityCheck, natCheck, relaysCheck]) {
    expect(verdict(check, { bootstraps, own }).found).toEqual([])
  }
})
