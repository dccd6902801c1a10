/** A worker inside a program, from its functions to their results over a router, all in one process. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ApiClient } from '../../../src/client/api-client.ts'
import { createWorker } from '../../../src/index.ts'
import { loadSettings } from '../../../src/config/load.ts'
import { onThread } from '../../support/function-engine.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { startBootstrap } from '../../../src/roles/bootstrap.ts'
import { startRouter } from '../../../src/roles/router.ts'
import type { CreateWorkerInit, EmbeddedWorker } from '../../../src/index.ts'
import type { JobDocument } from '../../../src/model/job.ts'
import type { RunningNode } from '../../../src/roles/role.ts'

const TOKEN = 'a-token-long-enough'
const home = mkdtempSync(join(tmpdir(), 'create-worker-'))
const common = { home: [home], listen: ['/ip4/127.0.0.1/tcp/0'], namespace: ['embedded'] }
const nodes: { stop(): Promise<void> }[] = []
let boot: RunningNode
let api: ApiClient

beforeAll(async () => {
  boot = await startBootstrap(loadSettings('bootstrap', { env: {}, flags: common }), silentLogger)
  const flags = { ...common, bootstrap: bootstrap(), http: ['127.0.0.1:0'], token: [TOKEN] }
  const router = await startRouter(loadSettings('router', { env: {}, flags }), silentLogger)
  nodes.push(boot, router)
  api = new ApiClient({ url: router.report.http ?? '', token: TOKEN })
  await start({
    name: 'plain',
    functions: {
      resize: async ({ width }: { width: number }, { log, progress }) => {
        log(`to ${width}`)
        progress(1, 'done')
        return { width }
      }
    }
  })
  await start({
    name: 'heavy',
    slots: 2,
    functions: {
      number: { ...onThread('number'), schema: { type: 'integer' }, concurrency: 2 }
    }
  })
  await vi.waitUntil(async () => (await api.nodes()).length === 2, { timeout: 60_000 })
})

afterAll(async () => {
  for (const node of nodes.toReversed()) await node.stop()
  rmSync(home, { recursive: true, force: true })
})

function bootstrap(): string[] {
  return [boot.report.addresses[0] ?? '']
}

async function start(init: Partial<CreateWorkerInit> & Pick<CreateWorkerInit, 'functions'>) {
  const worker: EmbeddedWorker = await createWorker({
    home,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    namespace: 'embedded',
    bootstrap: bootstrap(),
    ...init
  })
  nodes.push(worker)
  return worker
}

async function run(document: JobDocument) {
  const { id } = await api.submit(document)
  return await api.wait(id)
}

test('a task goes to the worker that has its function, and its result comes back', async () => {
  for (let width = 0; width < 5; width += 1) {
    const job = await run({ task: { engine: 'function', name: 'resize', input: { width } } })
    expect(job.state).toBe('completed')
    expect(job.result).toEqual({ width })
  }
  const numbers = await run({
    task: { engine: 'function', name: 'number', input: 0 },
    each: [{ input: 1 }, { input: 2 }, { input: 3 }]
  })
  expect(numbers).toMatchObject({ state: 'completed', counts: { completed: 3 } })
})

test('an input that does not fit is the fault of the job', async () => {
  const job = await run({ task: { engine: 'function', name: 'number', input: 'one' } })
  expect(job).toMatchObject({ state: 'failed', error: { code: 'FIELD_INVALID' } })
})

test('it says who it is, and may be stopped twice', async () => {
  const worker = await start({ name: 'short', namespace: 'elsewhere', functions: {} })
  expect(worker.addresses[0]).toContain(`/p2p/${worker.peerId}`)
  await worker.stop()
  await worker.stop()
})

test('a plan says who lacks the function, and what each worker has', async () => {
  const plan = await api.plan({ task: { engine: 'function', name: 'resize' } })
  expect(JSON.stringify(plan)).toContain('lacks function resize, has number')
  const nodesNow = await api.nodes()
  expect(new Set(nodesNow.map(({ functions }) => functions?.[0]))).toEqual(
    new Set(['number', 'resize'])
  )
  expect(new Set(nodesNow.map(({ isolation }) => isolation?.['function']))).toEqual(
    new Set(['none', 'thread'])
  )
})

test('a condition on isolation keeps tasks from what has too little', async () => {
  const task = { engine: 'function', name: 'resize' } as const
  const plan = await api.plan({ task, where: { require: ['isolation >= thread'] } })
  expect(JSON.stringify(plan)).toContain('has isolation.function = none')
})

test('a module that is not there is heard of by who starts the worker', async () => {
  const functions = { gone: { module: new URL('file:///no/such/module.js') } }
  await expect(start({ name: 'gone', functions })).rejects.toMatchObject({
    code: 'ENGINE_UNAVAILABLE'
  })
})

test('a misspelt setting is named', async () => {
  const wrong = { name: 'wrong', functions: {}, slotz: 2 }
  await expect(start(wrong)).rejects.toMatchObject({ code: 'FIELD_UNKNOWN' })
})
