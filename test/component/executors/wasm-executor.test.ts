/** The contract that authors of WebAssembly tasks read: what a program gets, and what becomes of what it leaves. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MIB, summary } from './run-javascript.ts'
import { PROBE, createWasmExecutor, resultOf, runModule, toModule } from './run-wasm.ts'
import { commandModule, commandOf, longCommand, namedModule } from '../../support/wasm-module.ts'
import { textOf } from '../../conformance/executor-recorder.ts'
import type { RecordedOutcome } from '../../conformance/executor-recorder.ts'
import type { WasmInput, WasmResult } from './run-wasm.ts'

const executor = createWasmExecutor()
beforeAll(() => executor.start())
afterAll(() => executor.stop())

function probe(args: string[], input: WasmInput = {}): Promise<RecordedOutcome> {
  return runModule(executor, { module: PROBE, args, ...input })
}

describe('what a program gets', () => {
  it('arguments, variables and stdin, and nothing that was not given', async () => {
    expect(resultOf(await probe(['echo'])).stdout).toBe('')
    const input = { env: { TZ: 'UTC', EMPTY: '' }, stdin: 'in' }
    expect(resultOf(await probe(['echo', 'a b', '--c'], input)).stdout).toBe(
      'arg a b\narg --c\nenv TZ=UTC\nenv EMPTY=\nin'
    )
  })

  it('its files, with their folders', async () => {
    const files = [
      { path: 'in/deep/a.txt', text: 'A' },
      { path: 'in/b.bin', base64: '/wA=' }
    ]
    expect(resultOf(await probe(['list', 'in'], { files })).stdout).toBe('./\n../\ndeep/\nb.bin\n')
    const copied = await probe(['copy', '/in/b.bin', 'out'], { files, outputs: ['out', 'in'] })
    expect(resultOf(copied).files).toEqual([
      { path: 'out', bytes: 2, base64: '/wA=' },
      { path: 'in/b.bin', bytes: 2, base64: '/wA=' },
      { path: 'in/deep/a.txt', bytes: 1, text: 'A' }
    ])
  })

  it('all that files can do', async () => {
    expect(summary(await probe(['files']))).toBe('{"exit_code":0,"stdout":""}')
  })

  it('the devices that programs count on, and a folder for scratch', async () => {
    const files = [{ path: 'x', text: 'x' }]
    const copy = async (from: string, to: string, input: WasmInput = {}): Promise<WasmResult> =>
      resultOf(await probe(['copy', from, to], { files, ...input }))
    expect((await copy('/dev/stdin', '/dev/stdout', { stdin: 'word' })).stdout).toBe('word')
    expect(await copy('x', '/dev/null')).toEqual({ exit_code: 0, stdout: '' })
    const scratch = await copy('/dev/null', '/tmp/y', { outputs: ['tmp'] })
    expect(scratch.files).toEqual([{ path: 'tmp/y', bytes: 0, text: '' }])
    const outcome = await probe(['copy', 'x', '/dev/stderr'], { files })
    expect(textOf(outcome.log, 'err')).toBe('x')
  })

  it('a file of its own in place of the folder for scratch', async () => {
    const files = [{ path: 'tmp', text: 'x' }]
    const outcome = await probe(['copy', 'tmp', 'y'], { files, outputs: ['y'] })
    expect(resultOf(outcome).files?.[0]?.text).toBe('x')
  })

  it('a time with its zone, and no other', async () => {
    expect(
      (await probe(['number', '1'], { time: '2024-02-29T00:00:00+01:00' })).output
    ).toBeDefined()
    const { error } = await probe(['number', '1'], { time: '2024-02-29' })
    expect(error?.code).toBe('FIELD_INVALID')
    expect(error?.path).toBe('task.time')
  })

  it('a way to say how far it is', async () => {
    const controller = new AbortController()
    const outcome = await runModule(
      executor,
      { module: PROBE, args: ['progress'] },
      { signal: controller.signal, onProgress: () => controller.abort() }
    )
    expect(outcome.progress).toEqual([{ ratio: 0.5, text: 'half' }])
  })

  it.each([
    ['twice', [{ path: 'a' }, { path: 'a' }]],
    ['above its folder', [{ path: '../a' }]],
    ['as file and folder', [{ path: 'a' }, { path: 'a/b' }]],
    ['in place of a device', [{ path: 'dev/progress' }]]
  ])('no file %s', async (_, files) => {
    const { error } = await probe(['list', '/'], { files })
    expect(error?.code).toBe('FIELD_INVALID')
    expect(error?.blame).toBe('job')
  })

  it('no more files than the quota', async () => {
    const files = Array.from({ length: 1_000 }, (_, index) => ({
      path: `${'d/'.repeat(8)}${index}/e/f/g/h`
    }))
    expect((await probe(['list', '/'], { files })).error?.message).toBe(
      'there are too many input files'
    )
  })
})

describe('what becomes of its end', () => {
  it('an exit code but 0 fails the task, with the last words of stderr', async () => {
    const outcome = await probe(['exit', '3'])
    expect(summary(outcome)).toBe(
      'TASK_FAILED: the program ended with exit code 3\nsomething went wrong'
    )
    expect(textOf(outcome.log, 'err')).toBe('something went wrong\n')
    expect(textOf(outcome.log, 'out')).toBe('')
  })

  it('an output that it did not make fails the task', async () => {
    expect(summary(await probe(['number', '1'], { outputs: ['out/result'] }))).toBe(
      'TASK_FAILED: the program left no "out/result", which its outputs name\n{"number":1}'
    )
  })

  it('a trap says where, by name if the module has names', async () => {
    const trap = 0x00
    const named = toModule(namedModule({ 0: 'check_input' }, trap))
    expect(summary(await runModule(executor, { module: named }))).toBe(
      'TASK_FAILED: the program trapped: unreachable in check_input'
    )
    const nameless = toModule(commandOf(trap))
    expect(summary(await runModule(executor, { module: nameless }))).toBe(
      'TASK_FAILED: the program trapped: unreachable in function 0'
    )
  })

  it('usage is told', async () => {
    const { usage } = await probe(['append', '4'])
    expect(usage.wallMs).toBeGreaterThan(0)
    expect(usage.cpuMs).toBeGreaterThan(0)
    expect(usage.peakMemoryBytes).toBe(2 * 65_536)
  })

  it('a program without a word succeeds', async () => {
    const outcome = await runModule(executor, { module: toModule(commandModule()) })
    expect(outcome.output).toBe('{"exit_code":0,"stdout":""}')
  })
})

it('compiles a module anew for another limit', async () => {
  for (const mib of [64, 32, 64]) {
    const task = { module: PROBE, args: ['hog'] }
    const { usage } = await runModule(executor, task, { memoryBytesMax: mib * MIB })
    expect(usage.peakMemoryBytes).toBeGreaterThan((mib - 2) * MIB)
    expect(usage.peakMemoryBytes).toBeLessThanOrEqual(mib * MIB)
  }
})

it('keeps its host through many modules', async () => {
  const before = executor.pids
  for (let nops = 0; nops < 30; nops += 1) {
    resultOf(await runModule(executor, { module: toModule(longCommand(nops)) }))
  }
  expect(executor.pids).toEqual(before)
})

it('takes the longest function from its settings', async () => {
  const strict = createWasmExecutor({ functionBytesMax: 100 })
  await strict.start()
  const outcome = await runModule(strict, { module: toModule(longCommand(99)) })
  await strict.stop()
  expect(summary(outcome)).toBe(
    'TASK_FAILED: the module is refused: it has a function of 101 bytes, and this worker takes up to 100'
  )
})
