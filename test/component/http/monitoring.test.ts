/** The mesh as a whole over HTTP, and an API that has only the operations whose services its node gives. */
import { expect, test } from 'vitest'
import { ApiServer } from '../../../src/http/server.ts'
import { FakeApiServices } from '../../support/fake-api-services.ts'
import { OpenApiCheck, operationsOf } from '../../support/openapi-check.ts'
import { memoryTokenBook } from '../../support/memory-token-book.ts'
import { problemOf, startApi } from '../../support/start-api.ts'
import { until } from '../../support/until.ts'
import type { OfferedServices } from '../../../src/http/services.ts'
import type { OpenApiDocument } from '../../support/openapi-check.ts'

test('overview, series, map and routers are as the description says', async () => {
  const { call, services } = await startApi()
  const document = (await (await call('/v1/openapi.json')).json()) as OpenApiDocument
  const check = new OpenApiCheck(document)
  for (const [operation, path] of [
    ['readOverview', '/v1/overview'],
    ['readSeries', '/v1/series?span=24h'],
    ['readMap', '/v1/map'],
    ['listRouters', '/v1/routers']
  ] as const) {
    const response = await call(path)
    expect(check.findings(operation, response, await response.json())).toEqual([])
  }
  expect(services.calls).toContainEqual(['series', 86_400_000])
  expect(await problemOf(await call('/v1/series?span=25h'))).toMatchObject({
    code: 'FIELD_INVALID'
  })
})

test('the overview says what the token of whoever asks allows', async () => {
  const { call, services } = await startApi()
  expect(await scopeOf(await call('/v1/overview'))).toBe('operate')
  const { token } = services.tokens.create({ name: 'wall', scope: 'read' })
  const headers = { authorization: `Bearer ${token}` }
  expect(await scopeOf(await call('/v1/overview', { headers }))).toBe('read')
})

test('the live stream begins at once, is told what changes, and is let go of', async () => {
  const { call, services } = await startApi()
  const leaving = new AbortController()
  const response = await call('/v1/live', {
    headers: { authorization: 'Bearer a-token-for-tests' },
    signal: leaving.signal
  })
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const read = async (): Promise<string> =>
    Buffer.from((await reader.read()).value ?? []).toString()
  expect(await read()).toBe('data: {"is_first":true}\n\n')
  const [live] = services.liveReaders
  expect([live?.scope, live?.isReady()]).toEqual(['operate', true])
  live?.send('{"jobs_missed":1}')
  expect(await read()).toBe('data: {"jobs_missed":1}\n\n')
  leaving.abort()
  await until(
    'let go',
    async () => services.liveReaders.size,
    (count) => count === 0
  )
})

test('a node that gives few services has few operations, and its description no others', async () => {
  const { monitoring, peers } = new FakeApiServices()
  const services: OfferedServices = {
    monitoring,
    peers,
    security: () => ({}) as never,
    tokens: memoryTokenBook()
  }
  const server = new ApiServer(
    { services },
    { host: '127.0.0.1', port: 0, token: 'a-token-for-tests' }
  )
  await server.start()
  try {
    const call = (path: string): Promise<Response> =>
      fetch(`${server.address()}${path}`, {
        headers: { authorization: 'Bearer a-token-for-tests' }
      })
    expect((await call('/v1/map')).status).toBe(200)
    expect(await problemOf(await call('/v1/jobs'))).toMatchObject({ code: 'NOT_FOUND' })
    const document = (await (await call('/v1/openapi.json')).json()) as OpenApiDocument
    const names = operationsOf(document).map(({ operation }) => operation.operationId)
    expect(names).toContain('watchLive')
    expect(names).not.toContain('listJobs')
    expect(Object.keys(document.components.schemas)).not.toContain('PlanView')
  } finally {
    await server.stop()
  }
})

async function scopeOf(response: Response): Promise<string> {
  return ((await response.json()) as { scope: string }).scope
}
