/** The client against real servers: every method, and what it makes of outages. */
import { createServer } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { ApiClient } from '../../../src/client/api-client.ts'
import { ApiServer } from '../../../src/http/server.ts'
import { buildJobEvent, buildJobView, exampleOf } from '../../support/fake-api-services.ts'
import { startApi, TOKEN } from '../../support/start-api.ts'
import type { AddressInfo } from 'node:net'
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
  await client.submit({ task: 1 })
  await client.plan({ task: 2 })
  await client.job('j-7')
  await client.jobs()
  await client.jobs({
    state: 'failed',
    labels: { team: 'a=b', zone: 'x y' },
    after: 'j-1',
    limit: 3
  })
  await client.wait('j-7', { timeoutMs: 5_000 })
  await client.items('j-7', { state: 'completed', after: 2, limit: 3 })
  await client.attempts('j-7', { item: 'ä/b', limit: 2 })
  await client.explain('j-7')
  await client.explain('j-7', { item: 'a', attempt: 2 })
  await client.stop('j-7')
  await client.stop('j-7', 'wrong input')
  await client.nodes()
  await client.nodes({ require: ['zone = home', 'cpu_cores >= 4'] })
  await client.node('Ykz/B')
  await client.peers()
  await client.reputation()
  await client.reputationOf('YkzB')
  await client.health()
  expect(services.calls).toEqual([
    ['submit', { task: 1 }, 'http'],
    ['plan', { task: 2 }],
    ['describe', 'j-7'],
    ['list', { limit: 100 }],
    ['list', { state: 'failed', labels: { team: 'a=b', zone: 'x y' }, after: 'j-1', limit: 3 }],
    ['wait', 'j-7', 5_000],
    ['items', 'j-7', { state: 'completed', after: 2, limit: 3 }],
    ['attempts', 'j-7', { item: 'ä/b', limit: 2 }],
    ['explain', 'j-7', {}],
    ['explain', 'j-7', { item: 'a', attempt: 2 }],
    ['stop', 'j-7', 'stopped through the API'],
    ['stop', 'j-7', 'wrong input'],
    ['nodes', {}],
    ['nodes', { require: ['zone = home', 'cpu_cores >= 4'] }],
    ['node', 'Ykz/B'],
    ['peers'],
    ['reputations'],
    ['reputation', 'YkzB'],
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

test('watching a job tells each state and ends with it', async () => {
  const { client, services } = await startApi()
  services.jobsById.set(JOB, RUNNING)
  const states: string[] = []
  for await (const { state } of client.watch(JOB)) {
    states.push(state)
    if (states.length === 1) services.emitJob(buildJobEvent({ state: 'running' }))
    if (states.length === 2) services.emitJob(buildJobEvent({ state: 'failed' }))
  }
  expect(states).toEqual(['running', 'running', 'failed'])
  await expect.poll(() => services.watcherCount).toBe(0)
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

test('peers are watched across a restart of the router', async () => {
  const api = await startApi()
  const event = exampleOf('api/peer-event')
  const watching = api.client.watchPeers()
  const first = watching.next()
  await expect.poll(() => api.services.watcherCount).toBe(1)
  api.services.emitPeer(event)
  expect((await first).value).toEqual(event)
  const second = watching.next()
  await restart(api)
  await expect.poll(() => api.services.watcherCount, { timeout: 10_000 }).toBe(1)
  api.services.emitPeer({ ...event, event: 'disconnected' })
  expect((await second).value).toMatchObject({ event: 'disconnected' })
  await watching.return()
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
  expect((await next).value).toMatchObject({ state: 'completed' })
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
