/** Functions that break what they can: each task gets a bounded, typed end, and the next one runs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { callByName, createFunctionExecutor, onThread } from '../../support/function-engine.ts'
import { deferred } from '../../../src/core/abort.ts'
import { textOf } from '../../conformance/executor-recorder.ts'
import type { FunctionContext, FunctionDefinitions } from '../../../src/index.ts'
import type { FunctionExecutor } from '../../../src/executors/function/function-executor.ts'

let executor: FunctionExecutor

async function start(functions: FunctionDefinitions): Promise<FunctionExecutor> {
  executor = createFunctionExecutor({ ok: () => 'fine', ...functions })
  await executor.start()
  return executor
}

afterEach(() => executor.stop())

/** A function that throws what no linter would let it. */
function throwing(thrown: unknown): () => never {
  return () => {
    throw thrown as Error
  }
}

describe('functions inline', () => {
  it.each([
    ['throws', throwing(new Error('no')), 'TASK_FAILED', 'no'],
    ['throws what is no error', throwing(null), 'TASK_FAILED', 'null'],
    ['throws what has no text', throwing(Object.create(null)), 'TASK_FAILED', '{}'],
    ['throws what cannot be read', throwing(unreadable()), 'TASK_FAILED', 'cannot be read'],
    ['rejects', () => Promise.reject(new Error('no')), 'TASK_FAILED', 'no'],
    ['returns 100 MB', () => 'x'.repeat(100_000_000), 'TASK_OUTPUT_TOO_LARGE', 'longer'],
    ['returns a circle', () => circle(), 'TASK_FAILED', 'not JSON: Converting circular'],
    ['returns a BigInt', () => 1n, 'TASK_FAILED', 'not JSON: Do not know how'],
    ['returns a function', () => () => 1, 'TASK_FAILED', 'not JSON: it is a function'],
    ['returns a symbol', () => Symbol('a'), 'TASK_FAILED', 'not JSON: it is a symbol'],
    ['writes a novel as its error', throwing(new Error('x'.repeat(1e6))), 'TASK_FAILED', 'x'],
    [
      'reports no number',
      (_input: unknown, { progress }: FunctionContext) => progress(0 / 0),
      'TASK_FAILED',
      'a ratio from 0 to 1, not NaN'
    ]
  ])('one that %s fails in its own task', async (_how, run, code, words) => {
    const { error } = await callByName(await start({ run }), 'run')
    expect(error?.code).toBe(code)
    expect(error?.message).toContain(words)
    expect(error?.message.length).toBeLessThan(2_100)
    expect((await callByName(executor, 'ok')).output).toBe('"fine"')
  })

  it('one that returns nothing returns null', async () => {
    await start({ nothing: () => undefined })
    expect((await callByName(executor, 'nothing')).output).toBe('null')
  })

  it('one that logs what is no text, to no stream, harms nobody', async () => {
    await start({
      odd: (_input, { log, progress }) => {
        log({ a: 1 })
        log('to nowhere', 'warn' as 'err')
        log('', 'err')
        progress(7, 8 as unknown as string)
      }
    })
    const { log, progress } = await callByName(executor, 'odd')
    expect(textOf(log)).toBe('{ a: 1 }\nto nowhere\n\n')
    expect(textOf(log, 'err')).toBe('\n')
    expect(progress).toEqual([{ ratio: 1, text: '8' }])
  })

  it('one that heeds nothing is answered after a grace, and lingers until it is over', async () => {
    const over = deferred<string>()
    await start({ deaf: () => over.promise })
    const first = await callByName(executor, 'deaf', { timeoutMs: 50 })
    expect(first.error?.code).toBe('TASK_TIMED_OUT')
    expect(first.lingering).toBeInstanceOf(Promise)
    over.resolve('late')
    await first.lingering
    expect((await callByName(executor, 'deaf')).output).toBe('"late"')
  })

  it('one that rejects after its time is not heard any more', async () => {
    const over = deferred<never>()
    const log = deferred<FunctionContext['log']>()
    await start({
      deaf: (_input, context) => {
        log.resolve(context.log)
        return over.promise
      }
    })
    const outcome = await callByName(executor, 'deaf', { timeoutMs: 50 })
    over.reject(new Error('late'))
    ;(await log.promise)('late')
    await outcome.lingering
    expect(outcome.error?.code).toBe('TASK_TIMED_OUT')
    expect(outcome.late).toEqual([])
  })

  it('says no processor time, as it has none of its own', async () => {
    await start({})
    expect((await callByName(executor, 'ok')).usage.cpuMs).toBeUndefined()
  })
})

