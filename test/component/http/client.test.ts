/** The client against real servers: every method, and what it makes of outages. */
import { createServer } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { ApiClient, isAutomaticKey } from '../../../src/client/api-client.ts'
import { ApiServer } from '../../../src/http/server.ts'
import {
  buildJobEvent,
  buildJobView,
  buildLog,
  buildPeerEvent
} from '../../support/fake-api-services.ts'
import { startApi, TOKEN } from '../../support/start-api.ts'
import type { AddressInfo } from 'node:net'
import type { LogView } from '../../../src/model/generated/api-log.ts'
import type { RunningApi } from '../../support/start-api.ts'

const RUNNING = buildJobView({ state: 'running' })
const JOB = RUNNING.id

/** The router comes back on its old address, as after a restart. */
async function restart(api: RunningApi): Promise<void> {
  await api.server.stop()
  const server = new ApiServer(
    { services: api.services },
    { host: '127.0.0.1', port: api.port, token: TOKEN }
  )
  await server.start()
  onTestFinished(() => server.stop())
}

test('each method asks its route', async () => {
  const { client, services } = await startApi()
  await client.submit({ task: 1, key: 'own' })
  await client.handIn({ task: 1 }, { key: 'given' })
  await client.handIn({ jobs: { a: { key: 'own' } } })
  await client.plan({ task: 2 })
  await client.job('j-7')
  await client.jobs()
  await client.jobs({
    state: 'failed',
    labels: { team: 'a=b', zone: 'x y' },
    submitter: 'http',
    parent: 'j-0',
    since: '2026-01-02T03:04:05Z',
    after: 'j-1',
    limit: 3
  })
  await client.document('j-7')
  await client.wait('j-7', { timeoutMs: 5_000 })
  await client.items('j-7', { state: 'completed', after: 2, limit: 3 })
  await client.attempts('j-7', { item: 'ä/b', limit: 2 })
  await client.explain('j-7')
  await client.explain('j-7', { item: 'a', attempt: 2 })
  await client.stop('j-7')
  await client.stop('j-7', 'wrong input', { killAfter: '10s' })
  await client.hold('j-7')
  await client.hold('j-7', 'not yet')
  await client.release('j-7')
  await client.rerun('j-7')
  await client.rerun('j-7', { items: 'all', set: { priority: 60 } })
  await client.history('j-7', { item: 'a' })
  await client.log('j-7', { item: 'a', attempt: 2, tail: 3, stream: 'err' })
  await client.setAvailability('Ykz/B', { availability: 'draining', deadline: '1m' })
  await client.backup()
  await client.nodes()
  await client.nodes({ require: ['zone = home', 'cpu_cores >= 4'] })
  await client.node('Ykz/B')
  await client.peers()
  await client.reputation()
  await client.reputation({ limit: 5 })
  await client.reputationOf('YkzB')
  await client.reputationOf('Ykz/B', { asOf: '2026-01-02T03:04:05Z' })
  let read = 0
  for await (const entry of client.evidenceOf('YkzB')) read += entry.attempt ?? 0
  for await (const entry of client.suspectsOf('YkzB')) read += entry.attempt ?? 0
  expect(read).toBe(3)
  const lines = await new Response(await client.exportReputation({ peer: 'YkzB' })).text()
  expect(lines.split('\n')).toEqual([expect.stringContaining('taskmesh-reputation'), '{}', ''])
  await client.health()
  expect(services.calls).toEqual([
    ['submit', { task: 1, key: 'own' }, 'http'],
    ['submit', { task: 1, key: 'given' }, 'http'],
    ['submitGraph', { jobs: { a: { key: 'own' } } }, 'http'],
    ['plan', { task: 2 }],
    ['describe', 'j-7'],
    ['list', { limit: 100 }],
    [
      'list',
      {
        state: 'failed',
        labels: { team: 'a=b', zone: 'x y' },
        submitter: 'http',
        parent: 'j-0',
        sinceMs: Date.UTC(2026, 0, 2, 3, 4, 5),
        after: 'j-1',
        limit: 3
      }
    ],
    ['document', 'j-7'],
    ['wait', 'j-7', 5_000],
    ['items', 'j-7', { state: 'completed', after: 2, limit: 3 }],
    ['attempts', 'j-7', { item: 'ä/b', limit: 2 }],
    ['explain', 'j-7', {}],
    ['explain', 'j-7', { item: 'a', attempt: 2 }],
    ['stop', 'j-7', { reason: 'stopped through the API' }, 'http'],
    ['stop', 'j-7', { reason: 'wrong input', killAfterMs: 10_000 }, 'http'],
    ['hold', 'j-7', undefined, 'http'],
    ['hold', 'j-7', 'not yet', 'http'],
    ['release', 'j-7', 'http'],
    ['rerun', 'j-7', {}, 'http'],
    ['rerun', 'j-7', { items: 'all', set: { priority: 60 } }, 'http'],
    ['history', 'j-7', { item: 'a' }],
    ['log', 'j-7', { item: 'a', attempt: 2 }],
    ['setAvailability', 'Ykz/B', { availability: 'draining', deadline_ms: 60_000 }],
    ['backup', undefined],
    ['nodes', {}],
    ['nodes', { require: ['zone = home', 'cpu_cores >= 4'] }],
    ['node', 'Ykz/B'],
    ['peers'],
    ['reputations', { limit: 1_000 }],
    ['reputations', { limit: 5 }],
    ['reputation', 'YkzB', {}],
    ['reputation', 'Ykz/B', { asOfMs: Date.UTC(2026, 0, 2, 3, 4, 5) }],
    ['evidence', 'YkzB', { limit: 1_000 }],
    ['evidence', 'YkzB', { after: '1-2', limit: 1_000 }],
    ['suspects', 'YkzB', { after: 0, limit: 1_000 }],
    ['export', { peer: 'YkzB' }],
    ['health']
  ])
})

