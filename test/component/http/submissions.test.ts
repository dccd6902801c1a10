/** Handing in and acting on what is there: what each POST asks of the services, and how it answers. */
import { ApiClient } from '../../../src/client/api-client.ts'
import { describe, expect, test } from 'vitest'
import { MeshError } from '../../../src/core/errors.ts'
import { validatorFor } from '../../../src/model/validate.ts'
import { buildJobView, exampleOf } from '../../support/fake-api-services.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { problemOf, startApi, TOKEN } from '../../support/start-api.ts'

const JOB = exampleOf('api/job').id
const DOCUMENT = exampleOf('job')
const HEADERS = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }

function keyed(key: string, body: unknown): RequestInit {
  return {
    method: 'POST',
    headers: { ...HEADERS, 'idempotency-key': key },
    body: JSON.stringify(body)
  }
}

describe('POST /v1/jobs', () => {
  test('hands in the document and says where the job is', async () => {
    const { post, services } = await startApi()
    const response = await post('/v1/jobs', DOCUMENT)
    expect(response.status).toBe(201)
    expect(response.headers.get('location')).toBe(`/v1/jobs/${JOB}`)
    validatorFor('api/job')(await response.json())
    expect(services.calls).toEqual([['submit', DOCUMENT, 'http']])
  })

  test('answers 200 with the same body when the key was there before', async () => {
    const { post, services } = await startApi()
    const first = await (await post('/v1/jobs', DOCUMENT)).text()
    services.isNew = false
    const second = await post('/v1/jobs', DOCUMENT)
    expect([second.status, await second.text()]).toEqual([200, first])
    expect(second.headers.get('location')).toBe(`/v1/jobs/${JOB}`)
  })

  test('takes its key from the header, unless the document has one', async () => {
    const { call, services } = await startApi()
    await call('/v1/jobs', keyed('from-header', { task: 1 }))
    await call('/v1/jobs', keyed('from-header', { task: 1, key: 'own' }))
    await call('/v1/jobs', keyed('from-header', 'no object'))
    expect(services.calls).toEqual([
      ['submit', { task: 1, key: 'from-header' }, 'http'],
      ['submit', { task: 1, key: 'own' }, 'http'],
      ['submit', 'no object', 'http']
    ])
  })

  test.each(['', 'x'.repeat(129)])('refuses %.3s… as a key', async (key) => {
    const { call, services } = await startApi()
    const response = await call('/v1/jobs', keyed(key, DOCUMENT))
    expect(await problemOf(response)).toMatchObject({
      code: 'FIELD_INVALID',
      path: 'idempotency-key'
    })
    expect(services.calls).toEqual([])
  })

  test('a graph gives an array, and each of its jobs a key of its own', async () => {
    const { call, post, services } = await startApi()
    const graph = { jobs: { a: { task: 1 }, b: { task: 2, key: 'own' } } }
    const response = await post('/v1/jobs', graph)
    expect(response.status).toBe(201)
    expect(await response.json()).toMatchObject([{ id: JOB }])
    await call('/v1/jobs', keyed('night', graph))
    await call('/v1/jobs', keyed('night', { jobs: 'none' }))
    expect(services.calls).toEqual([
      ['submitGraph', graph, 'http'],
      [
        'submitGraph',
        { jobs: { a: { task: 1, key: 'night/a' }, b: { task: 2, key: 'own' } } },
        'http'
      ],
      ['submitGraph', { jobs: 'none' }, 'http']
    ])
  })

  test('what has a task and jobs is a job, for the services to refuse', async () => {
    const { post, services } = await startApi()
    await post('/v1/jobs', { task: 1, jobs: {} })
    expect(services.calls).toEqual([['submit', { task: 1, jobs: {} }, 'http']])
  })

  test('a graph has no plan', async () => {
    const { post, services } = await startApi()
    const response = await post('/v1/jobs/plan', { jobs: {} })
    expect(await problemOf(response)).toMatchObject({
      code: 'FIELD_INVALID',
      hint: 'plan its jobs one by one'
    })
    expect(services.calls).toEqual([])
  })

  test.each([
    [undefined, '1'],
    [1, '1'],
    [1_000, '1'],
    [1_001, '2'],
    [90_000, '90']
  ])('a queue that is full for %s ms says to come after %s s', async (retryAfterMs, seconds) => {
    const { post, services } = await startApi()
    services.failure = new MeshError('QUEUE_FULL', 'full', { retryAfterMs })
    const response = await post('/v1/jobs', DOCUMENT)
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, seconds])
  })
})

