/** What any HTTP client takes for granted: HEAD, conditional requests, keys for what must not happen twice, links that lead on. */
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { TOKEN, problemOf, startApi } from '../../support/start-api.ts'
import { exampleOf } from '../../support/fake-api-services.ts'

const JSON_HEADERS = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }
const JOB = exampleOf('api/job').id

describe('HEAD', () => {
  test.each(['/v1/health', '/v1/jobs', `/v1/jobs/${JOB}`, '/v1/openapi.json', '/v1/metrics'])(
    'of %s has the headers of its GET, and no body',
    async (path) => {
      const { call } = await startApi()
      const headers = { authorization: `Bearer ${TOKEN}` }
      const got = await call(path)
      const head = await call(path, { method: 'HEAD', headers })
      expect([head.status, await head.text()]).toEqual([200, ''])
      for (const name of ['content-type', 'content-length']) {
        expect(head.headers.get(name)).toBe(got.headers.get(name))
      }
    }
  )

  test.each(['/v1/events', '/v1/live', `/v1/jobs/${JOB}/logs?follow=true`])(
    'of the stream %s ends at once, and watches nothing',
    async (path) => {
      const { call, services } = await startApi()
      const head = await call(path, {
        method: 'HEAD',
        headers: { authorization: `Bearer ${TOKEN}` }
      })
      expect([head.status, head.headers.get('content-type')]).toEqual([
        200,
        'text/event-stream; charset=utf-8'
      ])
      expect(services.calls.filter(([name]) => name !== 'jobId')).toEqual([])
      expect(services.liveReaders.size).toBe(0)
    }
  )

  test('needs what GET needs', async () => {
    const { call } = await startApi()
    expect((await call('/v1/jobs', { method: 'HEAD', headers: {} })).status).toBe(401)
    expect((await call('/v1/jobs/j-none', { method: 'HEAD' })).status).toBe(404)
  })
})

describe('a file', () => {
  test('that the asker has is not sent again', async () => {
    const { call } = await startApi()
    const path = '/v1/files/db0a/content'
    const etag = (await call(path)).headers.get('etag') ?? ''
    for (const tags of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const headers = { authorization: `Bearer ${TOKEN}`, 'if-none-match': tags }
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const answer = await call(path, { headers })
      // oxlint-disable-next-line no-await-in-loop
      expect([answer.status, await answer.text()]).toEqual([304, ''])
      expect(answer.headers.get('etag')).toBe(etag)
    }
    const headers = { authorization: `Bearer ${TOKEN}`, 'if-none-match': '"other"' }
    expect((await call(path, { headers })).status).toBe(200)
  })

  test('says by HEAD how long it is, and none of it is read', async () => {
    const { call, services } = await startApi()
    const open = services.files.open.bind(services.files)
    let reads = 0
    Object.assign(services.files, {
      open: async (...words: Parameters<typeof open>) => {
        const file = await open(...words)
        return { ...file, read: (range: never) => ((reads += 1), file.read(range)) }
      }
    })
    const path = '/v1/files/db0a/content'
    const bytes = (await (await call(path)).bytes()).length
    const head = await call(path, { method: 'HEAD', headers: { authorization: `Bearer ${TOKEN}` } })
    expect(head.headers.get('content-length')).toBe(`${bytes}`)
    expect(head.headers.get('accept-ranges')).toBe('bytes')
    expect(reads).toBe(1)
  })
})

describe('an Idempotency-Key', () => {
  test('is the key of a rerun, unless the request sets another', async () => {
    const { call, services } = await startApi()
    const headers = { ...JSON_HEADERS, 'idempotency-key': 'once' }
    const path = `/v1/jobs/${JOB}/rerun`
    const init = { method: 'POST', headers }
    await call(path, { ...init, body: '{"items":"all"}' })
    await call(path, { ...init, body: '{"set":{"priority":9}}' })
    await call(path, { ...init, body: '{"set":{"key":"own"}}' })
    expect(services.calls.map(([, , request]) => request)).toEqual([
      { items: 'all', set: { key: 'once' } },
      { set: { key: 'once', priority: 9 } },
      { set: { key: 'own' } }
    ])
  })

  test('is refused where there are two', async () => {
    const { raw } = await startApi()
    const body = JSON.stringify(exampleOf('job'))
    const answer = await raw(
      `POST /v1/jobs HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${TOKEN}\r\n` +
        'content-type: application/json\r\nidempotency-key: a\r\nidempotency-key: b\r\n' +
        `connection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
    )
    expect(answer).toContain('HTTP/1.1 400')
    expect(answer).toContain('"path":"idempotency-key"')
  })
})

test('a compressed body is refused by its header, and not for its bytes', async () => {
  const { call } = await startApi()
  const body = gzipSync(JSON.stringify(exampleOf('job')))
  const headers = { ...JSON_HEADERS, 'content-encoding': 'gzip' }
  const answer = await call('/v1/jobs', { method: 'POST', headers, body })
  expect(answer.headers.get('accept-encoding')).toBe('identity')
  const wrong = { status: 415, path: 'content-encoding' }
  expect(await problemOf(answer)).toMatchObject(wrong)
  const plain = { ...JSON_HEADERS, 'content-encoding': 'identity' }
  const job = JSON.stringify(exampleOf('job'))
  expect((await call('/v1/jobs', { method: 'POST', headers: plain, body: job })).status).toBe(201)
})

test('a Last-Event-ID that is none is refused as the header that it is', async () => {
  const { call } = await startApi()
  const headers = { authorization: `Bearer ${TOKEN}`, 'last-event-id': 'x' }
  const problem = await problemOf(await call('/v1/events', { headers }))
  expect(problem).toMatchObject({ status: 400, path: 'last-event-id' })
  expect(problem.detail).not.toContain('query parameter')
})

test('a list of jobs leads on to its next page with all that it was asked by', async () => {
  const { call, services } = await startApi()
  services.next.jobs = '5/j-1'
  const query =
    'state=failed&label=a%3Db&sort=-ended&since=2026-01-02T03%3A04%3A05.000Z&q=x&limit=5'
  const { headers } = await call(`/v1/jobs?${query}`)
  const [, path] = /<([^>]*)>; rel="next"/.exec(headers.get('link') ?? '') ?? []
  const next = new URL(path ?? '', 'http://router').searchParams
  const wanted = new URLSearchParams(`${query}&after=5/j-1`)
  next.sort()
  wanted.sort()
  expect(next.toString()).toBe(wanted.toString())
})

test('receipts lead on to the next page by the index of the last item', async () => {
  const { call, services } = await startApi()
  services.next.receipts = 4
  const answer = await call(`/v1/jobs/${JOB}/receipts?attempt=1&limit=5`)
  expect(answer.headers.get('link')).toBe(
    `</v1/jobs/${JOB}/receipts?attempt=1&after=4&limit=5>; rel="next"`
  )
})
