/**
 * Process of engines.bench and slots.bench: a node's engines with no network around them, and the bare
 * designs beside them, so that both pay for the same parent.
 */
import { runInThisContext } from 'node:vm'
import { EchoChild, gzipBare, spawnToEnd } from './support/bare-calls.ts'
import { ENGINE_DESIGNS, EngineDesigns } from './support/engine-designs.ts'
import { WORK } from './support/engine-work.ts'
import { answerParent, readInit } from './support/child.ts'
import { collectGarbage } from './support/memory.ts'
import { runLoad } from './support/load.ts'
import { taskTerms } from '../support/task-terms.ts'
import { wasmFixture } from '../component/executors/run-wasm.ts'
import type { EngineDesignName } from './support/engine-designs.ts'
import type { Executor } from '../../src/executors/executor.ts'
import type { LoadInit, LoadResult } from './support/load.ts'
import type { TaskDocument } from '../../src/model/job.ts'

export interface ExecutorsProcessInit {
  /** For folders of engines; removed by the bench. */
  home: string
  slots: number
}

export interface EngineQuestion extends LoadInit {
  design: string
}

type Call = () => Promise<unknown>

const { home, slots } = readInit() as ExecutorsProcessInit
const designs = new EngineDesigns(home)
const engines = new Map<EngineDesignName, Executor>()
const calls = new Map<string, Call>()
const echo = new EchoChild()
const holding = new AbortController()
const held: Promise<unknown>[] = []

/** Makes a design ready. @throws what keeps it from running here */
async function prepare(design: string): Promise<void> {
  const call = await callOf(design)
  await call()
  calls.set(design, call)
}

async function callOf(design: string): Promise<Call> {
  switch (design) {
    case 'bare spawn':
      return () => spawnToEnd(['/bin/true'])
    case 'bare node':
      return () => spawnToEnd([process.execPath, '-e', '0'])
    case 'bare ipc':
      return () => echo.call()
    case 'bare podman run':
      return await podmanCall()
    case 'V8 primes':
      return primesCall()
    case 'zlib':
      return () => gzipBare(WORK.text)
    case 'bare gzip':
      return () => spawnToEnd(['gzip', '-c'], WORK.text)
    case 'javascript primes':
      return await taskCall('javascript', {
        engine: 'javascript',
        source: WORK.primesSource,
        input: WORK.primesLimit
      })
    case 'wasm minigzip':
      return await taskCall('wasm', {
        engine: 'wasm',
        module: wasmFixture('minigzip'),
        stdin: `base64:${WORK.text.toString('base64')}`
      })
  }
  const [, name = '', cold] = /^(.*?)( cold)?$/.exec(design) ?? []
  const engine = ENGINE_DESIGNS.find((known) => known === name)
  if (engine === undefined) throw new Error(`there is no design ${design}`)
  return cold === undefined
    ? await taskCall(engine, (await designs.get(engine)).tiny)
    : await coldCall(engine)
}

async function taskCall(name: EngineDesignName, task: TaskDocument): Promise<Call> {
  const executor = await started(name)
  return () => run(executor, task)
}

/** All that a first task waits for, and the end of what it leaves. */
async function coldCall(name: EngineDesignName): Promise<Call> {
  const { create, tiny } = await designs.get(name)
  return async () => {
    const executor = await create(1)
    await executor.start()
    await run(executor, tiny)
    await executor.stop()
  }
}

async function podmanCall(): Promise<Call> {
  const { cli, image, problem } = await designs.containers()
  if (problem !== undefined) throw new Error(problem)
  // Root without the right to raise limits starts no container that has podman's own.
  const limits = ['--ulimit=nproc=4096:4096', '--ulimit=nofile=1024:1024']
  const words = ['run', '--rm', '--network=none', ...limits, image, '/bin/echo']
  return () => spawnToEnd([...cli, ...words])
}

function primesCall(): Call {
  const main = runInThisContext(`(${WORK.primesSource})`) as (limit: number) => number
  return async () => main(WORK.primesLimit)
}

async function started(name: EngineDesignName): Promise<Executor> {
  const there = engines.get(name)
  if (there !== undefined) return there
  const executor = await (await designs.get(name)).create(slots)
  await executor.start()
  engines.set(name, executor)
  return executor
}

async function run(executor: Executor, task: TaskDocument): Promise<void> {
  const { error } = await executor.run({ task, ...taskTerms() })
  if (error !== undefined) throw error
}

async function load({ design, ...init }: EngineQuestion): Promise<LoadResult> {
  const call = calls.get(design)
  if (call === undefined) throw new Error(`${design} was not prepared`)
  return await runLoad(init, async () => void (await call()))
}

/** Starts an engine and leaves it idle. */
async function idle(name: EngineDesignName): Promise<void> {
  await started(name)
  collectGarbage()
}

/** Fills every slot with a task that stays; resolves once each has said something. */
async function occupy(name: EngineDesignName): Promise<void> {
  const executor = await started(name)
  const { staying } = await designs.get(name)
  const { signal } = holding
  const terms = { ...taskTerms({ timeoutMs: 600_000, signal }), task: staying }
  await Promise.all(
    Array.from(
      { length: slots },
      () =>
        new Promise<void>((resolve, reject) => {
          held.push(
            executor
              .run({ ...terms, onLog: () => resolve() })
              .then(({ error }) => reject(error ?? new Error('the task ended')))
          )
        })
    )
  )
  collectGarbage()
}

async function stop(): Promise<void> {
  holding.abort()
  await Promise.all(held)
  await Promise.all([...engines.values()].map((executor) => executor.stop()))
  await designs.close()
  echo.stop()
}

answerParent({ prepare, load, settle: collectGarbage, idle, occupy }, stop)
