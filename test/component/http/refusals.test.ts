/** Every way in which a request is refused: the code, the status, and that the answer says what to do. */
import { expect, test, vi } from 'vitest'
import { MeshError } from '../../../src/core/errors.ts'
import { validatorFor } from '../../../src/model/validate.ts'
import { ApiServer } from '../../../src/http/server.ts'
import { FakeApiServices } from '../../support/fake-api-services.ts'
import { problemOf, startApi, TOKEN } from '../../support/start-api.ts'

const AUTHORIZATION = `Bearer ${TOKEN}`
const JSON_HEADERS = { authorization: AUTHORIZATION, 'content-type': 'application/json' }

function posting(body: BodyInit, headers: Record<string, string> = JSON_HEADERS): RequestInit {
  return { method: 'POST', headers, body }
}

type Row = [
  path: string,
  init: RequestInit | undefined,
  status: number,
  code: string,
  field: string | undefined,
  hint: string
]

const REFUSALS: Row[] = [
  ['/v1/job', undefined, 404, 'NOT_FOUND', undefined, 'did you mean /v1/jobs?'],
  ['/jobs', undefined, 404, 'NOT_FOUND', undefined, 'did you mean /v1/jobs?'],
  [
    '/v1/jobs/j-1/itmes',
    undefined,
    404,
    'NOT_FOUND',
    undefined,
    'did you mean /v1/jobs/j-1/items?'
  ],
  ['/', undefined, 404, 'NOT_FOUND', undefined, 'the routes are'],
  [`/v1/jobs/${'x'.repeat(500)}`, undefined, 404, 'NOT_FOUND', undefined, ''],
  [`/v1/${'x'.repeat(8_000)}`, undefined, 404, 'NOT_FOUND', undefined, 'the routes are'],
  ['/v1/jobs/', undefined, 404, 'NOT_FOUND', undefined, ''],
  ['/v1/nodes', posting('{}'), 405, 'NOT_FOUND', undefined, 'it takes GET, HEAD'],
  [
    '/v1/jobs',
    { method: 'DELETE', headers: { authorization: AUTHORIZATION } },
    405,
    'NOT_FOUND',
    undefined,
    'it takes GET, HEAD, POST'
  ],
  [
    '/v1/jobs',
    { method: 'OPTIONS', headers: { authorization: AUTHORIZATION } },
    405,
    'NOT_FOUND',
    undefined,
    'it takes GET, HEAD, POST'
  ],
  ['/v1/jobs/%zz', undefined, 400, 'FIELD_INVALID', undefined, ''],
  ['/v1/jobs/j-none', undefined, 404, 'JOB_NOT_FOUND', undefined, ''],
  ['/v1/jobs?stat=running', undefined, 400, 'FIELD_UNKNOWN', 'stat', 'did you mean "state"?'],
  ['/v1/weights?limit=1', undefined, 400, 'FIELD_UNKNOWN', 'limit', 'this route has none'],
  ['/v1/jobs?state=runing', undefined, 400, 'FIELD_INVALID', 'state', 'did you mean "running"?'],
  ['/v1/jobs?state=', undefined, 400, 'FIELD_INVALID', 'state', ''],
  ['/v1/jobs?state=failed&state=held', undefined, 400, 'FIELD_INVALID', 'state', ''],
  ['/v1/jobs?limit=0', undefined, 400, 'FIELD_INVALID', 'limit', ''],
  ['/v1/jobs?limit=1001', undefined, 400, 'FIELD_INVALID', 'limit', ''],
  ['/v1/jobs?limit=1e2', undefined, 400, 'FIELD_INVALID', 'limit', ''],
  ['/v1/jobs?label=team', undefined, 400, 'FIELD_INVALID', 'label', 'label=team=media'],
  ['/v1/jobs?__proto__=1', undefined, 400, 'FIELD_UNKNOWN', '__proto__', ''],
  ['/v1/jobs/j-7/wait?timeout=30', undefined, 400, 'FIELD_INVALID', 'timeout', 'unit'],
  ['/v1/jobs/j-7/wait?timeout=2h', undefined, 400, 'FIELD_INVALID', 'timeout', 'ask again'],
  ['/v1/jobs/j-7/explain?attempt=0', undefined, 400, 'FIELD_INVALID', 'attempt', ''],
  ['/v1/jobs/j-7/items?after=-1', undefined, 400, 'FIELD_INVALID', 'after', ''],
  ['/v1/nodes?require=zone', undefined, 400, 'FIELD_INVALID', 'require[0]', 'k = v'],
  ['/v1/jobs', posting('{'), 400, 'REQUEST_NOT_JSON', undefined, 'one JSON value'],
  ['/v1/jobs', posting(''), 400, 'REQUEST_NOT_JSON', undefined, 'job document'],
  [
    '/v1/jobs',
    posting('{}', { authorization: AUTHORIZATION }),
    415,
    'REQUEST_NOT_JSON',
    undefined,
    'content-type'
  ],
  ['/v1/jobs', posting(new Uint8Array([34, 255, 34])), 400, 'REQUEST_NOT_JSON', undefined, ''],
  ['/v1/jobs', posting('['.repeat(65)), 400, 'REQUEST_TOO_DEEP', undefined, ''],
  ['/v1/jobs/j-7/stop', posting('{"reson":"x"}'), 400, 'FIELD_UNKNOWN', 'reson', '"reason"'],
  ['/v1/jobs/j-7/stop', posting('{"reason":1}'), 400, 'FIELD_INVALID', 'reason', ''],
  ['/v1/jobs/j-7/stop', posting('null'), 400, 'FIELD_INVALID', '', '']
]

