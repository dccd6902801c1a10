/** Turns, time limits and graces of functions, on a clock that stands still. */
import { strict as assert } from 'node:assert'
import { afterEach, expect, it } from 'vitest'
import { FakeClock } from '../../../support/fake-clock.ts'
import { callByName, createFunctionExecutor } from '../../../support/function-engine.ts'
import { deferred } from '../../../../src/core/abort.ts'
import { settle } from '../../../support/settle.ts'
import type { FunctionContext, FunctionDefinitions, FunctionEvent } from '../../../../src/index.ts'
import type { FunctionExecutor } from '../../../../src/executors/function/function-executor.ts'

const MINUTE_MS = 60_000
const GRACE_MS = 5_000

let clock: FakeClock
let events: FunctionEvent[]
let executor: FunctionExecutor

async function start(functions: FunctionDefinitions): Promise<void> {
  clock = new FakeClock()
  events = []
  executor = createFunctionExecutor(functions, {
    clock,
    graceMs: GRACE_MS,
    onEvent: (event) => events.push(event)
  })
  await executor.start()
}

/** Ends when it is told to. */
async function heed(_input: unknown, { signal }: FunctionContext): Promise<never> {
  await new Promise((resolve) => signal.addEventListener('abort', resolve))
  throw signal.reason
}

function fail(): never {
  throw new Error('no')
}

/** Whether a promise has come to its end; one that fails is not left unseen. */
function watch(promise: Promise<unknown>): { isOver: boolean } {
  const seen = { isOver: false }
  const note = (): void => void (seen.isOver = true)
  promise.then(note, note)
  return seen
}

// No timer outlives its task.
afterEach(() => assert(clock.timerCount === 0, 'a timer was left'))

it('what heeds nothing is left behind when its stop says so', async () => {
  const over = deferred<void>()
  await start({ deaf: () => over.promise })
  const stopping = new AbortController()
  const kill = new AbortController()
  const killSignal = kill.signal
  const terms = { timeoutMs: 60 * MINUTE_MS, signal: stopping.signal, killSignal }
  const run = callByName(executor, 'deaf', terms)
  const seen = watch(run)
  await settle()
  stopping.abort()
  clock.advance(10 * MINUTE_MS)
  await settle()
  expect(seen.isOver).toBe(false)
  kill.abort()
  const outcome = await run
  expect(outcome.error?.code).toBe('TASK_STOPPED')
  expect(outcome.usage.wallMs).toBe(10 * MINUTE_MS)
  over.resolve()
  await outcome.lingering
})

it('what heeds nothing is left behind soon after its time-out', async () => {
  const over = deferred<void>()
  await start({ deaf: () => over.promise })
  const run = callByName(executor, 'deaf', { timeoutMs: MINUTE_MS })
  await settle()
  clock.advance(MINUTE_MS)
  clock.advance(5_000)
  const outcome = await run
  expect(outcome.error?.code).toBe('TASK_TIMED_OUT')
  expect(outcome.error?.message).toContain('1m')
  over.resolve()
  await outcome.lingering
})

it('a stop with a long grace does not outlast the time limit', async () => {
  const over = deferred<void>()
  await start({ deaf: () => over.promise })
  const stopping = new AbortController()
  const killSignal = new AbortController().signal
  const terms = { timeoutMs: MINUTE_MS, signal: stopping.signal, killSignal }
  const run = callByName(executor, 'deaf', terms)
  await settle()
  stopping.abort()
  clock.advance(MINUTE_MS)
  clock.advance(GRACE_MS)
  const outcome = await run
  expect(outcome.error?.code).toBe('TASK_STOPPED')
  over.resolve()
  await outcome.lingering
})

it("a function's own time limit counts where it is the shorter one", async () => {
  await start({ brief: { run: heed, timeout: '2s' }, long: { run: heed, timeout: '2h' } })
  const brief = callByName(executor, 'brief', { timeoutMs: MINUTE_MS })
  const long = callByName(executor, 'long', { timeoutMs: MINUTE_MS })
  await settle()
  clock.advance(2_000)
  expect((await brief).error).toMatchObject({ code: 'TASK_TIMED_OUT' })
  clock.advance(MINUTE_MS)
  expect((await long).error).toMatchObject({ code: 'TASK_TIMED_OUT', message: /1m/ })
})