test('a problem becomes a MeshError with its code, path and hint', async () => {
  const { client } = await startApi()
  await expect(client.job('j-none')).rejects.toMatchObject({
    name: 'MeshError',
    code: 'JOB_NOT_FOUND',
    retryable: false
  })
  await expect(client.jobs({ limit: 0 })).rejects.toMatchObject({
    code: 'FIELD_INVALID',
    path: 'limit'
  })
})

test('a wrong token is told as such', async () => {
  const { url } = await startApi()
  await expect(new ApiClient({ url }).jobs()).rejects.toMatchObject({ code: 'UNAUTHORISED' })
  const client = new ApiClient({ url, token: 'wrong' })
  await expect(client.watch('j-7').next()).rejects.toMatchObject({ code: 'UNAUTHORISED' })
  await expect(client.health()).resolves.toMatchObject({ status: 'ok' })
})

test('nobody there: said at once, with what to do', async () => {
  const { url, server } = await startApi()
  await server.stop()
  const client = new ApiClient({ url, token: TOKEN })
  const expected = {
    code: 'API_UNREACHABLE',
    message: `no router answers at ${url} (ECONNREFUSED)`,
    hint: 'is a router running? start one with `taskmesh router`, or name it with --api / TASKMESH_API'
  }
  await expect(client.jobs()).rejects.toMatchObject(expected)
  await expect(client.wait('j-7')).rejects.toMatchObject(expected)
  await expect(client.watch('j-7').next()).rejects.toMatchObject(expected)
})

test.each([
  ['a page of another server', 200, '<html>hello'],
  ['an error of another server', 404, 'nope'],
  ['a redirect', 302, '']
])('%s is not taken for a router', async (_name, status, body) => {
  const other = createServer((_request, response) => {
    response.writeHead(status, { location: 'http://192.0.2.1/' }).end(body)
  })
  await new Promise<void>((resolve) => void other.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => other.close().closeAllConnections())
  const url = `127.0.0.1:${(other.address() as AddressInfo).port}`
  const client = new ApiClient({ url, token: TOKEN })
  await expect(client.health()).rejects.toMatchObject({
    code: 'RESPONSE_INVALID',
    retryable: false
  })
})

test('handing in says whether the job is new, and gives every submission a key', async () => {
  const { client, services } = await startApi()
  expect(await client.handIn({ task: 1 })).toMatchObject({ jobs: [{ id: JOB }], isNew: true })
  services.isNew = false
  expect(await client.handIn({ task: 1 })).toMatchObject({ isNew: false })
  const keys = services.calls.map(([, document]) => (document as { key: string }).key)
  expect(keys).toEqual([expect.stringMatching(/^auto-j-/), expect.stringMatching(/^auto-j-/)])
  expect(keys[0]).not.toBe(keys[1])
  expect(keys.every(isAutomaticKey)).toBe(true)
})

test('watching a job tells how it stands, each event, and ends with it', async () => {
  const { client, services } = await startApi()
  services.jobsById.set(JOB, RUNNING)
  const told: unknown[] = []
  for await (const { type, state } of client.watch('j-7')) {
    told.push([type, state])
    if (told.length === 1) {
      services.emit(buildJobEvent({ type: 'attempt:progress' }))
      services.emit(buildJobEvent({ job_id: 'j-other', type: 'job:ended' }))
      services.change(buildJobView({ state: 'failed' }))
    }
  }
  expect(told).toEqual([
    ['job:changed', 'running'],
    ['attempt:progress', 'running'],
    ['job:ended', 'failed']
  ])
  await expect.poll(() => services.watcherCount).toBe(0)
})

test('watching a job that has ended ends at once', async () => {
  const { client } = await startApi()
  const types: string[] = []
  for await (const { type } of client.watch(JOB)) types.push(type)
  expect(types).toEqual(['job:ended'])
})

