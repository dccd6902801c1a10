/**
 * Programs that mean harm, items 1 to 11 of the design's acceptance list: each must end as it should,
 * and the next task on the same slot must be right.
 */
import { readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { MIB } from './run-javascript.ts'
import { PROBE, createWasmExecutor, resultOf, runModule, toModule } from './run-wasm.ts'
import {
  SECTION,
  body,
  commandModule,
  commandOf,
  importing,
  u32,
  longCommand
} from '../../support/wasm-module.ts'
import { readWasmFixture } from '../../support/wasm-fixture.ts'
import { seededRandom } from '../../../src/core/random.ts'
import { sleep } from '../../../src/core/abort.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { textOf } from '../../conformance/executor-recorder.ts'
import type { RecordedOutcome } from '../../conformance/executor-recorder.ts'
import type { RunOptions } from './run-javascript.ts'
import type { WasmInput } from './run-wasm.ts'

const executor = createWasmExecutor()
beforeAll(() => executor.start())
afterAll(() => executor.stop())

afterEach(expectClean)

/** Nothing that a program did may show in the next one. */
async function expectClean(): Promise<void> {
  expect(resultOf(await probe(['list', '/'])).stdout).toBe('./\n../\ndev/\ntmp/\n')
}

function probe(
  args: string[],
  options: RunOptions = {},
  input: WasmInput = {}
): Promise<RecordedOutcome> {
  return runModule(executor, { module: PROBE, args, ...input }, options)
}

function run(bytes: Uint8Array, options: RunOptions = {}): Promise<RecordedOutcome> {
  return runModule(executor, { module: toModule(bytes) }, options)
}

describe('hostile 1: a loop without end', () => {
  it.each([
    ['in a program', PROBE],
    ['in the smallest module', toModule(commandOf(0x03, 0x40, 0x0c, 0, 0x0b))]
  ])('%s is killed in time', async (_, module) => {
    const { error, usage } = await runModule(
      executor,
      { module, args: ['spin'] },
      { timeoutMs: 300 }
    )
    expect(error?.code).toBe('TASK_TIMED_OUT')
    // Some 305 ms; a machine that does much else is late.
    expect(usage.wallMs).toBeLessThan(800)
  })

  it('is killed when somebody stops it', async () => {
    const controller = new AbortController()
    const ended = probe(['count'], {
      signal: controller.signal,
      onLog: () => controller.abort()
    })
    expect((await ended).error?.code).toBe('TASK_STOPPED')
  })
})

it('hostile 2: a sleep of an hour takes no processor and is killed in time', async () => {
  const [pid = 0] = executor.pids
  const controller = new AbortController()
  const before = cpuTicks(pid)
  const ended = probe(['sleep', '3600'], { signal: controller.signal })
  await sleep(systemClock, 700)
  expect(cpuTicks(pid) - before).toBeLessThan(20)
  controller.abort()
  expect((await ended).error?.code).toBe('TASK_STOPPED')
  expect((await probe(['sleep', '3600'], { timeoutMs: 200 })).error?.code).toBe('TASK_TIMED_OUT')
})

describe('hostile 3: memory', () => {
  it('ends at the limit, and the message says so', async () => {
    const { error, log, usage } = await probe(['hog'], { memoryBytesMax: 64 * MIB })
    expect(error?.code).toBe('TASK_OUT_OF_MEMORY')
    expect(error?.blame).toBe('job')
    expect(error?.message).toMatch(
      /exit code 7\nits memory had grown to 63\S+ of the 64MiB that it may have \(resources.memory\)\nmalloc failed/
    )
    expect(textOf(log)).toBe('malloc failed after 63 MiB\n')
    expect(usage.peakMemoryBytes).toBeLessThanOrEqual(64 * MIB)
    for (const pid of executor.pids) expect(peakResidentBytes(pid)).toBeLessThan((64 + 130) * MIB)
  })

  it('cannot begin above the limit', async () => {
    const bytes = commandModule({ [SECTION.memory]: [1, 0, ...u32(2_000)] })
    const { error } = await run(bytes)
    expect(error?.code).toBe('TASK_OUT_OF_MEMORY')
    expect(error?.message).toContain('125MiB of memory to begin with, and may have 64MiB')
  })

  it('does not pile up from task to task', async () => {
    for (let count = 0; count < 12; count += 1) await probe(['hog'], { memoryBytesMax: 64 * MIB })
    for (const pid of executor.pids) expect(peakResidentBytes(pid)).toBeLessThan(400 * MIB)
  })
})

it('hostile 4: a module with WasmGC types is refused before it is compiled', async () => {
  const array = [0x5e, 0x7f, 1]
  const outcome = await run(commandModule({ [SECTION.type]: [2, 0x60, 0, 0, ...array] }))
  expect(outcome.error?.code).toBe('TASK_FAILED')
  expect(outcome.error?.message).toBe('the module is refused: it has types beside functions')
  expect(outcome.usage.peakMemoryBytes).toBe(0)
})

it('hostile 5: no path leads out', async () => {
  const lines =
    resultOf(await probe(['escape']))
      .stdout?.trim()
      .split('\n') ?? []
  expect(lines).toHaveLength(10)
  expect(lines.filter((line) => !line.endsWith(' refused'))).toEqual([])
})

describe('hostile 6: a module that no limit could hold', () => {
  const manyFunctions = 30_000
  const cases: [string, Uint8Array, string][] = [
    ['a function of 700 KB', longCommand(700_000), 'a function of 700002'],
    ['a function of 7 MB', longCommand(7_000_000), 'a function of 7000002'],
    ['a start section', commandModule({ [SECTION.start]: [0] }), 'start section'],
    ['a memory of 64 bits', commandModule({ [SECTION.memory]: [1, 4, 1] }), '64 bits'],
    ['a shared memory', commandModule({ [SECTION.memory]: [1, 3, 1, 1] }), 'shared'],
    ['two memories', commandModule({ [SECTION.memory]: [2, 0, 1, 0, 1] }), 'more than one memory'],
    ['env.exec', importing(['env', 'exec'], [0, 0]), 'env.exec']
  ]

  it.each(cases)('%s is refused', async (_, bytes, words) => {
    const { error } = await run(bytes)
    expect(error?.code).toBe('TASK_FAILED')
    expect(error?.message).toContain(words)
  })

  it('30 000 functions are compiled beside the worker, not in it', async () => {
    const bytes = commandModule({
      [SECTION.function]: [...u32(manyFunctions), ...Array<number>(manyFunctions).fill(0)],
      [SECTION.code]: [
        ...u32(manyFunctions),
        ...Array.from({ length: manyFunctions }, () => body(0x0b)).flat()
      ]
    })
    const module = toModule(bytes)
    const delay = monitorEventLoopDelay({ resolution: 5 })
    delay.enable()
    const outcome = await runModule(executor, { module })
    delay.disable()
    expect(outcome.error).toBeUndefined()
    // Not the maximum: that is what else the machine does meanwhile.
    expect(delay.percentile(90) / 1e6).toBeLessThan(50)
  })
})

describe('hostile 7: output without end', () => {
  it.each(['1', '100', '4096'])('on stdout, %s bytes at a time', async (bytes) => {
    const outcome = await probe(['flood', 'out', bytes])
    expect(outcome.error?.code).toBe('TASK_OUTPUT_TOO_LARGE')
    expect(outcome.output).toBeUndefined()
  })

  it.each(['1', '4096'])('on stderr, %s bytes at a time', async (bytes) => {
    const outcome = await probe(['flood', 'err', bytes], { timeoutMs: 600 })
    expect(outcome.error?.code).toBe('TASK_TIMED_OUT')
    expect(textOf(outcome.log).length).toBeGreaterThan(1_000)
    expect(textOf(outcome.log).length).toBeLessThanOrEqual(LIMITS.logBytesMax)
    expect(outcome.late).toEqual([])
  })

  it('in files that come back', async () => {
    const outcome = await probe(['append', '5'], {}, { outputs: ['big'] })
    expect(outcome.error?.code).toBe('TASK_OUTPUT_TOO_LARGE')
  })
})

describe('hostile 8: files without end', () => {
  it('holes, large files and many files end at the quota', async () => {
    const { stdout } = resultOf(await probe(['fill']))
    expect(stdout?.trim().split('\n')).toEqual([
      '1 GiB hole refused',
      '4 GiB allocated refused',
      'write at 8 GiB refused',
      `wrote ${LIMITS.taskFileBytesMax}, errno 51`,
      // Two are there before: dev and tmp.
      `made ${LIMITS.taskFilesMax - 2}, errno 51`
    ])
  })

  it.each([1, 100])('what the job asks for is the quota: %i MiB', async (mib) => {
    const bytes = mib * MIB
    const { stdout } = resultOf(await probe(['fill'], { diskBytesMax: bytes }))
    expect(stdout).toContain(`wrote ${bytes}, errno 51`)
    const { error } = await probe(['append', String(mib + 1)], { diskBytesMax: bytes })
    expect(error?.code).toBe('TASK_FAILED')
    expect(error?.blame).toBe('job')
    expect(error?.message).toBe(
      `the program ended with exit code 8\nits files were refused more than the ${mib}MiB that they may have (resources.disk)`
    )
  })

  it('what no memory should hold is refused', async () => {
    const { error } = await probe(['fill'], { diskBytesMax: 2 ** 31 })
    expect(error?.code).toBe('FIELD_INVALID')
    expect(error?.path).toBe('resources.disk')
    expect(error?.message).toContain('up to 1GiB, and asks for 2GiB')
  })

  it('deleted files count as long as they are open', async () => {
    const { stdout } = resultOf(await probe(['hoard']))
    expect(stdout).toMatch(/^kept [56] of 10 MiB each\n$/)
  })

  it('descriptors end at their number', async () => {
    expect(resultOf(await probe(['descriptors'])).stdout).toBe('opened 252, errno 33\n')
  })
})

it('hostile 9: a file of 32 MiB in pieces of 4 KiB is written in a moment', async () => {
  const outcome = await probe(['append', '32'])
  expect(resultOf(outcome).stdout).toBe(String(32 * MIB))
  expect(outcome.usage.wallMs).toBeLessThan(2_000)
})

describe('hostile 10: bytes come back as they were', () => {
  const bytes = Buffer.from(Array.from({ length: 1_024 }, (_, index) => index % 256))

  it('in arguments and variables of any letters', async () => {
    const letters = 'grüße €𝄞'
    const { stdout } = resultOf(
      await probe(['echo', letters, ''], {}, { env: { LETTERS: letters }, stdin: letters })
    )
    expect(stdout).toBe(`arg ${letters}\narg \nenv LETTERS=${letters}\n${letters}`)
  })

  it('from stdin to stdout', async () => {
    const stdin = `base64:${bytes.toString('base64')}`
    const { stdout, stdout_base64: encoded } = resultOf(await probe(['echo'], {}, { stdin }))
    expect(stdout).toBeUndefined()
    expect(Buffer.from(encoded ?? '', 'base64').equals(bytes)).toBe(true)
  })

  it('from file to file, under any name', async () => {
    const [from, to] = ['ein/größe €.bin', 'aus𝄞']
    const files = [{ path: from, base64: bytes.toString('base64') }]
    const { files: found } = resultOf(await probe(['copy', from, to], {}, { files, outputs: [to] }))
    expect(found).toEqual([{ path: to, bytes: 1_024, base64: bytes.toString('base64') }])
  })
})

describe('hostile 11: what traps or is no program', () => {
  const truncated = Buffer.from(PROBE.slice('base64:'.length), 'base64').subarray(0, 20_000)

  it.each([
    ['unreachable', 'trap', 'the program trapped: unreachable'],
    ['deep recursion', 'deep', 'the program']
  ])('%s fails the task', async (_, habit, words) => {
    const { error } = await probe([habit])
    expect(error?.code).toBe('TASK_FAILED')
    expect(error?.message).toContain(words)
  })

  it('recursion that takes no memory of its own fails the task', async () => {
    const { error } = await run(commandOf(0x10, 0))
    expect(error?.message).toBe(
      'the program gave up: Maximum call stack size exceeded in function 0'
    )
  })

  it.each([
    ['truncated bytes', truncated, 'refused'],
    ['no bytes that mean anything', Buffer.alloc(1_000, 0x55), 'refused'],
    ['code that is none', commandOf(0xff), 'the module is not valid'],
    ['code of wrong types', commandOf(0x41, 1), 'the module is not valid'],
    [
      'data outside of the memory',
      commandModule({ [SECTION.data]: [1, 0, 0x41, 0x7f, 0x0b, 1, 1] }),
      'trapped'
    ]
  ])('%s fails the task', async (_, bytes, words) => {
    const { error } = await run(bytes)
    expect(error?.code).toBe('TASK_FAILED')
    expect(error?.message).toContain(words)
    expect(error?.blame).toBe('job')
  })

  it('damaged programs end somehow, and never by a fault of the worker', async () => {
    const random = seededRandom(20_261_121)
    const codes = new Set<string>()
    for (let count = 0; count < 80; count += 1) {
      // One byte: with more the compiler hardly lets one through.
      const bytes = Uint8Array.from(readWasmFixture('minigzip'))
      bytes[Math.floor(random.next() * bytes.length)] = Math.floor(random.next() * 256)
      const task = { module: toModule(bytes), stdin: 'text '.repeat(100) }
      const { error } = await runModule(executor, task, { timeoutMs: 1_000 })
      codes.add(error?.code ?? 'none')
      expect(error?.blame ?? 'job').toBe('job')
    }
    // Some are refused or trap, and some do not even notice.
    expect(codes).toContain('TASK_FAILED')
    expect(codes).toContain('none')
  })

  it('the host outlives all of that', async () => {
    const before = executor.pids
    await probe(['trap'])
    await run(commandOf(0x10, 0))
    await run(truncated)
    expect(executor.pids).toEqual(before)
  })
})

it('goes on after its end, and is over all the same', async () => {
  // proc_exit(3) inside a block that catches everything, and then a return, as if it had ended well.
  const code = [0x06, 0x40, 0x41, 3, 0x10, 0, 0x19, 0x0b]
  const bytes = importing(
    ['wasi_snapshot_preview1', 'proc_exit'],
    [1, 0x7f, 0],
    body(...code, 0x0b)
  )
  const { error } = await run(bytes)
  expect(error?.message).toBe('the program ended with exit code 3')
  expect(error?.taskCode).toBe('3')
})

/** Processor time of a process, in hundredths of a second. */
function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return Number(fields[11]) + Number(fields[12])
}

/** The most memory that a process ever occupied. */
function peakResidentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) * 1_024
}
