/** What a program's requests for processor, disk and GPUs hold it to, and what the worker says of it after. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chownSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import {
  MIB,
  NO_GROUPS,
  createFolder,
  createProcessExecutor,
  processProblem,
  resultOf,
  runProgram,
  script
} from '../../support/process-engine.ts'
import type { ProcessExecutorInit } from '../../../src/executors/process/process-executor.ts'

const isSkipped = (await processProblem()) !== undefined
const OWNER = fileURLToPath(new URL('fixtures/process-owner.ts', import.meta.url))
const DISK = { diskBytesMax: 300 * MIB } as const

const executor = createProcessExecutor()
beforeAll(async () => {
  if (!isSkipped) await executor.start()
})
afterAll(() => executor.stop())

describe.skipIf(isSkipped)('a processor', () => {
  it('is held to what was asked for, over all threads and processes', async (context) => {
    if (!executor.enforces.includes('cpu')) {
      console.warn('SKIPPED: no control group of this machine holds processor time')
      return context.skip()
    }
    // Processor time decides when it ends, so that a busy machine only makes the ratio smaller.
    const spin = "perl -e '1 while times < 0.4'"
    const { error, usage } = await runProgram(executor, script(`${spin} & ${spin} & wait`), {
      cpuCores: 0.5
    })
    expect(error).toBeUndefined()
    expect(usage.cpuMs).toBeGreaterThan(700)
    // Two that spin freely come to 2, and one to 1.
    expect((usage.cpuMs ?? 0) / usage.wallMs).toBeLessThan(0.8)
  })
  it('is not said to be held where there are no groups', async () => {
    const watched = createProcessExecutor({ cgroups: NO_GROUPS })
    await watched.start()
    expect(watched.enforces).toEqual(['disk', 'gpu'])
    await watched.stop()
  })
})

describe.skipIf(isSkipped).each<[string, Partial<ProcessExecutorInit>]>([
  ['a disk, as this machine has it', {}],
  ['a disk that is watched', { hasDiskImages: false, cgroups: NO_GROUPS }],
  ['a disk without a sandbox', { isUnsafe: true }]
])('%s', (_, init) => {
  const folder = createFolder()
  const engine = createProcessExecutor({ folder, ...init })
  beforeAll(() => engine.start())
  afterAll(() => engine.stop())

  it('may hold more than memory does', async () => {
    const lines = ['head -c 150M /dev/zero >x; ln x y; mkdir deep; mv y deep', 'stat -c %s deep/y']
    const task = { ...script(...lines, 'echo out >out'), outputs: ['out'] }
    const outcome = await runProgram(engine, task, { memoryBytesMax: 64 * MIB, ...DISK })
    expect(resultOf(outcome)).toMatchObject({
      stdout: `${150 * MIB}\n`,
      files: [{ path: 'out', text: 'out\n' }]
    })
    const places = join(folder, 'process-folders')
    expect(existsSync(places) ? readdirSync(places) : []).toEqual([])
  })

  it.each([
    ['one file', 'head -c 400M /dev/zero >x || exit 1'],
    ['many', 'i=0; while [ $i -lt 20 ]; do head -c 20M /dev/zero >$i || exit 1; i=$((i+1)); done']
  ])('is bounded, and that is the reason: %s', async (_name, text) => {
    const outcome = await runProgram(engine, script(text), DISK)
    expect(outcome.error).toMatchObject({ code: 'TASK_OUT_OF_DISK', blame: 'job' })
    expect(outcome.error?.message).toContain('300MiB of disk')
  })

  it('counts what was removed and is still open', async () => {
    const hide = [5, 6].map((fd) => `exec ${fd}>x; rm x; head -c 200M /dev/zero >&${fd} || exit 1`)
    const outcome = await runProgram(engine, script(...hide, 'sleep 600'), DISK)
    // A file system says it to the program, and has room again when that has gone.
    expect(outcome.error?.message).toMatch(/300MiB of disk|No space left on device/)
  })

  it('is removed however deep it is, and whatever its modes', async () => {
    const deep = 'i=0; while [ $i -lt 900 ]; do mkdir ddddddddd && cd ddddddddd; i=$((i+1)); done'
    await runProgram(engine, script('mkdir closed; touch closed/x; chmod 0 closed', deep), DISK)
    const places = join(folder, 'process-folders')
    expect(existsSync(places) ? readdirSync(places) : []).toEqual([])
  })
})

describe.skipIf(isSkipped)('a disk that is not there', () => {
  it('is the worker’s fault, before the task begins', async () => {
    const outcome = await runProgram(executor, { argv: ['true'] }, { diskBytesMax: 2 ** 50 })
    expect(outcome.error).toMatchObject({ code: 'RESOURCES_UNAVAILABLE', blame: 'worker' })
    expect(outcome.error?.message).toMatch(/1024TiB .* free/)
  })
})

it.skipIf(isSkipped || process.getuid?.() !== 0)(
  'a worker that is not root has a disk as well',
  () => {
    const uid = 64_017
    const folder = createFolder()
    chownSync(folder, uid, uid)
    const lines = ['id -u', 'head -c 200M /dev/zero >x', 'ls x']
    const task = {
      init: { folder, programs: [], isAnyAllowed: true },
      ...script(...lines),
      terms: DISK
    }
    const user = [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--']
    const words = [...user, process.execPath, OWNER, JSON.stringify(task)]
    const { stderr, stdout } = spawnSync('setpriv', words, { encoding: 'utf8', cwd: '/' })
    expect(stderr).toBe('')
    expect(stdout).toContain('"enforces":{"process":["disk","gpu"]}')
    expect(stdout).toContain(String.raw`"stdout\":\"${uid}\\nx\\n\"`)
  }
)

describe.skipIf(isSkipped).each<[string, Partial<ProcessExecutorInit>]>([
  ['by the kernel', {}],
  ['by a watch', { cgroups: NO_GROUPS }],
  ['by a watch, without a sandbox', { cgroups: NO_GROUPS, isUnsafe: true }],
  ['without a sandbox', { isUnsafe: true }]
])('usage, told %s', (_, init) => {
  const engine = createProcessExecutor(init)
  beforeAll(() => engine.start())
  afterAll(() => engine.stop())
  it('is there for a program that ends at once', async () => {
    const { usage } = await runProgram(engine, { argv: ['true'] })
    expect(usage.cpuMs).toBeGreaterThanOrEqual(0)
    expect(usage.peakMemoryBytes).toBeGreaterThan(0)
  })
})

describe.skipIf(isSkipped)('a GPU', () => {
  it('that is granted and not there is the worker’s fault', async () => {
    const outcome = await runProgram(executor, { argv: ['true'] }, { gpus: [4_000] })
    expect(outcome.error).toMatchObject({ code: 'RESOURCES_UNAVAILABLE', blame: 'worker' })
  })
  it('is not reachable without a grant', async () => {
    const outcome = await runProgram(executor, script('ls -d /dev/nvidia* /dev/kfd /dev/dri; true'))
    expect(resultOf(outcome).stdout).toBe('')
  })
})