describe('functions on threads', () => {
  it.each([
    ['ends its process', 'exit', 'TASK_FAILED', 'exited with code: 3'],
    ['fills its heap', 'grow', 'TASK_OUT_OF_MEMORY', "thread's heap"],
    ['throws behind its own back', 'throwLater', 'TASK_FAILED', 'later'],
    ['leaves a rejection alone', 'rejectUnseen', 'TASK_FAILED', 'unseen'],
    ['returns too much', 'flood', 'TASK_OUTPUT_TOO_LARGE', 'longer'],
    ['returns a circle', 'circle', 'TASK_FAILED', 'not JSON: Converting circular'],
    ['returns a BigInt', 'big', 'TASK_FAILED', 'not JSON: Do not know how'],
    ['throws what cannot be read', 'throwUnreadable', 'TASK_FAILED', 'cannot be read']
  ])('one that %s fails in its own task, and the next runs', async (_how, name, code, words) => {
    await start({ [name]: onThread(name, { concurrency: 1 }), number: onThread('number') })
    for (let time = 0; time < 2; time += 1) {
      const { error } = await callByName(executor, name)
      expect(error?.code).toBe(code)
      expect(error?.message).toContain(words)
    }
    expect((await callByName(executor, 'number', { input: 4 })).output).toBe('{"number":4}')
  })

  it('one that returns 100 MB fails, for its length or for its memory', async () => {
    await start({ hugeText: onThread('hugeText') })
    const { error } = await callByName(executor, 'hugeText')
    expect(['TASK_OUTPUT_TOO_LARGE', 'TASK_OUT_OF_MEMORY']).toContain(error?.code)
  })

  it('one that spins is ended by force, and its thread is free again', async () => {
    await start({ spin: onThread('spin', { concurrency: 1 }) })
    for (let time = 0; time < 3; time += 1) {
      const outcome = await callByName(executor, 'spin', { timeoutMs: 50 })
      expect(outcome.error?.code).toBe('TASK_TIMED_OUT')
      expect(outcome.lingering).toBeUndefined()
    }
  })

  it('one that is stopped and spins on is ended by force', async () => {
    await start({ spin: onThread('sayAndSpin') })
    const stopping = new AbortController()
    const outcome = await callByName(executor, 'spin', {
      signal: stopping.signal,
      onLog: () => stopping.abort()
    })
    expect(outcome.error?.code).toBe('TASK_STOPPED')
    expect(outcome.lingering).toBeUndefined()
  })

  it('one that heeds its signal hears why, and ends by itself with its last words', async () => {
    await start({ heed: onThread('heed') })
    const late = await callByName(executor, 'heed', { timeoutMs: 100 })
    expect(late.error?.code).toBe('TASK_TIMED_OUT')
    expect(textOf(late.log)).toBe('ready\ntold to end: TASK_TIMED_OUT\n')
    const stopping = new AbortController()
    const stopped = await callByName(executor, 'heed', {
      signal: stopping.signal,
      killSignal: new AbortController().signal,
      onLog: () => stopping.abort()
    })
    expect(stopped.error?.code).toBe('TASK_STOPPED')
    expect(textOf(stopped.log)).toBe('ready\ntold to end: TASK_STOPPED\n')
  })

  it('a stop of the worker ends what spins', async () => {
    await start({ spin: onThread('sayAndSpin') })
    const outcome = await callByName(executor, 'spin', { onLog: () => void executor.stop() })
    expect(outcome.error?.code).toBe('WORKER_STOPPING')
  })

  it('see the environment of their definition and no other', async () => {
    process.env['A_SECRET_OF_THE_PROGRAM'] = 'secret'
    await start({
      bare: onThread('environment'),
      given: onThread('environment', { env: { TZ: 'UTC' } })
    })
    expect((await callByName(executor, 'bare')).output).toBe('{}')
    expect((await callByName(executor, 'given')).output).toBe('{"TZ":"UTC"}')
    delete process.env['A_SECRET_OF_THE_PROGRAM']
  })

  it('write to the log of their task by console, and each to its own', async () => {
    await start({ print: onThread('print', { concurrency: 1 }) })
    for (const input of ['one', 'two']) {
      const { log } = await callByName(executor, 'print', { input })
      expect(textOf(log, 'out')).toBe(`log ${input}\nhalf a line, é`)
      expect(textOf(log, 'err')).toBe(`error ${input}\n`)
    }
  })

  it('cannot fill memory by printing', async () => {
    await start({ printMuch: onThread('printMuch') })
    const outcome = await callByName(executor, 'printMuch')
    expect(textOf(outcome.log).length).toBe(65_536)
    expect(outcome.logsDroppedBytes).toBe(40_000_000 - 65_536)
  })

  it('say how much processor time they took', async () => {
    await start({ spinFor: onThread('spinFor') })
    const { usage } = await callByName(executor, 'spinFor', { input: 30 })
    expect(usage.cpuMs).toBeGreaterThan(5)
    expect(usage.cpuMs).toBeLessThan(usage.wallMs + 5)
  })

  it('go elsewhere once their module can no longer be had', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'functions-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'gone.mjs')
    writeFileSync(file, 'export default () => process.exit()')
    await start({ gone: { module: pathToFileURL(file), concurrency: 1 } })
    rmSync(file)
    expect((await callByName(executor, 'gone')).error?.code).toBe('TASK_FAILED')
    expect((await callByName(executor, 'gone')).error).toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      blame: 'router'
    })
  })

  it('a module that is not there, or has no such function, is heard of at the start', async () => {
    executor = createFunctionExecutor({ gone: { module: new URL('file:///no/such/module.js') } })
    await expect(executor.start()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
    executor = createFunctionExecutor({ gone: onThread('noSuchFunction') })
    await expect(executor.start()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
  })
})

describe('what a thrown error says', () => {
  const words = { code: 'DISK_FULL', blame: 'worker', hint: 'free some space' }

  it.each([
    ['inline', (): FunctionDefinitions[string] => throwing(coded())],
    ['on a thread', () => onThread('failWithWords')]
  ])('%s, is kept: its code, whose fault it is, and what to do', async (_where, definition) => {
    await start({ run: definition() })
    const { error } = await callByName(executor, 'run')
    expect(error?.toData()).toEqual({
      code: 'TASK_FAILED',
      message: 'no space left',
      task_code: 'DISK_FULL',
      blame: 'worker',
      hint: 'free some space',
      retryable: true
    })
    expect(error?.stack).toMatch(/hostile-functions|thread-functions/)
  })

  function coded(): Error {
    return Object.assign(new Error('no space left'), words)
  }
})

function circle(): unknown {
  const round: { self?: unknown } = {}
  round.self = round
  return round
}

function unreadable(): unknown {
  const get = throwing(new Error('not even this'))
  return new Proxy(new Error('no'), { get })
}
