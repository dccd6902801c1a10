/** The contract that authors of WebAssembly tasks read: what a program gets, and what becomes of what it leaves. */
import { gunzipSync } from 'node:zlib'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MIB, summary } from './run-javascript.ts'
import {
  PROBE,
  createWasmExecutor,
  resultOf,
  runModule,
  toModule,
  wasmFixture
} from './run-wasm.ts'
import { commandModule, longCommand } from '../../support/wasm-module.ts'
import { textOf } from '../../conformance/executor-recorder.ts'
import type { RecordedOutcome } from '../../conformance/executor-recorder.ts'
import type { WasmInput } from './run-wasm.ts'

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
      'TASK_FAILED: the program left no "out/result", which its outputs name'
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

describe('programs of others', () => {
  const text = readFileSync(new URL('../../fixtures/wasm/probe.c', import.meta.url), 'utf8')

  it('minigzip packs a stream and unpacks a file', async () => {
    const module = wasmFixture('minigzip')
    const packed = resultOf(await runModule(executor, { module, args: ['-9'], stdin: text }))
    const base64 = packed.stdout_base64 ?? ''
    expect(gunzipSync(Buffer.from(base64, 'base64')).toString()).toBe(text)
    const unpacked = await runModule(executor, {
      module,
      args: ['-d', 'in/probe.c.gz'],
      files: [{ path: 'in/probe.c.gz', base64 }],
      outputs: ['in']
    })
    expect(resultOf(unpacked).files).toEqual([
      { path: 'in/probe.c', bytes: Buffer.byteLength(text), text }
    ])
  })

  it('zopfli packs a file beside it', async () => {
    const outcome = await runModule(executor, {
      module: wasmFixture('zopfli'),
      args: ['--i1', 'probe.c'],
      files: [{ path: 'probe.c', text }],
      outputs: ['probe.c.gz']
    })
    const [file] = resultOf(outcome).files ?? []
    expect(gunzipSync(Buffer.from(file?.base64 ?? '', 'base64')).toString()).toBe(text)
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
