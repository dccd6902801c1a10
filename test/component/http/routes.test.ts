/** Every route over a real socket: what it asks of the services, and that its answer fits its schema. */
import { expect, test } from 'vitest'
import { validatorFor } from '../../../src/model/validate.ts'
import { buildItemView, exampleOf } from '../../support/fake-api-services.ts'
import { startApi } from '../../support/start-api.ts'
import type { JobView } from '../../../src/model/generated/api-job.ts'

const JOB = exampleOf('api/job').id
const DOCUMENT = exampleOf('job')

interface Row {
  path: string
  schema: string
  isList?: boolean
  calls: [string, ...unknown[]][]
}

const GETS: Row[] = [
  { path: '/v1/jobs', schema: 'api/job', isList: true, calls: [['list', { limit: 100 }]] },
  {
    path: '/v1/jobs?state=completed&label=team=media&label=a=b=c&after=j-1&limit=5',
    schema: 'api/job',
    isList: true,
    calls: [
      ['list', { state: 'completed', labels: { team: 'media', a: 'b=c' }, after: 'j-1', limit: 5 }]
    ]
  },
  {
    path: '/v1/jobs?submitter=http&parent=j-1&since=2026-01-02T03:04:05Z',
    schema: 'api/job',
    isList: true,
    calls: [
      [
        'list',
        { submitter: 'http', parent: 'j-1', sinceMs: Date.UTC(2026, 0, 2, 3, 4, 5), limit: 100 }
      ]
    ]
  },
  {
    path: '/v1/jobs?sort=-ended&q=resize',
    schema: 'api/job',
    isList: true,
    calls: [['list', { sort: '-ended', text: 'resize', limit: 100 }]]
  },
  { path: `/v1/jobs/${JOB}/document`, schema: 'job', calls: [['document', JOB]] },
  {
    path: `/v1/jobs/${JOB}/history`,
    schema: 'api/job#/$defs/historyRow',
    isList: true,
    calls: [['history', JOB, {}]]
  },
  {
    path: `/v1/jobs/${JOB}/history?item=a`,
    schema: 'api/job#/$defs/historyRow',
    isList: true,
    calls: [['history', JOB, { item: 'a' }]]
  },
  { path: `/v1/jobs/${JOB}/logs`, schema: 'api/log', calls: [['log', JOB, {}]] },
  {
    path: `/v1/jobs/${JOB}/logs?item=a&attempt=2&tail=1&stream=out&follow=false`,
    schema: 'api/log',
    calls: [['log', JOB, { item: 'a', attempt: 2 }]]
  },
  { path: `/v1/jobs/${JOB}`, schema: 'api/job', calls: [['describe', JOB]] },
  { path: `/v1/jobs/j-7m`, schema: 'api/job', calls: [['describe', 'j-7m']] },
  { path: `/v1/jobs/${JOB}/wait`, schema: 'api/job', calls: [['wait', JOB, 30_000]] },
  { path: `/v1/jobs/${JOB}/wait?timeout=1500ms`, schema: 'api/job', calls: [['wait', JOB, 1_500]] },
  {
    path: `/v1/jobs/${JOB}/items?state=completed&limit=10`,
    schema: 'api/job#/$defs/item',
    isList: true,
    calls: [['items', JOB, { state: 'completed', limit: 10 }]]
  },
  {
    path: `/v1/jobs/${JOB}/attempts?item=a&after=3`,
    schema: 'api/job#/$defs/attempt',
    isList: true,
    calls: [['attempts', JOB, { item: 'a', after: 3, limit: 100 }]]
  },
  {
    path: `/v1/jobs/${JOB}/explain?item=a&attempt=2`,
    schema: 'decision',
    calls: [['explain', JOB, { item: 'a', attempt: 2 }]]
  },
  {
    path: `/v1/jobs/${JOB}/explain?why_not=YkzB`,
    schema: 'decision',
    calls: [['explain', JOB, { whyNot: 'YkzB' }]]
  },
  {
    path: `/v1/decisions?limit=5&after=7,${JOB},2,1`,
    schema: 'decision',
    isList: true,
    calls: [
      [
        'decisions',
        { sinceMs: 0, after: { atMs: 7, jobId: JOB, itemIndex: 2, attempt: 1 }, limit: 5 }
      ]
    ]
  },
  {
    path: '/v1/idle-reasons?peer=YkzB&since=15m',
    schema: 'api/idle-reasons',
    calls: [['idleReasons', { peer: 'YkzB', spanMs: 900_000 }]]
  },
  { path: '/v1/weights', schema: 'api/weights', calls: [] },
  {
    path: '/v1/nodes?require=zone%20%3D%20home&require=!spot',
    schema: 'api/node',
    isList: true,
    calls: [['nodes', { require: ['zone = home', '!spot'] }]]
  },
  { path: '/v1/nodes', schema: 'api/node', isList: true, calls: [['nodes', {}]] },
  { path: '/v1/nodes/YkzB', schema: 'api/node', calls: [['node', 'YkzB']] },
  {
    path: '/v1/files',
    schema: 'api/file',
    isList: true,
    calls: [['files', { order: 'name', limit: 100 }]]
  },
  {
    path: '/v1/files?name=test&sort=id&after=sha256:ab&limit=5',
    schema: 'api/file',
    isList: true,
    calls: [['files', { name: 'test', order: 'id', after: { id: 'sha256:ab' }, limit: 5 }]]
  },
  {
    path: '/v1/files?after=sha256:ab/a.txt&limit=5',
    schema: 'api/file',
    isList: true,
    calls: [['files', { order: 'name', after: { id: 'sha256:ab', name: 'a.txt' }, limit: 5 }]]
  },
  { path: '/v1/files/db0a', schema: 'api/file', calls: [['file', 'db0a']] },
  { path: '/v1/peers', schema: 'api/peer', isList: true, calls: [['peers']] },
  { path: '/v1/security', schema: 'api/security', calls: [['security']] },
  {
    path: '/v1/reputation',
    schema: 'api/reputation',
    isList: true,
    calls: [['reputations', { limit: 1_000 }]]
  },
  {
    path: '/v1/reputation?limit=5&after=YkzB',
    schema: 'api/reputation',
    isList: true,
    calls: [['reputations', { after: 'YkzB', limit: 5 }]]
  },
  { path: '/v1/reputation/YkzB', schema: 'api/reputation', calls: [['reputation', 'YkzB', {}]] },
  {
    path: '/v1/reputation/YkzB?as_of=2026-01-02T03:04:05Z',
    schema: 'api/reputation',
    calls: [['reputation', 'YkzB', { asOfMs: Date.UTC(2026, 0, 2, 3, 4, 5) }]]
  },
  {
    path: '/v1/reputation/YkzB/evidence?limit=1',
    schema: 'evidence-entry',
    isList: true,
    calls: [['evidence', 'YkzB', { limit: 1 }]]
  },
  {
    path: '/v1/reputation/YkzB/suspects',
    schema: 'evidence-entry',
    isList: true,
    calls: [['suspects', 'YkzB', { after: 0, limit: 100 }]]
  },
  { path: '/v1/health', schema: 'api/health', calls: [['health']] }
]