describe('POST /v1/jobs/:id/…', () => {
  const ACTIONS: [action: string, body: object, status: number, call: unknown[]][] = [
    ['stop', { reason: 'wrong input' }, 200, ['stop', JOB, { reason: 'wrong input' }, 'http']],
    [
      'stop',
      { kill_after: '1m' },
      200,
      ['stop', JOB, { reason: 'stopped through the API', killAfterMs: 60_000 }, 'http']
    ],
    ['stop', {}, 200, ['stop', JOB, { reason: 'stopped through the API' }, 'http']],
    ['hold', { reason: 'not yet' }, 200, ['hold', JOB, 'not yet', 'http']],
    ['hold', {}, 200, ['hold', JOB, undefined, 'http']],
    ['release', {}, 200, ['release', JOB, 'http']],
    ['rerun', {}, 201, ['rerun', JOB, {}, 'http']],
    [
      'rerun',
      { items: 'all', set: { 'timeouts.run': '1h' } },
      201,
      ['rerun', JOB, { items: 'all', set: { 'timeouts.run': '1h' } }, 'http']
    ]
  ]

  test.each(ACTIONS)('%s %j', async (action, body, status, called) => {
    const { post, services } = await startApi()
    const response = await post(`/v1/jobs/${JOB}/${action}`, body)
    expect(response.status).toBe(status)
    validatorFor('api/job')(await response.json())
    expect(services.calls).toEqual([called])
  })

  test.each(['stop', 'hold', 'release', 'rerun'])('%s without a body', async (action) => {
    const { call, services } = await startApi()
    const response = await call(`/v1/jobs/${JOB}/${action}`, { method: 'POST' })
    expect(response.ok).toBe(true)
    expect(services.calls).toHaveLength(1)
  })

  test.each([
    ['stop', { reson: 'x' }, 'reson'],
    ['hold', { reason: 7 }, 'reason'],
    ['release', { reason: 'x' }, undefined],
    ['rerun', { items: 'some' }, 'items']
  ])('%s %j is refused', async (action, body, path) => {
    const { post, services } = await startApi()
    const response = await post(`/v1/jobs/${JOB}/${action}`, body)
    expect((await problemOf(response)).path).toBe(path)
    expect(services.calls).toEqual([])
  })

  test('a rerun says where the new job is', async () => {
    const { post } = await startApi()
    const response = await post(`/v1/jobs/${JOB}/rerun`, {})
    expect(response.headers.get('location')).toBe('/v1/jobs/j-again')
  })
})

describe('operations', () => {
  test.each([
    [
      { availability: 'cordoned', reason: 'noise' },
      { availability: 'cordoned', reason: 'noise' }
    ],
    [
      { availability: 'draining', deadline: '30m' },
      { availability: 'draining', deadline_ms: 1_800_000 }
    ],
    [{ availability: 'open' }, { availability: 'open' }]
  ])('availability %j', async (body, request) => {
    const { post, services } = await startApi()
    const response = await post('/v1/nodes/YkzB/availability', body)
    expect(response.status).toBe(200)
    validatorFor('api/node')(await response.json())
    expect(services.calls).toEqual([['setAvailability', 'YkzB', request]])
  })

  test.each([
    [{ availability: 'closed' }, 'availability'],
    [{ availability: 'draining', deadline: '30' }, 'deadline'],
    [{ availability: 'cordoned', deadline: '30m' }, 'deadline'],
    [{}, 'availability']
  ])('availability %j is refused', async (body, path) => {
    const { post, services } = await startApi()
    const problem = await problemOf(await post('/v1/nodes/YkzB/availability', body))
    expect(problem.path).toBe(path)
    expect(services.calls).toEqual([])
  })

  test('backup, beside the store or where it is told', async () => {
    const { call, client, services } = await startApi()
    const response = await call('/v1/store/backup', { method: 'POST' })
    validatorFor('api/backup')(await response.json())
    expect(await client.backup('/mnt/jobs.db')).toMatchObject({ file: '/mnt/jobs.db' })
    expect(services.calls).toEqual([
      ['backup', undefined],
      ['backup', '/mnt/jobs.db']
    ])
  })

  test('only the router’s own token says where a backup lies', async () => {
    const { services, url } = await startApi()
    const { token } = services.tokens.create({ name: 'ci', scope: 'operate' })
    const client = new ApiClient({ url, token })
    await expect(client.backup('/etc/jobs.db')).rejects.toMatchObject({
      code: 'FORBIDDEN',
      path: 'file'
    })
    await client.backup()
    expect(services.calls).toEqual([['backup', undefined]])
  })

  test.each([{ file: '' }, { file: 7 }, { to: 'x' }])('backup %j is refused', async (body) => {
    const { post, services } = await startApi()
    expect((await post('/v1/store/backup', body)).status).toBe(400)
    expect(services.calls).toEqual([])
  })
})

test('since may be how long ago', async () => {
  const clock = new FakeClock(Date.UTC(2026, 0, 1))
  const { call, services } = await startApi({}, { clock })
  services.jobsById.set('j-2', buildJobView({ id: 'j-2' }))
  await call('/v1/jobs?since=90m')
  expect(services.calls).toEqual([
    ['list', { sinceMs: Date.UTC(2025, 11, 31, 22, 30), limit: 100 }]
  ])
  for (const wrong of ['90', 'yesterday', '2026-13-01T00:00:00Z']) {
    // oxlint-disable-next-line no-await-in-loop
    expect(await problemOf(await call(`/v1/jobs?since=${wrong}`))).toMatchObject({
      code: 'FIELD_INVALID',
      path: 'since'
    })
  }
})
