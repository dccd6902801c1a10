/** The API's description of itself: whole, in keeping with the table, and true of what a server answers. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { OPERATIONS } from '../../../src/http/operations.ts'
import { OpenApiCheck, operationsOf } from '../../support/openapi-check.ts'
import { ROUTER_OPERATIONS } from '../../support/router-operations.ts'
import { openApiDocument } from '../../../src/http/openapi.ts'
import { startApi } from '../../support/start-api.ts'
import { exampleOf } from '../../support/fake-api-services.ts'
import type { OpenApiDocument } from '../../support/openapi-check.ts'

const document = openApiDocument(OPERATIONS) as unknown as OpenApiDocument

test('it is served as it is made, and every route stands in it, and nothing else', async () => {
  const { call } = await startApi()
  const response = await call('/v1/openapi.json')
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
  const served = (await response.json()) as OpenApiDocument
  expect(served).toEqual(openApiDocument(ROUTER_OPERATIONS))
  const told = operationsOf(served).map(({ method, path }) => `${method.toUpperCase()} ${path}`)
  const known = Object.values(ROUTER_OPERATIONS).map(
    ({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`
  )
  expect(told.toSorted()).toEqual(known.toSorted())
  const answers = await Promise.all(
    Object.values(ROUTER_OPERATIONS).map(({ path }) => call(path, { method: 'PATCH' }))
  )
  // Whatever has a path has a route there; what has none says so.
  const unserved = answers.filter(({ status }) => ![401, 405].includes(status))
  expect(unserved.map(({ url }) => url)).toEqual([])
})

test('each reference leads somewhere, each shape compiles, and no name of ours is left', () => {
  const check = new OpenApiCheck(document)
  const text = JSON.stringify(document)
  expect(text).not.toContain('taskmesh:///')
  expect(text).not.toContain('"$id"')
  const references = [...text.matchAll(/"\$ref":"#([^"]+)"/g)].map(([, pointer]) => pointer ?? '')
  expect(references.length).toBeGreaterThan(100)
  for (const pointer of new Set(references)) {
    const steps = pointer.slice(1).split('/')
    const target = steps.reduce<unknown>(
      (at, step) => (at as Record<string, unknown>)[step],
      document
    )
    expect([pointer, typeof target]).toEqual([pointer, 'object'])
  }
  for (const name of Object.keys(document.components.schemas)) {
    expect(name).toMatch(/^[A-Za-z]+$/)
    expect(check.schemaAt(['components', 'schemas', name])).toBeTypeOf('function')
  }
})

test('each operation has a name, its scope, its path parameters, and says how it may fail', () => {
  expect(document.openapi).toMatch(/^3\.1\./)
  for (const { operation, path } of operationsOf(document)) {
    const { operationId, parameters, responses, security, summary } = operation
    const { scope } = OPERATIONS[operationId as keyof typeof OPERATIONS]
    expect(security).toEqual(scope === undefined ? [] : [{ token: [scope] }])
    expect(summary.length).toBeGreaterThan(10)
    const inPath = parameters.filter((each) => each.in === 'path').map(({ name }) => name)
    expect(inPath).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
    expect(responses['default']).toEqual({ $ref: '#/components/responses/Problem' })
    expect(Object.keys(responses).some((status) => status.startsWith('2'))).toBe(true)
  }
})

test('refusals fit the shape of problems', async () => {
  const { call } = await startApi()
  const validate = new OpenApiCheck(document).schemaAt(['components', 'schemas', 'Problem'])
  for (const path of ['/v1/jobs?x=1', '/v1/jobs/none', '/v1/nothing']) {
    // oxlint-disable-next-line no-await-in-loop
    expect(validate(await (await call(path)).json())).toBe(true)
  }
})

test('what is handed in is described: a job and a graph fit, others do not', () => {
  const steps = [
    'paths',
    '/v1/jobs',
    'post',
    'requestBody',
    'content',
    'application/json',
    'schema'
  ]
  const validate = new OpenApiCheck(document).schemaAt(steps)
  expect(validate(exampleOf('job'))).toBe(true)
  expect(validate({ jobs: { first: exampleOf('job') } })).toBe(true)
  expect(validate({ task: { engine: 'none' } })).toBe(false)
})

test('docs/api.md has every operation with its scope and parameters, and nothing else', () => {
  const page = readFileSync(new URL('../../../docs/api.md', import.meta.url), 'utf8')
  const rows = page
    .split('\n')
    .filter((line) => /^\| `(GET|POST|PUT|DELETE) /.test(line))
    .map((line) => line.split('|').slice(1, 5))
    .map((cells) => cells.map((cell) => cell.trim().replaceAll('`', '')).join(' | '))
  const known = Object.values(OPERATIONS).map(({ method, path, query, scope = 'none', summary }) =>
    [`${method} ${path}`, scope, Object.keys(query).join(', '), summary.replaceAll('`', '')].join(
      ' | '
    )
  )
  expect(rows.toSorted()).toEqual(known.toSorted())
})
