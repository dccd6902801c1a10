/** How the pool lives with hosts that crash, lie, hang or never start, and that it leaves none behind. */
import { spawn, spawnSync } from 'node:child_process'
import {
  closeSync,
  cpSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { tmpdir } from 'node:os'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { javascriptProgram } from '../../../src/executors/javascript/javascript-executor.ts'
import { SandboxPool } from '../../../src/executors/sandbox/sandbox-pool.ts'
import { sleep } from '../../../src/core/abort.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { MIB } from './run-javascript.ts'
import { recordRun, textOf } from '../../conformance/executor-recorder.ts'
import { taskTerms } from '../../support/task-terms.ts'
import type { JavascriptRequest } from '../../../src/executors/javascript/guest.ts'
import type { SandboxPoolInit } from '../../../src/executors/sandbox/sandbox-pool.ts'
import type { SandboxProgram } from '../../../src/executors/sandbox/sandbox-program.ts'
import type { RecordedOutcome } from '../../conformance/executor-recorder.ts'

const JAVASCRIPT = javascriptProgram()
const HOSTILE = { ...JAVASCRIPT, entryPath: fixture('hostile-host.mjs') }
const BROKEN = { ...JAVASCRIPT, entryPath: fixture('broken-host.mjs') }
const pools: SandboxPool<JavascriptRequest>[] = []
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.stop()))
})

function createPool(
  program: SandboxProgram = JAVASCRIPT,
  init: SandboxPoolInit = {}
): SandboxPool<JavascriptRequest> {
  const pool = new SandboxPool<JavascriptRequest>({ clock: systemClock, program }, init)
  pools.push(pool)
  return pool
}

function run(
  pool: SandboxPool<JavascriptRequest>,
  source: string,
  { timeoutMs = 30_000, signal = new AbortController().signal } = {}
): Promise<RecordedOutcome> {
  const terms = taskTerms({ timeoutMs, signal, memoryBytesMax: 64 * MIB })
  const { seed, submittedAtMs: timeMs } = terms
  const language = 'javascript' as const
  const files = { files: [], inputPaths: [], wishes: [], writtenBytesMax: 0 }
  const request = { source, language, ...files, input: 'null', seed, timeMs }
  return recordRun((listener) => pool.run(request, { ...terms, ...listener }))
}

const ENDLESS = 'function main () { for (;;); }'

describe('a host that crashes', () => {
  it('fails its task with what it last said, and is replaced', async () => {
    const pool = createPool(HOSTILE)
    await pool.start()
    const before = pool.pids
    const { error, log, progress } = await run(pool, 'exit')
    expect(error?.code).toBe('SANDBOX_CRASHED')
    expect(textOf(log)).toBe('so far\n')
    expect(progress).toEqual([{ ratio: 0.5 }])
    expect(error?.message).toContain('something broke')
    expect(error?.blame).toBe('worker')
    expect((await run(pool, 'fine')).output).toBe('"fine"')
    expect(pool.pids).not.toEqual(before)
  })

  it('fails its task when somebody kills it', async () => {
    const pool = createPool()
    await pool.start()
    const ended = run(pool, ENDLESS)
    systemClock.after(100, () => process.kill(pool.pids[0] ?? 0, 'SIGKILL'))
    const outcome = await ended
    expect(outcome.error?.code).toBe('SANDBOX_CRASHED')
    expect(outcome.error?.message).toContain('SIGKILL')
    expect((await run(pool, 'function main () { return 1 }')).output).toBe('1')
  })

  it('is missed only by the next task when it dies idle', async () => {
    const pool = createPool()
    await pool.start()
    process.kill(pool.pids[0] ?? 0, 'SIGKILL')
    while (pool.pids.length > 0) await sleep(systemClock, 10)
    expect((await run(pool, 'function main () { return 1 }')).output).toBe('1')
  })

  it('survives the stop that a terminal or a service manager sends to all', async () => {
    const pool = createPool()
    await pool.start()
    const before = pool.pids
    for (const signal of ['SIGINT', 'SIGTERM']) process.kill(before[0] ?? 0, signal)
    expect((await run(pool, 'function main () { return 1 }')).output).toBe('1')
    expect(pool.pids).toEqual(before)
  })
})