test.each(
  REFUSALS.map(([path, init = {}, status, code, field, hint]) => ({
    title: `${init.method ?? 'GET'} ${path.slice(0, 40)}`,
    path,
    init,
    hint,
    expected: { status, code, ...(field === undefined ? {} : { path: field }) }
  }))
)('$title → $expected', async ({ path, init, hint, expected }) => {
  const { call } = await startApi()
  const response = await call(path, { headers: { authorization: AUTHORIZATION }, ...init })
  const problem = await problemOf(response)
  validatorFor('api/problem')(problem)
  expect(problem).toMatchObject({ ...expected, type: `urn:taskmesh:error:${expected.code}` })
  expect(response.status).toBe(expected.status)
  expect(problem.hint ?? '').toContain(hint)
  const allowed = expected.status === 405 ? hint.replace('it takes ', '') : null
  expect(response.headers.get('allow')).toBe(allowed)
})

test('a null body of stop is not taken for no body', async () => {
  const { post, services } = await startApi()
  expect((await post('/v1/jobs/j-7/stop', null)).status).toBe(400)
  expect(services.calls).toEqual([])
})

test('a body above the limit is refused by its length, and by its bytes', async () => {
  const { call, raw, services } = await startApi({ bodyBytesMax: 1_000 })
  const response = await call('/v1/jobs', posting(JSON.stringify('x'.repeat(2_000))))
  expect(response.status).toBe(413)
  expect(await problemOf(response)).toMatchObject({ code: 'REQUEST_TOO_LARGE' })
  const chunked = await raw(
    `POST /v1/jobs HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: ${AUTHORIZATION}\r\n` +
      'content-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n' +
      `7d0\r\n${'['.repeat(2_000)}\r\n0\r\n\r\n`
  )
  expect(chunked).toContain('413')
  expect(chunked).toContain('REQUEST_TOO_LARGE')
  expect(services.calls).toEqual([])
})

test.each([
  [undefined],
  [''],
  [TOKEN],
  ['Bearer'],
  ['Bearer '],
  [`Bearer ${TOKEN}x`],
  [`Bearer ${TOKEN.slice(0, -1)}`],
  [`Basic ${TOKEN}`],
  [`Bearer ${TOKEN} ${TOKEN}`]
])('without the right token (%s), nothing is told or done', async (authorization) => {
  const { call, services } = await startApi()
  const headers = authorization === undefined ? {} : { authorization }
  const paths = ['/v1/jobs', '/v1/jobs/j-7/events', '/v1/none', `/v1/jobs?token=${TOKEN}`]
  const answers = await Promise.all(paths.map((path) => call(path, { headers })))
  for (const response of answers) {
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain('Bearer')
    // oxlint-disable-next-line no-await-in-loop
    expect(await problemOf(response)).toMatchObject({ code: 'UNAUTHORISED' })
  }
  expect(services.calls).toEqual([])
})

