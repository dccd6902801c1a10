/** A real bootstrap, router and worker: whom they say they are connected to, the graph that is drawn from it, and a live stream with a job. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createParser } from 'eventsource-parser'
import { loadSettings } from '../../../src/config/load.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { startBootstrap } from '../../../src/roles/bootstrap.ts'
import { startRouter } from '../../../src/roles/router.ts'
import { startWorker } from '../../../src/roles/worker.ts'
import { until } from '../../support/until.ts'
import { validatorFor } from '../../../src/model/validate.ts'
import type { LiveNews } from '../../../src/model/generated/api-live.ts'
import type { MapView } from '../../../src/model/generated/api-map.ts'
import type { OverviewView } from '../../../src/model/generated/api-overview.ts'
import type { RunningNode } from '../../../src/roles/role.ts'

const TOKEN = 'a-token-long-enough'
const home = mkdtempSync(join(tmpdir(), 'map-'))
let boot: RunningNode
let router: RunningNode
let worker: RunningNode

const flags = (more: Record<string, string[]>) => ({
  env: {},
  flags: { home: [home], listen: ['/ip4/127.0.0.1/tcp/0'], namespace: ['map'], ...more }
})

const call = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${router.report.http}/v1${path}`, {
    ...init,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }
  })

const read = async <T>(path: string): Promise<T> => (await (await call(path)).json()) as T

beforeAll(async () => {
  boot = await startBootstrap(loadSettings('bootstrap', flags({})), silentLogger)
  const bootstrap = [boot.report.addresses[0] ?? '']
  const own = { bootstrap, http: ['127.0.0.1:0'], token: [TOKEN], web: ['false'] }
  router = await startRouter(loadSettings('router', flags(own)), silentLogger)
  const settings = loadSettings('worker', flags({ bootstrap, name: ['berlin'], slots: ['2'] }))
  worker = await startWorker(settings, silentLogger)
  await until(
    'a worker is known',
    () => read<OverviewView>('/overview'),
    ({ workers }) => workers['ready'] === 1
  )
})

afterAll(async () => {
  await worker?.stop()
  await router?.stop()
  await boot?.stop()
  rmSync(home, { recursive: true, force: true })
})

test('the graph has all nodes, by their own words, and each link once', async () => {
  const map = await until(
    'the worker has said whom it is connected to',
    () => read<MapView>('/map'),
    ({ nodes }) => nodes.filter(({ told_ms_ago: told }) => told !== undefined).length === 2
  )
  const of = (node: RunningNode) => map.nodes.find((each) => each.peer_id === node.report.peer_id)
  expect(of(router)).toMatchObject({ role: 'router', is_self: true })
  expect(of(worker)).toMatchObject({ role: 'worker', name: 'berlin', state: 'ready' })
  expect(of(boot)).toMatchObject({ role: 'bootstrap', name: 'bootstrap' })
  const ends = map.links.map(({ from, to }) => [from, to].toSorted().join(' '))
  expect(new Set(ends).size).toBe(3)
  expect(ends).toHaveLength(3)
  expect(map.links.every(({ path }) => path === 'local')).toBe(true)
})

test('a job that is handed in is told live, and counted', async () => {
  const check = validatorFor<LiveNews>('api/live', 'message')
  const told: LiveNews[] = []
  const parser = createParser({ onEvent: ({ data }) => void told.push(check(JSON.parse(data))) })
  const leaving = new AbortController()
  const stream = await call('/live', { signal: leaving.signal })
  const reading = (async () => {
    const decoder = new TextDecoder()
    for await (const bytes of stream.body as ReadableStream<Uint8Array>)
      parser.feed(decoder.decode(bytes, { stream: true }))
  })().catch(() => undefined)
  const body = JSON.stringify({
    name: 'Told live',
    task: { engine: 'builtin', name: 'sha256', args: { text: 'hello' } }
  })
  const { id } = (await (await call('/jobs', { method: 'POST', body })).json()) as { id: string }
  await until(
    'its end is told',
    async () => told.flatMap(({ jobs = [] }) => jobs).filter((job) => job.id === id),
    (jobs) => jobs.some(({ state }) => ['completed', 'failed'].includes(state))
  )
  leaving.abort()
  await reading
  expect(told[0]?.is_first).toBe(true)
  expect(told[0]?.nodes).toHaveLength(1)
  const { jobs = {} } = await read<OverviewView>('/overview')
  expect(Object.values(jobs).reduce((sum, count) => sum + count, 0)).toBe(1)
  const found = await read<{ id: string }[]>('/jobs?q=TOLD')
  expect(found.map((job) => job.id)).toEqual([id])
})

test('without its pages a router has the API alone', async () => {
  expect(router.report.pages).toBeUndefined()
  expect((await fetch(`${router.report.http}/`)).status).toBe(401)
})
