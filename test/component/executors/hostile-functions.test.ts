/** Functions that break what they can: each task gets a bounded, typed end, and the next one runs. */
import { afterEach, describe, expect, it } from 'vitest'
import { callByName, createFunctionExecutor, onThread } from '../../support/function-engine.ts'
import { deferred } from '../../../src/core/abort.ts'
import { textOf } from '../../conformance/executor-recorder.ts'
import type { FunctionExecutor } from '../../../src/executors/function/function-executor.ts'
import type { FunctionDefinitions } from '../../../src/executors/function/definitions.ts'

let executor: FunctionExecutor

async function start(functions: FunctionDefinitions): Promise<FunctionExecutor> {
  executor = createFunctionExecutor({ ok: () => 'fine', ...functions })
  await executor.start()
  return executor
}

afterEach(() => executor.stop())

describe('functions inline', () => {
  it.each([
    [
      'throws',
      () => {
        throw new Error('no')
      },
      'TASK_FAILED',
      'no'
    ],
    [
      'throws what is no error',
      () => {
        throw null as unknown as Error
      },
      'TASK_FAILED',
      'null'
    ],
    ['rejects', () => Promise.reject(new Error('no')), 'TASK_FAILED', 'no'],
    ['returns 100 MB', () => 'x'.repeat(100_000_000), 'TASK_OUTPUT_TOO_LARGE', 'longer'],
    ['returns a circle', () => circle(), 'TASK_FAILED', 'JSON cannot hold'],
    ['returns a BigInt', () => 1n, 'TASK_FAILED', 'JSON cannot hold'],
    [
      'writes a novel as its error',
      () => {
        throw new Error('x'.repeat(1e6))
      },
      'TASK_FAILED',
      'x'
    ]
  ])('one that %s fails in its own task', async (_how, run, code, words) => {
    const { error } = await callByName(await start({ run }), 'run')
    expect(error?.code).toBe(code)
    expect(error?.message).toContain(words)
    expect(error?.message.length).toBeLessThan(2_100)
    expect((await callByName(executor, 'ok')).output).toBe('"fine"')
  })

  it('returns null for what JSON has no word for', async () => {
    await start({ nothing: () => undefined, symbol: () => Symbol('a') })
    expect((await callByName(executor, 'nothing')).output).toBe('null')
    expect((await callByName(executor, 'symbol')).output).toBe('null')
  })

  it('one that heeds nothing is answered after a grace, and lingers until it is over', async () => {
    const over = deferred<string>()
    await start({ deaf: { run: () => over.promise, concurrency: 1 } })
    const first = await callByName(executor, 'deaf', { timeoutMs: 50 })
    expect(first.error?.code).toBe('TASK_TIMED_OUT')
    expect(first.lingering).toBeInstanceOf(Promise)
    const second = await callByName(executor, 'deaf', { timeoutMs: 50 })
    expect(second.error?.code).toBe('WORKER_BUSY')
    expect(second.lingering).toBeUndefined()
    over.resolve('late')
    await first.lingering
    expect((await callByName(executor, 'deaf')).output).toBe('"late"')
  })

  it('one that rejects after its time is not heard any more', async () => {
    const over = deferred<never>()
    const log = deferred<(text: string) => void>()
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

  it('a task that is stopped while it waits for its turn is stopped', async () => {
    const over = deferred<void>()
    await start({ one: { run: () => over.promise, concurrency: 1 } })
    const first = callByName(executor, 'one')
    const controller = new AbortController()
    const second = callByName(executor, 'one', { signal: controller.signal })
    controller.abort()
    expect((await second).error?.code).toBe('TASK_STOPPED')
    over.resolve()
    expect((await first).error).toBeUndefined()
  })

  it('an input that does not fit its schema is refused before the call', async () => {
    const schema = {
      type: 'object',
      required: ['width'],
      properties: { width: { type: 'integer', minimum: 1 } }
    }
    await start({
      resize: { run: ({ width }: { width: number }) => width, schema }
    })
    expect((await callByName(executor, 'resize', { input: { width: 3 } })).output).toBe('3')
    const missing = await callByName(executor, 'resize', { input: {} })
    expect(missing.error).toMatchObject({ code: 'FIELD_MISSING', path: 'task.input.width' })
    const wrong = await callByName(executor, 'resize', { input: { width: 0 } })
    expect(wrong.error).toMatchObject({ code: 'FIELD_INVALID', path: 'task.input.width' })
  })

  it('a name that is not there goes elsewhere', async () => {
    await start({})
    expect((await callByName(executor, 'constructor')).error?.code).toBe('ENGINE_UNAVAILABLE')
  })
})

describe('functions on threads', () => {
  it.each([
    ['ends its process', 'exit', 'TASK_FAILED'],
    ['fills its heap', 'grow', 'TASK_OUT_OF_MEMORY'],
    ['throws behind its own back', 'throwLater', 'TASK_FAILED'],
    ['returns too much', 'flood', 'TASK_OUTPUT_TOO_LARGE']
  ])('one that %s fails in its own task, and the next runs', async (_how, name, code) => {
    await start({ [name]: onThread(name, { concurrency: 1 }), number: onThread('number') })
    expect((await callByName(executor, name)).error?.code).toBe(code)
    expect((await callByName(executor, name)).error?.code).toBe(code)
    expect((await callByName(executor, 'number', { input: 4 })).output).toBe('{"number":4}')
  })

  it('one that spins is ended by force, and its thread is free again', async () => {
    await start({ spin: onThread('spin', { concurrency: 1 }) })
    for (let time = 0; time < 3; time += 1) {
      const outcome = await callByName(executor, 'spin', { timeoutMs: 50 })
      expect(outcome.error?.code).toBe('TASK_TIMED_OUT')
      expect(outcome.lingering).toBeUndefined()
      expect(outcome.usage.wallMs).toBeLessThan(10_000)
    }
  })

  it('one that heeds its signal ends by itself, with its last words', async () => {
    await start({ heed: onThread('heed') })
    const outcome = await callByName(executor, 'heed', { timeoutMs: 100 })
    expect(outcome.error?.code).toBe('TASK_TIMED_OUT')
    expect(textOf(outcome.log)).toBe('told to end\n')
    expect(outcome.usage.wallMs).toBeLessThan(1_000)
  })

  it('a stop of the worker ends what spins', async () => {
    await start({ count: onThread('count') })
    const outcome = await callByName(executor, 'count', { onLog: () => void executor.stop() })
    expect(outcome.error?.code).toBe('WORKER_STOPPING')
  })

  it('a module that is not there, or has no such function, is heard of at the start', async () => {
    executor = createFunctionExecutor({ gone: { module: new URL('file:///no/such/module.js') } })
    await expect(executor.start()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
    executor = createFunctionExecutor({ gone: onThread('noSuchFunction') })
    await expect(executor.start()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
  })
})

describe('definitions', () => {
  it.each([
    ['a bad name', { 'a b': () => 1 }],
    ['no function', { a: {} as never }],
    ['a bad count', { a: { run: () => 1, concurrency: 0 } }],
    ['a bad schema', { a: { run: () => 1, schema: { type: 'nothing' } } }]
  ] satisfies [string, FunctionDefinitions][])('refuse %s', (_what, functions) => {
    expect(() => createFunctionExecutor(functions)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error
    )
  })

  it('promise the isolation of the weakest', async () => {
    expect((await start({})).isolation).toBe('none')
    expect(createFunctionExecutor({ number: onThread('number') }).isolation).toBe('thread')
  })
})

function circle(): unknown {
  const round: { self?: unknown } = {}
  round.self = round
  return round
}