it('a task that gets no turn in time goes elsewhere, and was never called', async () => {
  const over = deferred<string>()
  await start({ one: { run: () => over.promise, concurrency: 1 } })
  const first = callByName(executor, 'one')
  const second = callByName(executor, 'one')
  watch(second)
  await settle()
  clock.advance(5_000)
  await expect(second).rejects.toMatchObject({ code: 'WORKER_BUSY' })
  over.resolve('done')
  expect((await first).output).toBe('"done"')
  expect(events.map(({ type }) => type)).toEqual(['started', 'completed'])
})

it('the time that it waits for its turn is not its own', async () => {
  const calls = [deferred<void>(), deferred<void>()]
  let count = 0
  await start({ one: { run: () => calls[count++]?.promise, concurrency: 1 } })
  const first = callByName(executor, 'one')
  const second = callByName(executor, 'one', { timeoutMs: 4_500 })
  await settle()
  clock.advance(4_000)
  calls[0]?.resolve()
  await first
  await settle()
  clock.advance(4_000)
  calls[1]?.resolve()
  expect((await second).usage.wallMs).toBe(4_000)
})

it('what nobody can end keeps its turn', async () => {
  const over = deferred<void>()
  await start({ deaf: { run: () => over.promise, concurrency: 1 } })
  const first = callByName(executor, 'deaf', { timeoutMs: 50 })
  await settle()
  clock.advance(50)
  clock.advance(GRACE_MS)
  const { lingering } = await first
  const second = callByName(executor, 'deaf')
  const seen = watch(second)
  await settle()
  expect(seen.isOver).toBe(false)
  over.resolve()
  await lingering
  expect((await second).error).toBeUndefined()
})

it('a task that is stopped while it waits for its turn is stopped', async () => {
  const over = deferred<void>()
  await start({ one: { run: () => over.promise, concurrency: 1 } })
  const first = callByName(executor, 'one')
  const stopping = new AbortController()
  const second = callByName(executor, 'one', { signal: stopping.signal })
  await settle()
  stopping.abort()
  expect((await second).error?.code).toBe('TASK_STOPPED')
  over.resolve()
  expect((await first).error).toBeUndefined()
})

it('a worker that stops gives back what waits, and asks what runs to end', async () => {
  await start({ one: { run: heed, concurrency: 1 } })
  const first = callByName(executor, 'one')
  const second = callByName(executor, 'one')
  watch(second)
  await settle()
  await executor.stop()
  await expect(second).rejects.toMatchObject({ code: 'WORKER_STOPPING' })
  expect((await first).error?.code).toBe('WORKER_STOPPING')
  await expect(callByName(executor, 'one')).rejects.toMatchObject({ code: 'WORKER_STOPPING' })
})

it('the program hears of each call as it begins and ends, and where it failed', async () => {
  const schema = { type: 'integer' }
  await start({ ok: { run: () => 1, schema }, fail })
  await callByName(executor, 'ok', { input: 1, seed: 'j-1 0' })
  await callByName(executor, 'ok', { input: 'refused' })
  await callByName(executor, 'fail', { seed: 'j-2 0' })
  const wallMs = 0
  expect(events).toEqual([
    { type: 'started', name: 'ok', seed: 'j-1 0' },
    { type: 'completed', name: 'ok', seed: 'j-1 0', wallMs },
    { type: 'started', name: 'fail', seed: 'j-2 0' },
    { type: 'failed', name: 'fail', seed: 'j-2 0', wallMs, error: expect.anything() as unknown }
  ])
  const failed = events.at(-1)
  expect(failed?.type === 'failed' && failed.error.stack).toContain('function-run.test')
})

it('a name that is not there goes elsewhere', async () => {
  await start({ ok: () => 1 })
  await expect(callByName(executor, 'constructor')).rejects.toMatchObject({
    code: 'ENGINE_UNAVAILABLE',
    hint: 'it has: ok'
  })
})