describe('a host that was taken over', () => {
  it.each([
    'garbage',
    'text',
    'noJson',
    'command',
    'readyTwice',
    'endlessLine',
    'endlessLogs',
    'unknownCode',
    'emptyLog',
    'otherStream',
    'timeBefore',
    'moreThanAll',
    'filesWithoutBytes',
    'filesOfAnySize',
    'filesThatNeverCome',
    'endedTwice'
  ])('is not believed (%s)', async (deed) => {
    const pool = createPool(HOSTILE)
    await pool.start()
    expect((await run(pool, deed)).error?.code).toBe('SANDBOX_CRASHED')
    expect((await run(pool, 'fine')).output).toBe('"fine"')
  })

  it('fills no more than its pipe with bytes that nobody asked for', async () => {
    const pool = createPool(HOSTILE)
    await pool.start()
    expect((await run(pool, 'unaskedBytes')).output).toBe('"fine"')
    expect((await run(pool, 'fine')).output).toBe('"fine"')
  })

  it('cannot send more than the bounds', async () => {
    const pool = createPool(HOSTILE)
    await pool.start()
    expect((await run(pool, 'huge')).error?.code).toBe('TASK_OUTPUT_TOO_LARGE')
    expect((await run(pool, 'novel')).error?.message.length).toBeLessThanOrEqual(2_000)
    const { log, logsDroppedBytes } = await run(pool, 'logs')
    expect(textOf(log).length).toBe(60_000)
    expect(logsDroppedBytes).toBe(440_003)
  })

  it('cannot flood with progress', async () => {
    const pool = createPool(HOSTILE)
    await pool.start()
    const { output, progress } = await run(pool, 'progress')
    expect(output).toBe('null')
    expect(progress[0]).toEqual({ ratio: 0.5, text: 'x'.repeat(200) })
    expect(progress.length).toBeLessThan(1_000)
  })

  it('cannot turn back the time, nor name one to come', async () => {
    const pool = createPool(HOSTILE)
    await pool.start()
    const { log } = await run(pool, 'times')
    const times = log.map(({ ms }) => ms)
    expect(times).toHaveLength(3)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(Math.max(...times)).toBeLessThan(30_000)
  })

  it('is not heard once its task is over', async () => {
    const pool = createPool(HOSTILE)
    await pool.start()
    const { output, late } = await run(pool, 'late')
    expect(output).toBe('null')
    await sleep(systemClock, 100)
    expect(late).toEqual([])
    expect((await run(pool, 'fine')).output).toBe('"fine"')
  })

  it('is killed when it does not answer in time', async () => {
    const pool = createPool(HOSTILE)
    await pool.start()
    expect((await run(pool, 'hang', { timeoutMs: 100 })).error?.code).toBe('TASK_TIMED_OUT')
    expect((await run(pool, 'fine')).output).toBe('"fine"')
  })

  it('is over in time, whoever else may hold its pipes', async () => {
    const nodeFlags = [...HOSTILE.nodeFlags, '--allow-child-process']
    const pool = createPool({ ...HOSTILE, nodeFlags })
    await pool.start()
    const { error, log } = await run(pool, 'leaveHeir', { timeoutMs: 1_000 })
    process.kill(Number(textOf(log)), 'SIGKILL')
    expect(error?.code).toBe('TASK_TIMED_OUT')
  })

  it('is killed when it takes more memory than the task may have', async () => {
    const pool = createPool(HOSTILE)
    await pool.start()
    expect((await run(pool, 'hoard')).error?.code).toBe('TASK_OUT_OF_MEMORY')
    expect((await run(pool, 'fine')).output).toBe('"fine"')
  })

  it.skipIf(process.getuid?.() !== 0)('is not root, even where the node is', async () => {
    const pool = createPool(HOSTILE)
    await pool.start()
    expect((await run(pool, 'user')).output).toBe('65534')
  })

  it('has nothing of what the node was born with', () => {
    const secret = join(mkdtempSync(join(tmpdir(), 'taskmesh-inherited-')), 'secret')
    writeFileSync(secret, 'the secret')
    const descriptor = openSync(secret, 'r')
    const gap = Array.from({ length: 88 }, () => 'ignore' as const)
    const owner = spawnSync(process.execPath, [fixture('inheriting-owner.ts')], {
      stdio: ['ignore', 'pipe', 'inherit', ...gap, descriptor],
      encoding: 'utf8'
    })
    closeSync(descriptor)
    rmSync(dirname(secret), { recursive: true })
    expect(owner.stdout).toBe('""')
  })

  it('may neither read files nor start programs', async () => {
    const pool = createPool(HOSTILE)
    await pool.start()
    expect((await run(pool, 'readFile')).output).toBe('"ERR_ACCESS_DENIED"')
    expect((await run(pool, 'spawn')).output).toBe('"ERR_ACCESS_DENIED"')
  })
})

