/** A monitor as the only contact of a closed mesh: it introduces the others, shows them, and passes on what their router tells. */
import { join } from 'node:path'
import { readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { runInProcess } from '../support/fake-terminal.ts'
import { shareOverTests, startTaskmesh, temporaryHome } from '../support/spawn-taskmesh.ts'
import { until } from '../support/until.ts'
import type { ReadyReport } from '../../src/roles/role.ts'

shareOverTests()

interface Api {
  url: string
  token: string
}

let monitor: Api
let router: Api & { peer: string }

beforeAll(async () => {
  const env = { TASKMESH_HOME: temporaryHome() }
  await runInProcess(['init'], { env })
  const start = async (...words: string[]): Promise<ReadyReport> =>
    await startTaskmesh([...words, '--json'], { env }).report()
  const own = await start('monitor', '--web-port', '0')
  const way = ['--bootstrap', own.addresses[0] ?? '', '--listen', '/ip4/127.0.0.1/tcp/0']
  const [home] = await Promise.all([
    start('router', '--http', '127.0.0.1:0', ...way),
    start('worker', '--slots', '2', ...way)
  ])
  monitor = apiOf(own)
  router = { ...apiOf(home), peer: home.peer_id }
})

test('knows the routers of its namespace, and counts the workers that it has heard of', async () => {
  const routers = await until(
    'router',
    async () => (await ask('/v1/routers')).body as { peer_id: string }[],
    ({ length }) => length === 1
  )
  expect(routers).toEqual([expect.objectContaining({ peer_id: router.peer, is_self: false })])
  const overview = await until(
    'worker',
    async () => (await ask('/v1/overview')).body as { workers: { ready: number } },
    ({ workers }) => workers.ready === 1
  )
  expect(overview).toMatchObject({ role: 'monitor', slots: { total: 2 }, scope: 'operate' })
  expect(overview).not.toHaveProperty('jobs')
  expect((await ask('/v1/health', {}, '')).body).toMatchObject({ status: 'ok', workers_ready: 1 })
})

test('shows what the router tells it, and does nothing there by itself', async () => {
  expect((await ask(`/v1/routers/${router.peer}/jobs?limit=5`)).body).toEqual([])
  const body = JSON.stringify({ task: { engine: 'builtin', name: 'noop' } })
  const post = { method: 'POST', body, headers: { 'content-type': 'application/json' } }
  const refused = await ask(`/v1/routers/${router.peer}/jobs`, post)
  expect(refused).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } })
})

test("does what a token of the router's allows", async () => {
  const shown = { 'router-authorization': `Bearer ${router.token}` }
  const body = JSON.stringify({ task: { engine: 'builtin', name: 'echo', args: { n: 7 } } })
  const headers = { 'content-type': 'application/json', ...shown }
  const submitted = await ask(`/v1/routers/${router.peer}/jobs`, { method: 'POST', body, headers })
  expect(submitted.status).toBe(201)
  const { id } = submitted.body as { id: string }
  const ended = await ask(`/v1/routers/${router.peer}/jobs/${id}/wait?timeout=60s`)
  expect(ended.body).toMatchObject({ id, state: 'completed' })
})

test('passes the live stream on as it comes', async () => {
  const gone = new AbortController()
  const answer = await fetch(`${monitor.url}/v1/routers/${router.peer}/live`, {
    headers: { authorization: `Bearer ${monitor.token}` },
    signal: gone.signal
  })
  expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/)
  const first = await answer.body?.getReader().read()
  gone.abort()
  expect(new TextDecoder().decode(first?.value)).toContain('"is_first":true')
})

test.each([
  { what: 'no token', path: '/v1/overview', token: '', status: 401, code: 'UNAUTHORISED' },
  { what: 'no jobs of its own', path: '/v1/jobs', status: 404, code: 'NOT_FOUND' },
  {
    what: 'a path that leads to another router through this one',
    path: '/v1/routers/x/routers/y/jobs',
    status: 404,
    code: 'NOT_FOUND'
  },
  {
    what: 'what is no PeerId',
    path: '/v1/routers/nobody/jobs',
    status: 400,
    code: 'FIELD_INVALID'
  }
])('refuses: $what', async ({ code, path, status, token }) => {
  expect(await ask(path, {}, token)).toMatchObject({ status, body: { code } })
})

test('gives out the pages, or says how they are built', async () => {
  const page = await fetch(`${monitor.url}/jobs`)
  expect([200, 503]).toContain(page.status)
  expect(await page.text()).toContain('<title>taskmesh</title>')
})

function apiOf({ folder }: ReadyReport): Api {
  return JSON.parse(readFileSync(join(folder, 'api.json'), 'utf8')) as Api
}

async function ask(
  path: string,
  init: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {},
  token: string = monitor.token
): Promise<{ status: number; body: unknown }> {
  const headers = { ...init.headers, ...(token === '' ? {} : { authorization: `Bearer ${token}` }) }
  const answer = await fetch(`${monitor.url}${path}`, { ...init, headers })
  return { status: answer.status, body: await answer.json() }
}
