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
import { LIBRARY_NAMESPACE, LIBRARY_TOKEN, startLibraryMesh } from '../../support/library-mesh.ts'
import { schemaDocuments } from '../../../src/model/validate.ts'
import { sealRecipe } from '../../../src/recipes/sealed-recipe.ts'
import { signerOf } from '../../../src/receipts/signer.ts'
import { startApi, TOKEN } from '../../support/start-api.ts'
import { temporaryIdentity } from '../../../src/network/identity.ts'
import type { FileUpload } from '../../../src/model/generated/api-file-upload.ts'
import type { JobView } from '../../../src/model/generated/api-job.ts'
import type { NodeView } from '../../../src/model/generated/api-node.ts'
import type { RecipeView } from '../../../src/model/generated/api-recipe.ts'
import type { TokenView } from '../../../src/model/generated/api-token.ts'
import type { OpenApiDocument, OpenApiOperation } from '../../support/openapi-check.ts'

type Call = (...args: unknown[]) => Promise<Response>

/** What the generator makes, as far as the test uses it. */
interface GeneratedModule {
  Api: new (init: {
    baseUrl: string
    baseApiParams: { headers: Record<string, string> }
  }) => Record<'v1', Readonly<Record<string, Call>>>
}

/** What it reads of an answer. */
interface Answer<T> extends Response {
  data: T
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
  announceFile: () => firstExample('api/file-upload-request'),
  createToken: () => ({ name: 'generated', scope: 'read' }),
  publishRecipe: () => firstExample('api/recipe-publication'),
  setAvailability: () => ({ availability: 'draining' })
}
/** The generator knows no body of bytes: it would send the JSON text of a Blob, which is `{}`. */
const LEFT_OUT = ['putPiece']

function firstExample(schema: string): unknown {
  return (schemaDocuments.get(schema) as { examples: unknown[] }).examples[0]
}

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
  // All but those that ask for what is not there.
  expect(answered).toBeGreaterThan(42)
  expect(services.calls.map(([done]) => done)).toEqual(
    expect.arrayContaining(['submit', 'stop', 'rerun', 'setAvailability', 'backup', 'live'])
  )
})

test('it works with a real router: a job, a file, a recipe, a token, and lists in pages', async () => {
  const mesh = await startLibraryMesh({ square: async (n: number) => n * n })
  onTestFinished(() => mesh.stop())
  const url = mesh.router.report.http ?? ''
  const headers = { authorization: `Bearer ${LIBRARY_TOKEN}` }
  const described = await fetch(`${url}/v1/openapi.json`, { headers })
  const { Api } = await generate((await described.json()) as OpenApiDocument)
  const { v1 } = new Api({ baseUrl: url, baseApiParams: { headers } })
  const ask = async <T>(name: string, ...given: unknown[]): Promise<T> => {
    const call = v1[name] as Call
    return ((await call(...given)) as Answer<T>).data
  }

  const task = { engine: 'function', name: 'square', input: 12 }
  const job = await ask<JobView>('submitJob', { name: 'generated', task, key: 'once' })
  expect(await ask<JobView>('submitJob', { name: 'generated', task, key: 'once' })).toMatchObject({
    id: job.id
  })
  const ended = await ask<JobView>('waitForJob', job.id, { timeout: '60s' })
  expect(ended).toMatchObject({ state: 'completed', result: 144 })
  const byEnd = await ask<JobView[]>('listJobs', { sort: '-ended', q: 'gener', limit: 1 })
  expect(byEnd.map(({ id }) => id)).toEqual([job.id])
  const nodes = await ask<NodeView[]>('listNodes', { state: 'ready', limit: 1 })
  expect(nodes.map(({ peer_id: peer }) => peer)).toEqual([mesh.worker.peerId])

  const signer = signerOf(await temporaryIdentity())
  const about = { namespace: LIBRARY_NAMESPACE, name: 'square', revision: 1, at_ms: 1 }
  const envelope = await sealRecipe({ ...about, job: { task } }, signer)
  const recipe = await ask<RecipeView>('publishRecipe', { envelope })
  expect(await ask<RecipeView>('describeRecipe', recipe.name)).toMatchObject({
    author: signer.peer
  })
  const upload = await ask<FileUpload>('announceFile', firstExample('api/file-upload-request'))
  expect(upload.complete).toBe(false)
  const token = await ask<TokenView>('createToken', { name: 'generated', scope: 'read' })
  expect(await ask<TokenView>('revokeToken', token.id)).toMatchObject({ name: 'generated' })
  await expect(v1['stopJob']?.(job.id, {})).rejects.toMatchObject({
    status: 409,
    error: { code: 'JOB_ENDED' }
  })
})
