/**
 * Real nodes in one process: every metric of the table is told by some role, in a text that Prometheus reads, and a job is
 * one trace from the request that brought it to the engine that ran it, over a restart of its router.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ApiClient } from '../../../src/client/api-client.ts'
import { loadSettings } from '../../../src/config/load.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { METRICS } from '../../../src/observe/metrics.ts'
import { readPrometheusText } from '../../support/prometheus-text.ts'
import { startBootstrap } from '../../../src/roles/bootstrap.ts'
import { startOtlpReceiver } from '../../support/otlp-receiver.ts'
import { startRouter } from '../../../src/roles/router.ts'
import { startShare } from '../../../src/roles/share.ts'
import { startWorker } from '../../../src/roles/worker.ts'
import { until } from '../../support/until.ts'
import type { OtlpReceiver, ReceivedSpan } from '../../support/otlp-receiver.ts'
import type { RunningNode } from '../../../src/roles/role.ts'

const TOKEN = 'a-token-long-enough'
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const CALLER = '00f067aa0ba902b7'
const SECRET = 'nobody-may-trace-this'
const home = mkdtempSync(join(tmpdir(), 'observed-'))
const nodes: RunningNode[] = []
let collector: OtlpReceiver
let boot: RunningNode

const flags = (more: Record<string, string[]> = {}) => ({
  env: {},
  flags: {
    home: [home],
    listen: ['/ip4/127.0.0.1/tcp/0'],
    metrics: ['127.0.0.1:0'],
    otlp: [collector.url],
    ...more
  }
})
const joined = (more: Record<string, string[]> = {}) =>
  flags({ bootstrap: [boot.report.addresses[0] ?? ''], ...more })

async function startTheRouter(): Promise<RunningNode> {
  const sources = joined({ http: ['127.0.0.1:0'], token: [TOKEN] })
  return await startRouter(loadSettings('router', sources), silentLogger)
}

async function read(address: string, headers: Record<string, string> = {}) {
  const response = await fetch(address, { headers })
  return { status: response.status, text: await response.text() }
}

beforeAll(async () => {
  collector = await startOtlpReceiver()
  boot = await startBootstrap(loadSettings('bootstrap', flags()), silentLogger)
  nodes.push(boot)
})

afterAll(async () => {
  for (const node of nodes.toReversed()) await node.stop()
  await collector.stop()
  rmSync(home, { recursive: true, force: true })
})

test('a job is one trace, whichever life of its router sees it through', async () => {
  const first = await startTheRouter()
  const response = await fetch(`${first.report.http}/v1/jobs`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'application/json',
      traceparent: `00-${TRACE}-${CALLER}-01`
    },
    body: JSON.stringify({
      task: {
        engine: 'javascript',
        source: 'export default ({ said }) => said',
        input: { said: SECRET }
      }
    })
  })
  expect(response.status).toBe(201)
  expect(response.headers.get('traceparent')).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`))
  const { id } = (await response.json()) as { id: string }
  await first.stop()

  const router = await startTheRouter()
  nodes.push(router)
  const engines = { engine: ['javascript', 'builtin'], slots: ['1'] }
  const worker = await startWorker(loadSettings('worker', joined(engines)), silentLogger)
  nodes.push(worker)
  const client = new ApiClient({ url: router.report.http ?? '', token: TOKEN })
  const job = await until(
    'end of the job',
    () => client.job(id),
    ({ state }) => state === 'completed'
  )
  expect(job.result).toBe(SECRET)
  await worker.stop()
  await router.stop()

  const spans = collector.spans.filter(({ traceId }) => traceId === TRACE)
  expectConnected(spans)
  const names = spans.map(({ name, role }) => `${role}: ${name}`).toSorted()
  expect(names).toEqual([
    'router: POST /v1/jobs',
    'router: attempt',
    'router: queue',
    'router: result',
    'router: submit',
    'worker: admission',
    'worker: run',
    'worker: task'
  ])
  const task = spans.find(({ name }) => name === 'task')
  expect(task?.fields).toMatchObject({ 'taskmesh.job': id, 'taskmesh.engine': 'javascript' })
  expect(task?.fields['taskmesh.router']).toBe(router.report.peer_id)
  expect(JSON.stringify(collector.spans)).not.toContain(SECRET)
  expect(JSON.stringify(collector.spans)).not.toContain(TOKEN)
})

/** Each span is part of another one, up to the caller's own. */
function expectConnected(spans: readonly ReceivedSpan[]): void {
  const ids = new Set([CALLER, ...spans.map(({ spanId }) => spanId)])
  const loose = spans.filter(({ parentSpanId }) => !ids.has(parentSpanId ?? ''))
  expect(loose).toEqual([])
  for (const { endMs, isError, startMs } of spans) {
    expect(endMs).toBeGreaterThanOrEqual(startMs)
    expect(isError).toBe(false)
  }
}

test('every metric of the table is told by some role, and all of it can be read', async () => {
  const router = await startTheRouter()
  const engines = { engine: ['javascript', 'builtin'], slots: ['1'] }
  const worker = await startWorker(loadSettings('worker', joined(engines)), silentLogger)
  const share = await startShare(loadSettings('share', joined()), silentLogger)
  nodes.push(router, worker, share)
  const client = new ApiClient({ url: router.report.http ?? '', token: TOKEN })
  const task = { engine: 'javascript', source: 'export default () => 1' } as const
  const job = await client.submit({ task })
  await client.wait(job.id)
  const refused = await fetch(`${router.report.http}/v1/${SECRET}`)
  expect(refused.status).toBe(401)

  const told = new Set<string>()
  for (const { report } of [boot, router, worker, share]) {
    const page = readPrometheusText((await read(report.metrics ?? '')).text)
    for (const [name, { series }] of page) {
      told.add(name)
      for (const { labels } of series) {
        expect(Object.values(labels).join(' ')).not.toMatch(/12D3KooW|nobody-may/)
        expect(Object.values(labels)).not.toContain(job.id)
      }
    }
    expect(page.has('libp2p_data_transfer_bytes_total')).toBe(true)
  }
  expect(Object.keys(METRICS).filter((name) => !told.has(name))).toEqual([])
  expect([...told].some((name) => name.startsWith('libp2p_kad_dht_'))).toBe(true)

  const page = readPrometheusText(await client.metrics())
  const ended = page.get('taskmesh_attempt_ended_total')?.series
  expect(ended).toEqual([
    expect.objectContaining({ labels: { state: 'completed', blame: 'none', code: 'ok' } })
  ])
  const requests = page.get('taskmesh_http_requests_total')?.series ?? []
  expect(requests.map(({ labels }) => labels['operation'])).toContain('other')
})

test('the page of a node is for those on its machine, and healthz says that it lives', async () => {
  const address = new URL(boot.report.metrics ?? '')
  expect(await read(`${address.origin}/healthz`)).toEqual({ status: 200, text: 'ok\n' })
  expect((await read(`${address.origin}/else`)).status).toBe(404)
  expect((await read(address.href, { host: 'evil.example' })).status).toBe(200)
  expect((await read(address.href, { origin: 'https://evil.example' })).status).toBe(403)
  expect((await fetch(address, { method: 'POST' })).status).toBe(405)
})