async function collect<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const row of rows) collected.push(row)
  return collected
}

test.each(GETS)('GET $path', async ({ path, schema, isList, calls }) => {
  const { call, services } = await startApi()
  const response = await call(path)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
  expect(response.headers.get('cache-control')).toBe('no-store')
  const value: unknown = await response.json()
  const rows = isList === true ? (value as unknown[]) : [value]
  expect(rows).toHaveLength(1)
  rows.forEach((row) => validatorFor(schema)(row))
  expect(services.calls).toEqual(calls)
})

test('POST /v1/jobs/plan', async () => {
  const { post, services } = await startApi()
  const response = await post('/v1/jobs/plan', DOCUMENT)
  expect(response.status).toBe(200)
  validatorFor('api/plan')(await response.json())
  expect(services.calls).toEqual([['plan', DOCUMENT]])
})

test.each([
  null,
  0,
  -1.5e-300,
  1e21,
  9_007_199_254_740_991,
  false,
  '',
  'ünïcode 🧮 \u2028 \u0000 "quoted" </script>',
  '\ud800 alone',
  [],
  {},
  [[[]], [null, [1, 'a', { b: [] }]]],
  { nested: { deep: [{ x: null }] }, '': 1, toJSON: 'text', 'key with spaces': 2 },
  JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}') as unknown
])('a result survives byte for byte: %j', async (result) => {
  const { call, client, services } = await startApi()
  const job = { ...exampleOf('api/job'), result } as JobView
  services.jobsById.set(job.id, job)
  services.itemViews = [{ ...buildItemView(), result } as (typeof services.itemViews)[0]]
  const wanted = JSON.stringify(result)
  expect(await (await call(`/v1/jobs/${JOB}`)).text()).toContain(`"result":${wanted}`)
  expect(await (await call(`/v1/jobs/${JOB}/items`)).text()).toContain(`"result":${wanted}`)
  expect(JSON.stringify((await client.job(JOB)).result)).toBe(wanted)
  expect(JSON.stringify((await client.items(JOB))[0]?.result)).toBe(wanted)
})

