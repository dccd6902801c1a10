/** Who may do what: every operation with every scope, whose jobs they are, and how a token ends. */
import { expect, test } from 'vitest'
import { ApiClient } from '../../../src/client/api-client.ts'
import { SCOPES } from '../../../src/http/caller.ts'
import { buildJobEvent, buildJobView, exampleOf } from '../../support/fake-api-services.ts'
import { ROUTER_OPERATIONS } from '../../support/router-operations.ts'
import { problemOf, startApi } from '../../support/start-api.ts'
import type { Operation } from '../../../src/http/operation.ts'
import type { RunningApi } from '../../support/start-api.ts'
import type { TokenScope } from '../../../src/model/generated/api-token.ts'

const OWN_JOB = exampleOf('api/job').id
const HELD_BY = { none: -1, read: 0, submit: 1, operate: 2 } as const

type Given = 'none' | TokenScope

function bearer(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` }
}

/** Of the same name, so that the job is its own whatever the scope. */
function tokenOf({ services }: RunningApi, scope: TokenScope): string {
  return services.tokens.create({ name: 'ci', scope }).token ?? ''
}

async function startWithJob(): Promise<RunningApi> {
  const api = await startApi()
  api.services.jobsById.set(OWN_JOB, buildJobView({ submitter: 'http/ci' }))
  return api
}

async function ask({ url }: RunningApi, operation: Operation, token?: string): Promise<Response> {
  const path = operation.path
    .replace('/jobs/:id', `/jobs/${OWN_JOB}`)
    .replace(':index', '0')
    .replaceAll(/:\w+/g, 'abcd')
  const leaving = new AbortController()
  const { method } = operation
  const response = await fetch(`${url}${path}`, {
    method,
    headers: bearer(token),
    signal: leaving.signal
  })
  if (response.headers.get('content-type')?.startsWith('text/event-stream') === true) {
    leaving.abort()
  }
  return response
}

test.each(['none', ...SCOPES] as const)('with scope %s: just what it covers', async (given) => {
  const api = await startWithJob()
  const token = given === 'none' ? undefined : tokenOf(api, given)
  const wrong: string[] = []
  for (const [name, operation] of Object.entries(ROUTER_OPERATIONS)) {
    // oxlint-disable-next-line no-await-in-loop
    const response = await ask(api, operation, token)
    const expected = expectedOf(given, operation)
    const isRefused = [401, 403].includes(response.status)
    const isRight = expected === undefined ? !isRefused : response.status === expected
    if (!isRight) wrong.push(`${name}: ${response.status}`)
    if (response.status !== 403) continue
    // oxlint-disable-next-line no-await-in-loop
    const { code, detail } = await problemOf(response)
    expect([name, code, detail]).toEqual([
      name,
      'FORBIDDEN',
      `this needs a token of scope "${operation.scope}"`
    ])
  }
  expect(wrong).toEqual([])
  // What was refused had not begun.
  const done = api.services.calls.map(([call]) => call)
  expect(done.includes('backup')).toBe(given === 'operate')
  expect(done.includes('stop')).toBe(given === 'submit' || given === 'operate')
})

/** Undefined where it is answered. */
function expectedOf(given: Given, { scope }: Operation): 401 | 403 | undefined {
  if (scope === undefined || HELD_BY[given] >= HELD_BY[scope]) return undefined
  return given === 'none' ? 401 : 403
}

test('with a token for handing in, only one’s own jobs are stopped, held and released', async () => {
  const api = await startApi()
  const client = new ApiClient({ url: api.url, token: tokenOf(api, 'submit') })
  const refused = { code: 'FORBIDDEN', message: expect.stringContaining('by http') as string }
  await expect(client.stop(OWN_JOB, 'enough')).rejects.toMatchObject(refused)
  await expect(client.hold(OWN_JOB)).rejects.toMatchObject(refused)
  await expect(client.release(OWN_JOB)).rejects.toMatchObject(refused)
  expect(api.services.calls).toEqual([])
  api.services.jobsById.set(OWN_JOB, buildJobView({ submitter: 'http/ci' }))
  // By the whole id, so that nothing else is meant by then.
  await client.hold(OWN_JOB.slice(0, 4), 'wait')
  await client.rerun(OWN_JOB)
  await client.submit(exampleOf('job'))
  expect(api.services.calls).toMatchObject([
    ['hold', OWN_JOB, 'wait', 'http/ci'],
    ['rerun', OWN_JOB, {}, 'http/ci'],
    ['submit', expect.anything(), 'http/ci']
  ])
})

test('a token is told once, listed without it, and refused once it is revoked', async () => {
  const api = await startApi()
  const made = await api.client.createToken({ name: 'wall', scope: 'read', ttl: '1h' })
  const { token = '', ...view } = made
  expect(token).toMatch(/^taskmesh-[a-z0-9]{8}-[\w-]{43}$/)
  expect(await api.client.tokens()).toEqual([view])
  const client = new ApiClient({ url: api.url, token })
  await client.peers()
  expect(await api.client.revokeToken(made.id)).toEqual(view)
  await expect(client.peers()).rejects.toMatchObject({ code: 'UNAUTHORISED' })
  await expect(api.client.revokeToken(made.id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(await api.client.tokens()).toEqual([])
})

test('a stream that is open ends with its token, and those of others go on', async () => {
  const api = await startApi()
  const made = await api.client.createToken({ name: 'wall', scope: 'read' })
  const open = (token: string | undefined): Promise<Response> =>
    fetch(`${api.url}/v1/events`, { headers: bearer(token) })
  const [theirs, ours] = [await open(made.token), await api.call('/v1/events')]
  await api.client.revokeToken(made.id)
  // It ends by itself: all of it can be read.
  expect(await theirs.text()).not.toContain('data:')
  expect(api.services.watcherCount).toBe(1)
  api.services.emit(buildJobEvent())
  const { value } = await (ours.body as ReadableStream<Uint8Array>).getReader().read()
  expect(new TextDecoder().decode(value)).toContain('data:')
})

test.each([
  [{ name: 'CI', scope: 'read' }, 'name'],
  [{ name: 'a'.repeat(33), scope: 'read' }, 'name'],
  [{ name: '../x', scope: 'read' }, 'name'],
  [{ name: 'ci', scope: 'admin' }, 'scope'],
  [{ name: 'ci' }, 'scope'],
  [{ name: 'ci', scope: 'read', ttl: '400d' }, 'ttl'],
  [{ name: 'ci', scope: 'read', ttl: '0s' }, 'ttl'],
  [{ name: 'ci', scope: 'read', ttl: 'for ever' }, 'ttl'],
  [{ name: 'ci', scope: 'read', token: 'mine' }, 'token']
])('no token is made of %j', async (request, path) => {
  const { post, services } = await startApi()
  const response = await post('/v1/tokens', request)
  expect(response.status).toBe(400)
  expect(await problemOf(response)).toMatchObject({ path })
  expect(services.tokens.list()).toEqual([])
})
