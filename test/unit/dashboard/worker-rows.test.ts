/** The workers' table as data: who is let through by a query, and in which order rows stand. */
import { describe, expect, test } from 'vitest'
import { filterRows, rowsOf, sortRows } from '../../../src/dashboard/workers/rows.ts'
import { exampleOf } from '../../support/fake-api-services.ts'
import type { SortKey } from '../../../src/dashboard/workers/rows.ts'
import type { NodeView } from '../../../src/model/generated/api-node.ts'

const NOW_MS = 1_000

function node(peer_id: string, overrides: Partial<NodeView> = {}): NodeView {
  return { ...exampleOf('api/node'), peer_id, ...overrides }
}

const NODES = [
  node('aaaa', { state: 'ready', running: 4, labels: { zone: 'home' }, latency_ms: 9 }),
  node('bbbb', { state: 'draining', engines: ['wasm'], labels: {}, latency_ms: null }),
  node('cccc', {
    state: 'ready',
    running: 0,
    path: 'relayed',
    latency_ms: 90,
    labels: { zone: 'lab' }
  })
]
const ROWS = rowsOf({
  nodes: NODES,
  names: new Map([
    ['aaaa', 'node 10'],
    ['bbbb', 'node 9']
  ]),
  reputations: new Map([
    ['cccc', { ...exampleOf('api/reputation'), quarantined_until_ms: NOW_MS + 1 }]
  ]),
  nowMs: NOW_MS
})

const found = (query: string): string[] => filterRows(ROWS, query).map(({ id }) => id)

describe('a query', () => {
  test('lets all through that is empty', () => {
    expect(found(' ')).toEqual(['aaaa', 'bbbb', 'cccc'])
  })

  test.each([
    ['state:ready', ['aaaa', 'cccc']],
    ['engine:wasm', ['bbbb']],
    ['label:zone', ['aaaa', 'cccc']],
    ['label:zone=ho', ['aaaa']],
    ['path:relayed', ['cccc']],
    ['is:quarantined', ['cccc']],
    ['is:busy', ['aaaa']],
    ['is:what', []],
    ['node', ['aaaa', 'bbbb']],
    ['state:ready zone=lab', ['cccc']],
    ['what:ever', []]
  ])('%s', (query, wanted) => {
    expect(found(query)).toEqual(wanted)
  })
})

function ids(key: SortKey, isDescending = false): string[] {
  return sortRows(ROWS, { key, isDescending }).map(({ id }) => id)
}

describe('the order', () => {
  test('is by names as people count', () => {
    expect(ids('name').indexOf('bbbb')).toBeLessThan(ids('name').indexOf('aaaa'))
  })

  test('has unknown latencies after all that are known', () => {
    expect(ids('latency')).toEqual(['aaaa', 'cccc', 'bbbb'])
  })

  test('turns round, but not among equals', () => {
    expect(ids('slots', true)[0]).toBe('aaaa')
    const equal = sortRows(
      ROWS.map((row) => ({ ...row, node: NODES[0] as NodeView })),
      {
        key: 'latency',
        isDescending: true
      }
    )
    expect(equal.map(({ id }) => id).indexOf('bbbb')).toBeLessThan(
      equal.map(({ id }) => id).indexOf('aaaa')
    )
  })

  test('has first what needs an eye', () => {
    expect(ids('state')[0]).toBe('bbbb')
  })
})
