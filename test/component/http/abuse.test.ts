/** What an API that others can reach holds out: guesses, floods, web pages of strangers, long requests. */
import { expect, test, vi } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { OPERATIONS } from '../../../src/http/operations.ts'
import { ApiClient } from '../../../src/client/api-client.ts'
import { createLogger } from '../../../src/observe/logger.ts'
import { ROUTER_OPERATIONS } from '../../support/router-operations.ts'
import { problemOf, startApi, TOKEN } from '../../support/start-api.ts'
import type { Operation } from '../../../src/http/operation.ts'

const AUTHORIZATION = `Bearer ${TOKEN}`
const OWN = { authorization: AUTHORIZATION }
const WRONG = { authorization: 'Bearer not-the-token-at-all' }

test('whoever guesses is made to wait, and even a guess that hits says nothing', async () => {
  const { call, services } = await startApi({ wrongTokensMax: 3 })
  const { token = '' } = services.tokens.create({ name: 'ci', scope: 'read' })
  const statuses: number[] = []
  for (let count = 0; count < 5; count += 1) {
    // oxlint-disable-next-line no-await-in-loop
    statuses.push((await call('/v1/peers', { headers: WRONG })).status)
  }
  expect(statuses).toEqual([401, 401, 401, 429, 429])
  const hit = await call('/v1/peers', { headers: { authorization: `Bearer ${token}` } })
  expect(hit.status).toBe(429)
  expect(Number(hit.headers.get('retry-after'))).toBeGreaterThan(1)
  expect(await problemOf(hit)).toMatchObject({ code: 'TOO_MANY_REQUESTS', retryable: true })
  expect(services.calls).toEqual([])
})

test('guesses of others at the same address do not lock out whom it was known from', async () => {
  const { call } = await startApi({ wrongTokensMax: 1 })
  await call('/v1/peers')
  await call('/v1/peers', { headers: WRONG })
  expect((await call('/v1/peers', { headers: WRONG })).status).toBe(429)
  expect((await call('/v1/peers')).status).toBe(200)
  // Who sends none guesses nothing; health needs none.
  expect((await call('/v1/peers', { headers: {} })).status).toBe(401)
  expect((await call('/v1/health', { headers: WRONG })).status).toBe(200)
})

test('a token has its number of requests, all of one name together, and others have theirs', async () => {
  const { call, services, url } = await startApi({ namedRequestsMax: 2, ownRequestsMax: 4 })
  const tokens = ['ci', 'ci', 'wall'].map(
    (name) => services.tokens.create({ name, scope: 'read' }).token
  )
  const [first, second, other] = tokens.map((token) => new ApiClient({ url, token }))
  await first?.peers()
  await second?.peers()
  await expect(first?.peers()).rejects.toMatchObject({
    code: 'TOO_MANY_REQUESTS',
    retryAfterMs: expect.any(Number) as number
  })
  await other?.peers()
  const own = await Promise.all(Array.from({ length: 5 }, () => call('/v1/peers')))
  expect(own.filter(({ status }) => status === 200)).toHaveLength(4)
  expect(own.filter(({ status }) => status === 429)).toHaveLength(1)
})

test.each([
  [{ origin: 'https://evil.example' }, 'origin'],
  [{ origin: 'null' }, 'origin'],
  [{ origin: '' }, 'origin'],
  [{ origin: 'http://127.0.0.1:1' }, 'origin'],
  [{ 'sec-fetch-site': 'cross-site' }, 'sec-fetch-site'],
  [{ 'sec-fetch-site': 'same-site' }, 'sec-fetch-site']
])('a page with %j is refused, whatever token it has', async (headers, path) => {
  const { port, raw, services } = await startApi()
  const lines = Object.entries({ host: `127.0.0.1:${port}`, ...OWN, ...headers })
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  for (const route of [
    'GET /v1/peers',
    'POST /v1/jobs/j-7/stop',
    'OPTIONS /v1/jobs',
    'GET /v1/health'
  ]) {
    // oxlint-disable-next-line no-await-in-loop
    const answer = await raw(`${route} HTTP/1.1\r\n${head}connection: close\r\n\r\n`)
    expect(answer).toContain(' 403 ')
    expect(answer).toContain(`"path":"${path}"`)
    expect(answer.toLowerCase()).not.toContain('access-control')
  }
  expect(services.calls).toEqual([])
})

test.each([['same-origin'], ['none']])('a page of its own is answered (%s)', async (site) => {
  const { port, raw } = await startApi()
  const answer = await raw(
    `GET /v1/peers HTTP/1.1\r\nhost: LOCALHOST:${port}\r\norigin: http://localhost:${port}\r\n` +
      `sec-fetch-site: ${site}\r\nauthorization: ${AUTHORIZATION}\r\nconnection: close\r\n\r\n`
  )
  expect(answer).toContain(' 200 ')
})