test('a token in the address is an unknown parameter, and health needs none', async () => {
  const { call } = await startApi()
  const response = await call(`/v1/jobs?token=${TOKEN}`)
  expect(await problemOf(response)).toMatchObject({ code: 'FIELD_UNKNOWN', path: 'token' })
  expect((await call('/v1/health', { headers: {} })).status).toBe(200)
})

test('the scheme of the token may be written in any case', async () => {
  const { call } = await startApi()
  const headers = { authorization: `bearer ${TOKEN}` }
  expect((await call('/v1/peers', { headers })).status).toBe(200)
})

test.each([
  ['evil.example', 421],
  ['evil.example:51880', 421],
  ['localhost.evil.example', 421],
  ['127.0.0.1.evil.example:80', 421],
  ['', 421],
  [undefined, 421],
  ['localhost', 200],
  ['LOCALHOST:80', 200],
  ['127.0.0.1:9', 200],
  ['[::1]:51880', 200]
])('on loopback, Host %s answers %i', async (host, status) => {
  const { raw } = await startApi()
  const line = host === undefined ? '' : `host: ${host}\r\n`
  const answer = await raw(`GET /v1/health HTTP/1.1\r\n${line}connection: close\r\n\r\n`)
  expect(answer.split('\r\n')[0]).toContain(` ${status} `)
  expect(answer.includes('WRONG_RECIPIENT')).toBe(status === 421)
  expect(answer.toLowerCase()).not.toContain('access-control')
})

test('bound to every address, it takes any Host name', async () => {
  const { raw, server } = await startApi({ host: '0.0.0.0' })
  expect(server.address()).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  const answer = await raw(
    'GET /v1/health HTTP/1.1\r\nhost: router.lan\r\nconnection: close\r\n\r\n'
  )
  expect(answer).toContain(' 200 ')
})

test('what nobody foresaw is INTERNAL: logged with its cause, told without it', async () => {
  const logger = { warn: vi.fn<() => void>(), error: vi.fn<() => void>() }
  const { call, services } = await startApi({}, { logger })
  services.failure = new TypeError('secret of /root/key')
  const response = await call('/v1/peers')
  expect(response.status).toBe(500)
  const problem = await problemOf(response)
  expect(problem.code).toBe('INTERNAL')
  expect(JSON.stringify(problem)).not.toContain('secret')
  expect(JSON.stringify(problem)).not.toContain('.ts:')
  expect(logger.error).toHaveBeenCalledOnce()
})

test.each([
  [new MeshError('STORE_FAILED', 'the disk is full'), 503, '1'],
  [new MeshError('TOO_MANY_REQUESTS', 'slow down'), 429, '1'],
  [new MeshError('JOB_ENDED', 'it has ended'), 409, null],
  [new MeshError('INTERNAL', 'secret'), 500, null],
  ['a thrown text', 500, null]
])('a failure of the services keeps its code: %s', async (failure, status, retryAfter) => {
  const { call, services } = await startApi()
  services.failure = failure
  const response = await call('/v1/reputation/peer')
  expect(response.status).toBe(status)
  expect(response.headers.get('retry-after')).toBe(retryAfter)
  const problem = await problemOf(response)
  expect(problem.code).toBe(failure instanceof MeshError ? failure.code : 'INTERNAL')
  expect(problem.detail).not.toContain('secret')
})

test('a taken port is named, with the remedy', async () => {
  const { port } = await startApi()
  const second = new ApiServer(
    { services: new FakeApiServices() },
    { host: '127.0.0.1', port, token: TOKEN }
  )
  await expect(second.start()).rejects.toMatchObject({
    code: 'ADDRESS_IN_USE',
    message: expect.stringContaining(`127.0.0.1:${port}`) as string,
    hint: expect.stringContaining('--http 127.0.0.1:0') as string
  })
  await second.stop()
})

test('an address of another machine is a mistake in the configuration', async () => {
  const server = new ApiServer(
    { services: new FakeApiServices() },
    { host: '192.0.2.1', port: 0, token: TOKEN }
  )
  await expect(server.start()).rejects.toMatchObject({ code: 'CONFIG_INVALID', path: '--http' })
})
