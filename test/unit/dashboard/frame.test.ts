import { describe, expect, test } from 'vitest'
import { LiveBook } from '../../../src/dashboard/data/live-book.ts'
import { fitColumns, templateOf } from '../../../src/dashboard/parts/table-columns.ts'
import {
  formatAgo,
  formatShare,
  formatSpan,
  formatTook,
  plural,
  shortPeer
} from '../../../src/dashboard/data/formats.ts'
import { hasEnded, lookOf } from '../../../src/dashboard/parts/states.ts'
import type { Column } from '../../../src/dashboard/parts/table-columns.ts'

function node(peer_id: string, slots: number): object {
  return { peer_id, slots }
}

function add(book: LiveBook, news: object): void {
  book.add(news)
}

describe('news that wait for a frame', () => {
  test('are one, in which the last word counts', () => {
    const book = new LiveBook()
    add(book, {
      nodes: [node('a', 1), node('b', 1)],
      jobs: [{ id: 'j', state: 'queued' }],
      jobs_missed: 2
    })
    add(book, {
      nodes: [node('a', 2)],
      nodes_gone: ['b'],
      jobs: [{ id: 'j', state: 'running' }],
      jobs_missed: 1
    })
    const news = book.take()
    expect([...news.nodes]).toEqual([
      ['a', node('a', 2)],
      ['b', null]
    ])
    expect(news.jobs).toEqual([{ id: 'j', state: 'running' }])
    expect(news).toMatchObject({ jobsMissed: 3, isFirst: false })
    expect(book.take().nodes.size).toBe(0)
  })

  test('a first message forgets what was told before', () => {
    const book = new LiveBook()
    add(book, { nodes: [node('old', 1)], transfers: [] })
    add(book, { is_first: true, nodes: [node('new', 1)] })
    const news = book.take()
    expect([...news.nodes.keys()]).toEqual(['new'])
    expect(news.isFirst).toBe(true)
    expect(news.transfers).toBeUndefined()
  })
})

function column(key: string, widthPx: number, rank = 1): Column<unknown> {
  return { key, title: key, widthPx, rank, cell: () => '' }
}

describe('columns of a table', () => {
  const columns = [column('a', 100), column('b', 100, 3), column('c', 100, 2), column('d', 100)]
  const keys = (hidden: string[], widthPx: number): string =>
    fitColumns(columns, new Set(hidden), widthPx)
      .map(({ key }) => key)
      .join('')

  test('the least important go where there is no room, in their own order', () => {
    expect(keys([], 0)).toBe('abcd')
    expect(keys([], 1_000)).toBe('abcd')
    expect(keys([], 400)).toBe('acd')
    expect(keys([], 100)).toBe('ad')
  })

  test('what somebody hides is hidden, but for what the table is about', () => {
    expect(keys(['a', 'c'], 1_000)).toBe('abd')
  })

  test('become tracks of a grid', () => {
    expect(templateOf([column('a', 80), { ...column('b', 90), grow: 2 }])).toBe(
      '80px minmax(90px, 2fr)'
    )
  })
})

describe('figures', () => {
  test.each([
    [0, 'just now'],
    [42_400, '42s ago'],
    [3_600_000 + 120_000, '1h2m ago']
  ])('%d ms are %s', (ms, text) => {
    expect(formatAgo(1e12 - ms, 1e12)).toBe(text)
  })

  test('a share is never rounded to all or to nothing', () => {
    expect([0, 0.001, 0.5, 0.9999, 1].map(formatShare)).toEqual(['0%', '<1%', '50%', '99%', '100%'])
  })

  test('what runs is counted to now in whole seconds, what has ended is exact', () => {
    expect(formatTook({ from: 1_000, to: null }, 4_700)).toBe('3s')
    expect(formatTook({ from: 1_000, to: 4_700 }, 9_999)).toBe('3.7s')
    expect(formatTook({ from: null, to: null }, 9_999)).toBe('–')
    expect(formatSpan(200)).toBe('0s')
  })

  test('a PeerId is told by its end, a name is not cut', () => {
    expect(shortPeer('12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB')).toBe(
      '…BnPGYkZzB'.replace('BnPG', 'nPG')
    )
    expect(shortPeer('http/anna')).toBe('http/anna')
    expect([plural(1, 'job'), plural(2_000, 'job')]).toEqual(['1 job', '2,000 jobs'])
  })
})

test('a state that this version does not know has its name, and a sign', () => {
  expect(lookOf('timed_out')).toMatchObject({ word: 'timed out', tone: 'bad' })
  expect(lookOf('hibernating')).toEqual({ word: 'hibernating', icon: 'unknown', tone: 'quiet' })
  expect(lookOf('constructor').tone).toBe('quiet')
  expect(hasEnded({ state: 'held' })).toBe(false)
})