test('no cookie is set or taken, and a form is no request', async () => {
  const { call, services } = await startApi()
  const headers = { cookie: `token=${TOKEN}; authorization=${AUTHORIZATION}` }
  expect((await call('/v1/peers', { headers })).status).toBe(401)
  const types = [
    'application/x-www-form-urlencoded',
    'text/plain',
    'multipart/form-data; boundary=x'
  ]
  for (const type of types) {
    // oxlint-disable-next-line no-await-in-loop
    const response = await call('/v1/jobs', {
      method: 'POST',
      headers: { ...OWN, 'content-type': type },
      body: '{"task":{}}'
    })
    expect([type, response.status]).toEqual([type, 415])
  }
  expect(services.calls).toEqual([])
})

test('every answer tells a browser to keep nothing and to show it nowhere', async () => {
  const { call, raw } = await startApi()
  const leaving = new AbortController()
  const answers = await Promise.all([
    call('/v1/health'),
    call('/v1/peers', { headers: {} }),
    call('/v1/none'),
    call('/v1/jobs/%zz'),
    call('/v1/files/ab/content'),
    call('/v1/events', { headers: OWN, signal: leaving.signal })
  ])
  const heads = answers.map(({ headers }) => new Map(headers))
  const garbled = (await raw('GARBLED\r\n\r\n')).split('\r\n').slice(1)
  heads.push(new Map(garbled.map((line) => line.split(': ', 2) as [string, string])))
  for (const head of heads) {
    expect(head.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(head.get('x-frame-options')).toBe('DENY')
    expect(head.get('referrer-policy')).toBe('no-referrer')
    expect(head.get('x-content-type-options')).toBe('nosniff')
    expect(head.get('cache-control')).toBe('no-store')
    expect(head.has('set-cookie')).toBe(false)
    expect(head.has('access-control-allow-origin')).toBe(false)
  }
  leaving.abort()
})

const LARGE = ['submitJob', 'planJob', 'rerunJob', 'announceFile', 'putPiece']
const WITH_BODY: readonly (readonly [string, Operation])[] = Object.entries(OPERATIONS)
const SMALL = WITH_BODY.filter(
  ([name, { method }]) =>
    ['POST', 'DELETE'].includes(method) && !LARGE.includes(name) && name in ROUTER_OPERATIONS
)

test('only jobs and files may be long', async () => {
  const { call, services } = await startApi()
  const body = JSON.stringify({ reason: 'x'.repeat(LIMITS.apiRequestBytesMax) })
  const headers = { ...OWN, 'content-type': 'application/json' }
  for (const [name, { method, path }] of SMALL) {
    // oxlint-disable-next-line no-await-in-loop
    const response = await call(path, { method, headers, body })
    expect([name, response.status]).toEqual([name, 413])
  }
  expect(SMALL.length).toBeGreaterThan(8)
  expect(services.calls).toEqual([])
  const job = await call('/v1/jobs', { method: 'POST', headers, body })
  expect(job.status).toBe(201)
})

test('address and headers together have their bound', async () => {
  const { raw, call } = await startApi()
  const long = 'x'.repeat(LIMITS.apiHeaderBytesMax)
  for (const bytes of [
    `GET /v1/jobs?label=${long} HTTP/1.1\r\n`,
    `GET /v1/jobs HTTP/1.1\r\nx: ${long}\r\n`
  ]) {
    // oxlint-disable-next-line no-await-in-loop
    expect(await raw(`${bytes}host: localhost\r\n\r\n`)).toContain(' 431 ')
  }
  const many = Array.from({ length: 65 }, () => 'label=a=b').join('&')
  expect((await call(`/v1/jobs?${many}`)).status).toBe(400)
})

test('nothing of a hostile request reaches the log, and no token does', async () => {
  const lines: string[] = []
  const logger = createLogger({ format: 'pretty', write: (line) => lines.push(line) })
  const { call, raw, services } = await startApi({}, { logger })
  const escape = '\u001b[2J\u009b31m'
  services.failure = new TypeError(`broken by ${escape}\r\nnothing`)
  await call('/v1/peers?', {
    headers: { ...OWN, 'user-agent': 'x%1b[2J', referer: 'http://forged.example/' }
  })
  await raw(
    `GET /v1/jobs/${encodeURIComponent(escape)} HTTP/1.1\r\nhost: localhost\r\nuser-agent: forged\r\nauthorization: ${AUTHORIZATION}\r\nconnection: close\r\n\r\n`
  )
  const text = lines.join('')
  expect(text).toContain('api route broke')
  expect(text).not.toContain('\u001b[2J')
  expect(text).not.toContain('\u009b')
  expect(text).not.toContain('\r')
  expect(text).not.toContain('forged')
  expect(text).not.toContain(TOKEN)
})

test('open to the network without TLS, it says so; on loopback there is nothing to say', async () => {
  const logger = {
    warn: vi.fn<(fields: object, text: string) => void>(),
    error: vi.fn<() => void>()
  }
  await startApi({}, { logger })
  expect(logger.warn).not.toHaveBeenCalled()
  await startApi({ host: '0.0.0.0' }, { logger })
  expect(logger.warn).toHaveBeenCalledOnce()
  expect(logger.warn.mock.calls[0]?.[1]).toContain('clear text')
})