test('a document arrives as it was sent, with harmless prototypes', async () => {
  const { call, services } = await startApi()
  const authorization = 'Bearer a-token-for-tests'
  const body = '{"__proto__":{"polluted":true},"task":{"constructor":{"prototype":1}}}'
  const headers = { authorization, 'content-type': 'application/json; charset=utf-8' }
  expect((await call('/v1/jobs', { method: 'POST', headers, body })).status).toBe(201)
  expect(JSON.stringify(services.calls[0]?.[1])).toBe(body)
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
})

test('pages of items end at the limit or at their bytes, and say where to go on', async () => {
  const { call, client, services } = await startApi()
  services.itemViews = Array.from({ length: 2_500 }, (_, index) => buildItemView({ index }))
  const first = await call(`/v1/jobs/${JOB}/items?limit=1000`)
  expect(await first.json()).toHaveLength(1_000)
  expect(first.headers.get('link')).toBe(`</v1/jobs/${JOB}/items?after=999&limit=1000>; rel="next"`)
  const last = await call(`/v1/jobs/${JOB}/items?after=1999&limit=1000`)
  expect(await last.json()).toHaveLength(500)
  expect(last.headers.get('link')).toBeNull()
  expect(await collect(client.allItems(JOB))).toHaveLength(2_500)
  services.itemViews = services.itemViews.slice(0, 30).map((item) => ({
    ...item,
    result: 'x'.repeat(2_000_000)
  }))
  const large = await call(`/v1/jobs/${JOB}/items?limit=1000`)
  const page = (await large.json()) as { index: number }[]
  expect(page.length).toBeLessThan(30)
  expect(large.headers.get('link')).toContain(`after=${page.at(-1)?.index}`)
  const all = await collect(client.allItems(JOB))
  expect(all.map(({ index }) => index)).toEqual(services.itemViews.map(({ index }) => index))
})

test('a waiting caller that leaves is forgotten', async () => {
  const { call, services } = await startApi()
  services.jobsById.set(JOB, { ...exampleOf('api/job'), state: 'running' })
  const leaving = new AbortController()
  const answer = call(`/v1/jobs/${JOB}/wait?timeout=5m`, {
    headers: { authorization: 'Bearer a-token-for-tests' },
    signal: leaving.signal
  })
  await expect.poll(() => services.waiterCount).toBe(1)
  leaving.abort()
  await expect(answer).rejects.toThrow('aborted')
  await expect.poll(() => services.waiterCount).toBe(0)
})
