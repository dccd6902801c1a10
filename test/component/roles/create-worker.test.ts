/** A worker inside a program, from its functions to their results over a router, all in one process. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ApiClient } from '../../../src/client/api-client.ts'
import { createWorker } from '../../../src/index.ts'
import { deferred } from '../../../src/core/abort.ts'
import { loadSettings } from '../../../src/config/load.ts'
import { onThread } from '../../support/function-engine.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { startBootstrap } from '../../../src/roles/bootstrap.ts'
import { startRouter } from '../../../src/roles/router.ts'
import type { CreateWorkerInit, EmbeddedWorker, FunctionEvent } from '../../../src/index.ts'
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
  expect(JSON.stringify(plan)).toContain('lacks function resize (has number)')
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

/** Resolves once the router knows it too. */
async function startKnown(init: Partial<CreateWorkerInit> & Pick<CreateWorkerInit, 'functions'>) {
  const worker = await start(init)
  const isKnown = async (): Promise<boolean> =>
    (await api.nodes()).some(({ peer_id: peer }) => peer === worker.peerId)
  await vi.waitUntil(isKnown, { timeout: 60_000 })
  return worker
}

test('a function that blames its machine is called elsewhere, under the same seed', async () => {
  const calls: { name: string; seed: string }[] = []
  const fragile = (name: string): CreateWorkerInit['functions'] => ({
    fragile: (_input, { seed }) => {
      calls.push({ name, seed })
      if (calls.length > 1) return name
      throw Object.assign(new Error('no space left'), { code: 'DISK_FULL', blame: 'worker' })
    }
  })
  await startKnown({ name: 'fragile-1', functions: fragile('fragile-1') })
  await startKnown({ name: 'fragile-2', functions: fragile('fragile-2') })
  const task = { engine: 'function', name: 'fragile' } as const
  const job = await run({ task, retry: { backoff: { delay: '1ms' } } })
  expect(job.state).toBe('completed')
  expect(new Set(calls.map(({ name }) => name)).size).toBe(2)
  expect(new Set(calls.map(({ seed }) => seed)).size).toBe(1)
  expect(job.result).toBe(calls[1]?.name)
})

/** What was counted of a worker, newest first. */
async function kindsOf({ peerId }: EmbeddedWorker): Promise<string[]> {
  const kinds: string[] = []
  for await (const { kind } of api.evidenceOf(peerId)) kinds.push(kind)
  return kinds
}

test('what one worker fails at and another completes counts against the first', async () => {
  const calls: string[] = []
  const odd = (name: string): CreateWorkerInit['functions'] => ({
    odd: () => {
      calls.push(name)
      if (calls.length > 1) return name
      throw new Error('not with this library')
    }
  })
  const workers = [
    await startKnown({ name: 'odd-1', functions: odd('odd-1') }),
    await startKnown({ name: 'odd-2', functions: odd('odd-2') })
  ]
  const task = { engine: 'function', name: 'odd' } as const
  const job = await run({ task, retry: { backoff: { delay: '1ms' }, on: ['job'] } })
  expect(job).toMatchObject({ state: 'completed', result: calls[1] })
  const [failed, completed] = calls[0] === 'odd-1' ? workers : workers.toReversed()
  expect(await kindsOf(failed as EmbeddedWorker)).toEqual(['outdone'])
  // What it signed of it is looked at first.
  await vi.waitUntil(async () => (await kindsOf(completed as EmbeddedWorker)).length > 0, 60_000)
  expect(await kindsOf(completed as EmbeddedWorker)).toEqual(['completed'])
})

test('an error of its own kind fails the job at once, with its code', async () => {
  const events: FunctionEvent[] = []
  const declined = Object.assign(new Error('card refused'), { code: 'PAYMENT_DECLINED' })
  const pay = (): Promise<never> => Promise.reject(declined)
  const onFunctionEvent = (event: FunctionEvent): void => {
    events.push(event)
    throw new Error('the program around it has its own faults')
  }
  await startKnown({ name: 'paying', functions: { pay }, onFunctionEvent })
  const job = await run({ task: { engine: 'function', name: 'pay' } })
  expect(job).toMatchObject({
    state: 'failed',
    error: { code: 'TASK_FAILED', task_code: 'PAYMENT_DECLINED', message: 'card refused' }
  })
  expect(events.map(({ type }) => type)).toEqual(['started', 'failed'])
})

test('a stop lets what runs finish', async () => {
  const gate = deferred<string>()
  const begun = deferred<void>()
  const slow = (): Promise<string> => {
    begun.resolve()
    return gate.promise
  }
  const worker = await startKnown({ name: 'slow', functions: { slow } })
  const ended = run({ task: { engine: 'function', name: 'slow' } })
  await begun.promise
  const stopped = worker.stop()
  gate.resolve('done')
  expect(await ended).toMatchObject({ state: 'completed', result: 'done' })
  await stopped
})

test('a stop waits no longer than its deadline, not even for what heeds nothing', async () => {
  const begun = deferred<void>()
  const deaf = (): Promise<never> => {
    begun.resolve()
    return new Promise(() => {})
  }
  const worker = await startKnown({ name: 'deaf', drain_deadline: '10ms', functions: { deaf } })
  const task = { engine: 'function', name: 'deaf' } as const
  const ended = run({ task, retry: { attempts: 1 }, timeouts: { stop: '10ms' } })
  await begun.promise
  await worker[Symbol.asyncDispose]()
  expect(await ended).toMatchObject({ state: 'failed', error: { code: 'WORKER_STOPPING' } })
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