test('a reader that stops reading, or is aborted, leaves nothing open', async () => {
  const { client, services } = await startApi()
  services.jobsById.set(JOB, RUNNING)
  for await (const _event of client.watch(JOB)) break
  await expect.poll(() => services.watcherCount).toBe(0)
  const leaving = new AbortController()
  const next = client.watchPeers({ signal: leaving.signal }).next()
  await expect.poll(() => services.watcherCount).toBe(1)
  leaving.abort(new Error('enough'))
  await expect(next).rejects.toThrow('enough')
  await expect.poll(() => services.watcherCount).toBe(0)
})

test('events go on after a restart where they were, none missing, none twice', async () => {
  const api = await startApi()
  const { client, services } = api
  const events = client.events({ types: ['job'] })
  const first = events.next()
  await expect.poll(() => services.watcherCount).toBe(1)
  services.emit(buildJobEvent())
  expect((await first).value).toMatchObject({ number: 1 })
  const second = events.next()
  await api.server.stop()
  services.emit(buildJobEvent({ type: 'job:ended' }))
  services.emit(buildPeerEvent())
  await restart(api)
  expect((await second).value).toMatchObject({ number: 2, type: 'job:ended' })
  services.emit(buildJobEvent())
  expect((await events.next()).value).toMatchObject({ number: 4 })
  expect(services.calls.filter(([name]) => name === 'watch')).toEqual([
    ['watch', {}],
    ['watch', { after: 1 }]
  ])
  await events.return()
})

test('what may have been missed before the first event is told as a gap', async () => {
  const api = await startApi()
  const events = api.client.events()
  const first = events.next()
  await expect.poll(() => api.services.watcherCount).toBe(1)
  await restart(api)
  expect((await first).value).toMatchObject({ type: 'gap' })
  await events.return()
})

test('peers are watched across a restart of the router', async () => {
  const api = await startApi()
  const watching = api.client.watchPeers()
  const first = watching.next()
  await expect.poll(() => api.services.watcherCount).toBe(1)
  const { peer_view: peer } = api.services.emit(buildPeerEvent({ at_ms: 7 }))
  expect((await first).value).toEqual({ event: 'connected', at_ms: 7, peer })
  const second = watching.next()
  await restart(api)
  await expect.poll(() => api.services.watcherCount, { timeout: 10_000 }).toBe(1)
  api.services.emit({ at_ms: 8, type: 'gap' })
  api.services.emit(buildPeerEvent({ type: 'peer:disconnected' }))
  expect((await second).value).toMatchObject({ event: 'disconnected' })
  await watching.return()
})

const log = (from: number, ...texts: string[]): LogView =>
  buildLog({
    from,
    is_complete: false,
    entries: texts.map((text) => ({ ms: 1, stream: 'out', text }))
  })

test('a log is followed to its end, over a restart, without a word twice', async () => {
  const api = await startApi()
  const { client, services } = api
  services.logView = log(0, 'a', 'b')
  const texts: string[] = []
  const reading = (async () => {
    for await (const { entries } of client.followLog(JOB)) {
      texts.push(...entries.map(({ text }) => text))
    }
  })()
  await expect.poll(() => texts).toEqual(['a', 'b'])
  services.logView = log(0, 'a', 'b', 'c')
  await restart(api)
  await expect.poll(() => texts, { timeout: 10_000 }).toEqual(['a', 'b', 'c'])
  services.writeLog(log(3, 'd'))
  services.endLogs()
  await reading
  expect(texts).toEqual(['a', 'b', 'c', 'd'])
})

test('a watched and a waited-for job survive a restart of the router', async () => {
  const api = await startApi()
  const { client, services } = api
  services.jobsById.set(JOB, RUNNING)
  await client.health()
  const waiting = client.wait(JOB, { timeoutMs: 30_000 })
  const watching = client.watch(JOB)
  expect((await watching.next()).value).toMatchObject({ state: 'running' })
  await expect.poll(() => services.waiterCount).toBe(1)
  const next = watching.next()
  const ended = buildJobView({ state: 'completed', result: 'after the restart' })
  services.jobsById.set(JOB, ended)
  await restart(api)
  expect(await waiting).toMatchObject({ state: 'completed', result: 'after the restart' })
  expect((await next).value).toMatchObject({ type: 'job:ended', state: 'completed' })
  expect((await watching.next()).done).toBe(true)
})

test('a wait that runs out gives the job as it is, and can be aborted', async () => {
  const { client, services } = await startApi()
  services.jobsById.set(JOB, RUNNING)
  expect(await client.wait(JOB, { timeoutMs: 0 })).toMatchObject({ state: 'running' })
  const leaving = new AbortController()
  const waiting = client.wait(JOB, { signal: leaving.signal })
  await expect.poll(() => services.waiterCount).toBe(1)
  leaving.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
  await expect.poll(() => services.waiterCount).toBe(0)
})
