/** Requests passed on to a router of the mesh: word for word both ways, as they come, and without the asker's token. */
import fastify from 'fastify'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { ApiClient } from '../../../src/client/api-client.ts'
import { Mesh, until } from '../../support/spawn-mesh.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { SAFE_HEADERS } from '../../../src/http/safe-headers.ts'
import { buildJobEvent } from '../../support/fake-api-services.ts'
import { createPeerFetch, peerUrl } from '../../../src/protocol/http/peer-fetch.ts'
import { forward } from '../../../src/http/forward.ts'
import { startPeerApi } from '../../support/peer-api.ts'
import { systemClock } from '../../../src/core/clock.ts'
import type { PeerApi } from '../../support/peer-api.ts'

const mesh = new Mesh()
afterEach(() => mesh.stop())

const JOB = { task: { engine: 'javascript', source: 'function main () {}' } }
const ASKERS_TOKEN = 'of-the-front-alone'

/** A server in front of a router, as a monitor is. */
async function startFront(token?: string): Promise<{ router: PeerApi; url: string }> {
  const { answerer, asker } = await mesh.pair()
  const router = await startPeerApi(answerer, () => 'submit')
  const fetch = createPeerFetch({ access: asker.access, clock: systemClock, link: asker.node })
  const front = fastify()
  front.removeAllContentTypeParsers()
  front.addContentTypeParser('*', (_request, _body, done) => done(null))
  front.setErrorHandler((error, _request, reply) =>
    reply.code(502).send(MeshError.from(error).code)
  )
  front.all('/*', (request, reply) =>
    forward(request, reply, { fetch, token, url: `${peerUrl(answerer.peer)}${request.url}` })
  )
  const url = await front.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => front.close())
  return { router, url }
}

test('a client of the front is a client of the router', async () => {
  const { router, url } = await startFront()
  const client = new ApiClient({ url, token: ASKERS_TOKEN })
  const source = 'z'.repeat(3 * 2 ** 20)
  const { id } = await client.submit({ ...JOB, note: source })
  expect(JSON.stringify(router.services.calls)).toContain(source)
  expect(await client.job(id)).toMatchObject({ id })
  await expect(client.job('none')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' })
  // What the front is in the mesh is what counts there.
  await expect(client.tokens()).rejects.toMatchObject({ code: 'FORBIDDEN' })
})

test('another token may go along', async () => {
  const { router, url } = await startFront('a-token-for-tests')
  expect(await new ApiClient({ url, token: ASKERS_TOKEN }).tokens()).toEqual(
    router.services.tokens.list()
  )
})

test('events pass as they happen, and end when their reader goes', async () => {
  const { router, url } = await startFront()
  const reading = new AbortController()
  const events = new ApiClient({ url }).events({ startsWithGap: true, signal: reading.signal })
  expect(await events.next()).toMatchObject({ value: { type: 'gap' } })
  router.services.emit(buildJobEvent())
  expect(await events.next()).toMatchObject({ value: { type: buildJobEvent().type } })
  reading.abort(new Error('seen enough'))
  await expect(events.next()).rejects.toThrow('seen enough')
  await until(() => router.services.watcherCount === 0)
})

test('a router that is away is an error for the front to tell', async () => {
  const { router, url } = await startFront()
  await router.server.stop()
  const answer = await fetch(`${url}/v1/peers`)
  expect([answer.status, await answer.text()]).toEqual([502, 'PEER_UNREACHABLE'])
})

/** A router that lies, as the front's `fetch` sees it. */
async function askLiar(answer: () => Response): Promise<Response> {
  const front = fastify()
  front.setErrorHandler((error, _request, reply) =>
    reply.code(502).send(MeshError.from(error).code)
  )
  const fetchLie = async (): Promise<Response> => answer()
  front.all('/*', (request, reply) =>
    forward(request, reply, { fetch: fetchLie, url: 'libp2p://liar/v1/jobs' })
  )
  const url = await front.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => front.close())
  return await fetch(url, { redirect: 'manual' })
}

test('a router that lies has no word in what a browser does with the pages of the front', async () => {
  const lies = {
    'access-control-allow-origin': '*',
    'clear-site-data': '"storage"',
    'content-security-policy': "script-src 'unsafe-inline'",
    'content-type': 'text/html',
    refresh: '0; url=https://example.com',
    'set-cookie': 'a=b',
    'x-frame-options': 'ALLOWALL'
  }
  const script = '<script>alert(1)</script>'
  const { headers } = await askLiar(() => new Response(script, { headers: lies }))
  expect(headers.get('content-type')).toBe('text/html')
  for (const [name, value] of Object.entries(SAFE_HEADERS)) expect(headers.get(name)).toBe(value)
  for (const name of ['access-control-allow-origin', 'clear-site-data', 'refresh', 'set-cookie']) {
    expect(headers.has(name)).toBe(false)
  }
})

test('nobody is sent elsewhere by a router, as a token and a deed would go along', async () => {
  const headers = { location: '/v1/routers/another/jobs/1/stop' }
  const answer = await askLiar(() => new Response(null, { status: 307, headers }))
  expect([answer.status, await answer.text()]).toEqual([502, 'RESPONSE_INVALID'])
})
