/** The routes by which a monitor passes requests on: which paths of a router they lead to, and for how long. */
import { request as rawRequest } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { ApiServer } from '../../../src/http/server.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { memoryTokenBook } from '../../support/memory-token-book.ts'
import { problemOf } from '../../support/start-api.ts'
import { until } from '../../support/until.ts'

const TOKEN = 'a-token-for-tests'
const PEER = '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'

/** A monitor's API, with a router behind it that answers as it is told. */
async function startFront(answer: (signal?: AbortSignal | null) => Response) {
  const asked: { url: string; authorization: string | null }[] = []
  const names = new Set<string>()
  const clock = new FakeClock()
  const tokens = memoryTokenBook()
  const fetchPeer: typeof fetch = async (url, init) => {
    const headers = new Headers(init?.headers)
    const authorization = headers.get('authorization')
    for (const name of headers.keys()) names.add(name)
    asked.push({ url: new Request(url).url, authorization })
    return answer(init?.signal)
  }
  const to = (peer: string) => ({ fetch: fetchPeer, url: `libp2p://${peer}` })
  const server = new ApiServer(
    { clock, services: { forwarding: { to }, tokens } },
    { host: '127.0.0.1', port: 0, token: TOKEN, stopTimeoutMs: 100 }
  )
  await server.start()
  onTestFinished(() => server.stop())
  return { asked, clock, names, tokens, url: server.address() }
}

/** `fetch` would tidy the path up. */
async function statusOf(url: string, path: string): Promise<number | undefined> {
  const { promise, reject, resolve } = Promise.withResolvers<number | undefined>()
  const headers = { authorization: `Bearer ${TOKEN}` }
  rawRequest(url, { path, headers }, (answer) => {
    answer.resume()
    resolve(answer.statusCode)
  })
    .on('error', reject)
    .end()
  return await promise
}

test('a path leads to that of the router alone, and no token goes along but one for it', async () => {
  const { asked, names, url } = await startFront(() => Response.json({}))
  const headers = { authorization: `Bearer ${TOKEN}`, 'router-authorization': 'Bearer its-own' }
  expect((await fetch(`${url}/v1/routers/${PEER}/jobs/1?a=b/c`, { headers })).status).toBe(200)
  expect(await statusOf(url, `/v1/routers/${PEER}/routers`)).toBe(200)
  expect(asked).toEqual([
    { url: `libp2p://${PEER}/v1/jobs/1?a=b/c`, authorization: 'Bearer its-own' },
    { url: `libp2p://${PEER}/v1/routers`, authorization: null }
  ])
  expect(names.has('router-authorization')).toBe(false)
  for (const path of [
    'routers/OTHER/jobs',
    '%72outers/OTHER/jobs',
    './routers/OTHER/jobs',
    'jobs/../routers/OTHER/jobs',
    'jobs/%2e%2e/%2e%2e/x',
    '/jobs',
    ''
  ]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect([path, await statusOf(url, `/v1/routers/${PEER}/${path}`)]).toEqual([path, 404])
  }
  for (const peer of ['%00', 'a%2Fb', 'a@b', 'nobody']) {
    // oxlint-disable-next-line no-await-in-loop
    expect([peer, await statusOf(url, `/v1/routers/${peer}/jobs`)]).toEqual([peer, 400])
  }
  expect(asked).toHaveLength(2)
})

test('what a router says of its own paths leads there by this node, too', async () => {
  const told = {
    link: '</v1/jobs?after=j-1&limit=5>; rel="next"',
    location: '/v1/jobs/j-1',
    etag: '"</v1/"'
  }
  const { url } = await startFront(() => Response.json([], { status: 201, headers: told }))
  const headers = { authorization: `Bearer ${TOKEN}` }
  const answer = await fetch(`${url}/v1/routers/${PEER}/jobs?limit=5`, { headers })
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    link: `</v1/routers/${PEER}/jobs?after=j-1&limit=5>; rel="next"`,
    location: `/v1/routers/${PEER}/jobs/j-1`,
    etag: told.etag
  })
})

test('whoever may not ask any more is told no more of a stream that goes on', async () => {
  const { asked, clock, tokens, url } = await startFront((signal) => {
    const body = new ReadableStream({
      start: (controller) => {
        controller.enqueue(new TextEncoder().encode('data: 1\n\n'))
        signal?.addEventListener('abort', () => controller.error(signal.reason))
      }
    })
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  })
  const { id, token } = tokens.create({ name: 'wall', scope: 'read' })
  const stream = await fetch(`${url}/v1/routers/${PEER}/live`, {
    headers: { authorization: `Bearer ${token}` }
  })
  const reader = (stream.body as ReadableStream<Uint8Array>).getReader()
  expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe('data: 1\n\n')
  tokens.revoke(id)
  clock.advance(15_000)
  await expect(reader.read()).rejects.toThrow('terminated')
  expect(asked).toHaveLength(1)
  await until(
    'nobody looks any more',
    async () => clock.timerCount,
    (count) => count === 0
  )
})

test('one who asks much leaves others their part of what a router gives', async () => {
  const { asked, tokens, url } = await startFront(
    () => new Response(new ReadableStream(), { headers: { 'content-type': 'text/event-stream' } })
  )
  const { token } = tokens.create({ name: 'greedy', scope: 'read' })
  const ask = (own = token): Promise<Response> =>
    fetch(`${url}/v1/routers/${PEER}/live`, { headers: { authorization: `Bearer ${own}` } })
  const share = LIMITS.apiPeerStreamsMax / 2
  const open = await Promise.all(Array.from({ length: share }, () => ask()))
  expect(open.every(({ status }) => status === 200)).toBe(true)
  expect(await problemOf(await ask())).toMatchObject({ code: 'TOO_MANY_REQUESTS' })
  expect((await ask(TOKEN)).status).toBe(200)
  expect(asked).toHaveLength(share + 1)
})

test('those who may only look change nothing through it', async () => {
  const { asked, tokens, url } = await startFront(() => Response.json({}))
  const { token } = tokens.create({ name: 'wall', scope: 'read' })
  const refused = await fetch(`${url}/v1/routers/${PEER}/jobs`, {
    method: 'POST',
    body: '{}',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  })
  expect(await problemOf(refused)).toMatchObject({ code: 'FORBIDDEN' })
  expect(asked).toEqual([])
})