describe('a host that does not start', () => {
  it('fails the start of the pool and says why', async () => {
    const pool = createPool(BROKEN)
    await expect(pool.start()).rejects.toMatchObject({
      code: 'SANDBOX_CRASHED',
      message: expect.stringContaining('cannot find my engine') as string
    })
    expect(pool.pids).toEqual([])
  })

  it('fails each task once, without spinning', async () => {
    const pool = createPool(BROKEN, { warmCount: 0 })
    await pool.start()
    for (let count = 0; count < 3; count += 1) {
      expect((await run(pool, 'any')).error?.code).toBe('SANDBOX_CRASHED')
    }
    await sleep(systemClock, 50)
    expect(pool.pids).toEqual([])
  })

  it('does not hold a task that is stopped meanwhile', async () => {
    const pool = createPool(JAVASCRIPT, { warmCount: 0 })
    await pool.start()
    const controller = new AbortController()
    const ended = run(pool, ENDLESS, { signal: controller.signal })
    controller.abort()
    expect((await ended).error?.code).toBe('TASK_STOPPED')
    expect((await run(pool, 'function main () { return 1 }')).output).toBe('1')
    expect(pool.pids).toHaveLength(1)
  })
})

describe('its end', () => {
  it('leaves no process behind and tells the tasks', async () => {
    const pool = createPool(JAVASCRIPT, { size: 2, warmCount: 2 })
    await pool.start()
    const pids = pool.pids
    expect(pids).toHaveLength(2)
    const ended = run(pool, ENDLESS)
    await pool.stop()
    await pool.stop()
    expect((await ended).error?.code).toBe('WORKER_STOPPING')
    expect(pids.filter(isAlive)).toEqual([])
    expect(pool.pids).toEqual([])
  })

  it('refuses tasks afterwards', async () => {
    const pool = createPool()
    await pool.start()
    await pool.stop()
    expect((await run(pool, ENDLESS)).error?.code).toBe('WORKER_STOPPING')
    expect(pool.pids).toEqual([])
  })

  it.each([
    ['javascript', 'a busy host as to an idle one'],
    ['wasm', 'a host whose program cannot be interrupted']
  ])('comes also when the worker is killed: %s, to %s', async (engine) => {
    const owner = spawn(process.execPath, [fixture('pool-owner.ts'), engine], {
      stdio: ['ignore', 'pipe', 'inherit']
    })
    const line = await new Promise<string>((resolve) => {
      owner.stdout.setEncoding('utf8').once('data', resolve)
    })
    const pids = JSON.parse(line) as number[]
    expect(pids.filter(isAlive)).toHaveLength(2)
    owner.kill('SIGKILL')
    while (pids.some(isAlive)) await sleep(systemClock, 20)
  })
})

it('starts where node_modules is a link, as package managers make them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'taskmesh-linked-'))
  const project = fileURLToPath(new URL('../../../', import.meta.url))
  try {
    for (const name of ['src', 'schemas', 'package.json']) {
      cpSync(join(project, name), join(folder, name), { recursive: true })
    }
    symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'))
    const module = pathToFileURL(
      join(folder, 'src/executors/javascript/javascript-executor.ts')
    ).href
    const copy = (await import(module)) as { javascriptProgram: typeof javascriptProgram }
    const pool = createPool(copy.javascriptProgram())
    await pool.start()
    expect((await run(pool, 'function main () { return 1 }')).output).toBe('1')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it('runs no more tasks than it has hosts', async () => {
  const pool = createPool(JAVASCRIPT, { size: 1 })
  await pool.start()
  const first = run(pool, 'function main () { return 1 }')
  await expect(run(pool, 'function main () {}')).rejects.toThrow('assertion failed')
  expect((await first).output).toBe('1')
})

it('keeps a host through many tasks', async () => {
  const pool = createPool()
  await pool.start()
  const before = pool.pids
  for (let count = 0; count < 50; count += 1) await run(pool, 'function main () {}')
  expect(pool.pids).toEqual(before)
})

/** A process that has ended but was not yet collected by its new parent counts as gone. */
function isAlive(pid: number): boolean {
  const path = `/proc/${pid}/stat`
  try {
    return existsSync(path) && !readFileSync(path, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}

function fixture(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))
}
