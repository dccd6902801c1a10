/** Lists that a node has whole in memory, page by page: nothing is hidden or told twice by what comes and goes meanwhile. */
import { describe, expect, test } from 'vitest'
import { exampleOf } from '../../support/fake-api-services.ts'
import { nextOf } from '../../../src/client/api-caller.ts'
import { problemOf, startApi } from '../../support/start-api.ts'
import type { NodeFilter } from '../../../src/model/worker-list.ts'
import type { RunningApi } from '../../support/start-api.ts'

const idsOf = (rows: readonly { peer_id: string }[]): string[] => rows.map((row) => row.peer_id)

async function pageAt(
  { call }: RunningApi,
  path: string
): Promise<{ ids: string[]; next: string | undefined }> {
  const response = await call(path)
  expect(response.status).toBe(200)
  const ids = idsOf((await response.json()) as { peer_id: string }[])
  const [, next] = /<([^>]*)>; rel="next"/.exec(response.headers.get('link') ?? '') ?? []
  return { ids, next }
}

/** Every page, by the links from one to the next. */
async function walk(api: RunningApi, path: string): Promise<string[][]> {
  const pages: string[][] = []
  for (let next: string | undefined = path; next !== undefined;) {
    // oxlint-disable-next-line no-await-in-loop -- each page names the next
    const page: { ids: string[]; next: string | undefined } = await pageAt(api, next)
    pages.push(page.ids)
    next = page.next
  }
  return pages
}

async function apiWithNodes(
  scores: Readonly<Record<string, number | undefined>>
): Promise<RunningApi & { asked: NodeFilter[] }> {
  const api = await startApi()
  const asked: NodeFilter[] = []
  Object.assign(api.services.nodes, {
    list: async (filter: NodeFilter) => {
      asked.push(filter)
      return Object.entries(scores).map(([peer_id, score]) => {
        const { score: _score, ...node } = exampleOf('api/node')
        return { ...node, peer_id, ...(score === undefined ? {} : { score }) }
      })
    }
  })
  return { ...api, asked }
}

describe('workers', () => {
  test('come best first, equals by their PeerId, those without a score last', async () => {
    const api = await apiWithNodes({ d: undefined, c: 0.5, a: 0.1, b: 0.5, e: 1e-7 })
    expect(await walk(api, '/v1/nodes')).toEqual([['b', 'c', 'a', 'e', 'd']])
    expect(await walk(api, '/v1/nodes?limit=2')).toEqual([['b', 'c'], ['a', 'e'], ['d']])
    expect(await walk(api, '/v1/nodes?limit=1&sort=id')).toEqual(
      ['a', 'b', 'c', 'd', 'e'].map((id) => [id])
    )
  })

  test('are asked for by the same filters on each page', async () => {
    const api = await apiWithNodes({ a: 0.2, b: 0.1 })
    const filter = 'require=zone%20%3D%20home&require=!spot&state=quarantined&q=zone'
    await walk(api, `/v1/nodes?${filter}&limit=1`)
    const wanted = { require: ['zone = home', '!spot'], state: 'quarantined', text: 'zone' }
    expect(api.asked).toEqual([wanted, wanted])
  })

  test('are all in the library’s list, each once, whoever’s score changes meanwhile', async () => {
    const ids = Array.from({ length: 1_500 }, (_, index) => `p${`${index}`.padStart(4, '0')}`)
    const scores = Object.fromEntries(ids.map((id, index) => [id, index / 1_500]))
    const api = await apiWithNodes(scores)
    const list = api.services.nodes.list.bind(api.services.nodes)
    Object.assign(api.services.nodes, {
      list: async (filter: NodeFilter) => {
        // The last becomes the first.
        scores['p0000'] = (scores['p0000'] ?? 0) === 0 ? 2 : 0
        return await list(filter)
      }
    })
    const found = await api.client.nodes({ text: 'p' })
    expect(idsOf(found).toSorted()).toEqual(ids)
    const given = found.map(({ score = 0 }) => score)
    expect(given).toEqual(given.toSorted((left, right) => right - left))
    expect(api.asked).toEqual([{ text: 'p' }, { text: 'p' }])
  })
})

async function apiWithPeers(): Promise<RunningApi & { rows: { peer_id: string }[] }> {
  const api = await startApi()
  const peer = { ...exampleOf('api/peer'), relay: undefined }
  const rows = [
    { ...peer, peer_id: 'first', connected_at_ms: 1, path: 'relayed', agent: 'Go/1' },
    { ...peer, peer_id: 'second', connected_at_ms: 2, path: 'direct', direction: 'inbound' },
    { ...peer, peer_id: 'equal', connected_at_ms: 2, path: 'direct', direction: 'outbound' },
    { ...peer, peer_id: 'last', connected_at_ms: 3, path: 'direct', addresses: ['/ip4/9.9.9.9'] }
  ] as const
  const known = [...rows] as { peer_id: string }[]
  Object.assign(api.services.peers, { list: () => known })
  return { ...api, rows: known }
}

describe('peers', () => {
  test('come by when they came, and one that leaves moves no other', async () => {
    const api = await apiWithPeers()
    expect(await walk(api, '/v1/peers?limit=3')).toEqual([['first', 'equal', 'second'], ['last']])
    const { ids, next } = await pageAt(api, '/v1/peers?limit=2')
    expect(ids).toEqual(['first', 'equal'])
    api.rows.splice(0, 1)
    api.rows.splice(1, 1)
    expect((await pageAt(api, next ?? '')).ids).toEqual(['second', 'last'])
  })

  test.each([
    ['path=relayed', ['first']],
    ['q=go/', ['first']],
    ['q=9.9.9', ['last']],
    ['q=eco', ['second']],
    ['direction=inbound&path=direct&q=SEC', ['second']],
    ['q=nobody', []]
  ])('are found by %s', async (query, ids) => {
    expect((await pageAt(await apiWithPeers(), `/v1/peers?${query}`)).ids).toEqual(ids)
  })

  test('are filtered for the library, too', async () => {
    const { client } = await apiWithPeers()
    expect(idsOf(await client.peers({ path: 'direct', text: 'eq' }))).toEqual(['equal'])
    expect(await client.peers()).toHaveLength(4)
  })
})

test('routers come with this one first, and are found by name', async () => {
  const api = await startApi()
  const rows = [
    { peer_id: 'b', name: 'north', is_self: false },
    { peer_id: 'a', is_self: false },
    { peer_id: 'z', name: 'own', is_self: true }
  ]
  Object.assign(api.services.monitoring, { routers: () => rows })
  expect(await walk(api, '/v1/routers?limit=2')).toEqual([['z', 'a'], ['b']])
  expect(idsOf(await api.client.routers({ text: 'NOR' }))).toEqual(['b'])
  expect(idsOf(await api.client.routers())).toEqual(['z', 'a', 'b'])
})

test.each(['x', '1', '/x', 'x/x', '0.5/', 'NaN/x'])('no page begins at %s', async (after) => {
  const { call } = await startApi()
  const query = new URLSearchParams({ after })
  for (const path of ['/v1/nodes', '/v1/peers', '/v1/routers']) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await problemOf(await call(`${path}?${query}`))).toMatchObject({
      code: 'FIELD_INVALID',
      path: 'after'
    })
  }
})

test('a list that ends on its page has no link', async () => {
  const { call } = await startApi()
  const response = await call('/v1/nodes?limit=1')
  expect(nextOf(response.headers)).toBeUndefined()
})
