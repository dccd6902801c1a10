/** A client that somebody else's generator makes of our OpenAPI document: it compiles, and every operation answers it. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { generateApi } from 'swagger-typescript-api'
import { transformSync } from 'amaro'
import { expect, onTestFinished, test } from 'vitest'
import { operationsOf } from '../../support/openapi-check.ts'
import { exampleOf } from '../../support/fake-api-services.ts'
import { startApi, TOKEN } from '../../support/start-api.ts'
import type { OpenApiDocument, OpenApiOperation } from '../../support/openapi-check.ts'

type Call = (...args: unknown[]) => Promise<Response>

/** What the generator makes, as far as the test uses it. */
interface GeneratedModule {
  Api: new (init: {
    baseUrl: string
    baseApiParams: { headers: Record<string, string> }
  }) => Record<'v1', Record<string, Call>>
}

const TSC = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url))
const STRICT = [
  '--noEmit',
  '--strict',
  '--target',
  'es2022',
  '--module',
  'nodenext',
  '--skipLibCheck'
]

/** Bodies that do something; where none is here, one without fields will do. */
const BODIES: Record<string, () => unknown> = {
  submitJob: () => exampleOf('job'),
  planJob: () => exampleOf('job'),
  createToken: () => ({ name: 'generated', scope: 'read' }),
  setAvailability: () => ({ availability: 'draining' })
}
/** Needs a document that somebody has signed, or bytes that fit a hash. */
const LEFT_OUT = ['publishRecipe', 'putPiece', 'announceFile']

async function generate(document: OpenApiDocument): Promise<GeneratedModule> {
  const folder = mkdtempSync(join(tmpdir(), 'generated-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const spec = document as never
  const { files } = await generateApi({
    spec,
    output: false,
    httpClientType: 'fetch',
    silent: true
  })
  const code = files[0]?.fileContent ?? ''
  writeFileSync(join(folder, 'api.ts'), code)
  execFileSync(process.execPath, [TSC, ...STRICT, 'api.ts'], { cwd: folder })
  // It has words that Node.js does not only strip.
  const plain = join(folder, 'api.mjs')
  writeFileSync(plain, transformSync(code, { mode: 'transform' }).code)
  return (await import(pathToFileURL(plain).href)) as GeneratedModule
}

/** In the order of the generator: the path's, the body, the query; a body that may be left out comes last. */
function argumentsOf({ operationId, parameters, requestBody }: OpenApiOperation): unknown[] {
  const inPath = parameters.filter((each) => each.in === 'path').map(({ name }) => sampleOf(name))
  const hasQuery = parameters.some((each) => each.in === 'query')
  const query = hasQuery ? [{}] : []
  const body = requestBody === undefined ? [] : [BODIES[operationId]?.() ?? {}]
  const isNeeded = requestBody?.required === true
  return isNeeded ? [...inPath, ...body, ...query] : [...inPath, ...query, ...body]
}

function sampleOf(name: string): string {
  return name === 'id' ? exampleOf('api/job').id : name === 'index' ? '0' : 'abcd'
}

test('it is made without a fault, compiles, and every operation answers it', async () => {
  const { call, services, url } = await startApi()
  const document = (await (await call('/v1/openapi.json')).json()) as OpenApiDocument
  const { Api } = await generate(document)
  const headers = { authorization: `Bearer ${TOKEN}` }
  const { v1 } = new Api({ baseUrl: url, baseApiParams: { headers } })
  const wrong: string[] = []
  let answered = 0
  for (const { operation } of operationsOf(document)) {
    const { operationId: name } = operation
    if (LEFT_OUT.includes(name)) continue
    const leaving = new AbortController()
    try {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, as they change what is there
      await v1[name]?.(...argumentsOf(operation), { signal: leaving.signal })
      answered += 1
    } catch (cause) {
      const { status } = cause as Response
      // There is no such token, file or recipe: that too is an answer, and one that it understands.
      if (status !== 404) wrong.push(`${name}: ${status ?? String(cause)}`)
    } finally {
      leaving.abort()
    }
  }
  expect(wrong).toEqual([])
  expect(answered).toBeGreaterThan(40)
  expect(services.calls.map(([done]) => done)).toEqual(
    expect.arrayContaining(['submit', 'stop', 'rerun', 'setAvailability', 'backup', 'live'])
  )
})
