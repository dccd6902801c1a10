/** Inputs and outputs of strangers' programs: what they must not reach, change or count, and where bounds are. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { InputStore, takeOutputs } from '../../support/task-inputs.ts'
import {
  MIB,
  NO_GROUPS,
  createProcessExecutor,
  processProblem,
  resultOf,
  runProgram,
  script
} from '../../support/process-engine.ts'
import { JavascriptExecutor } from '../../../src/executors/javascript/javascript-executor.ts'
import { createWasmExecutor, toModule } from './run-wasm.ts'
import { longCommand } from '../../support/wasm-module.ts'
import { readWasmFixture } from '../../support/wasm-fixture.ts'
import { recordRun } from '../../conformance/executor-recorder.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { taskTerms } from '../../support/task-terms.ts'
import type { Clock } from '../../../src/core/clock.ts'
import type { Executor, TaskRun } from '../../../src/executors/executor.ts'
import type { ProcessExecutor } from '../../../src/executors/process/process-executor.ts'
import type { RecordedOutcome } from '../../conformance/executor-recorder.ts'
import type { TaskDocument } from '../../../src/model/job.ts'

const store = new InputStore()
afterAll(() => store.close())

const problem = await processProblem()

function run(
  executor: Executor,
  task: TaskDocument,
  more: Partial<TaskRun> = {}
): Promise<RecordedOutcome> {
  return recordRun((listener) => executor.run({ ...taskTerms(more), task, ...listener }))
}

function source(text: string): TaskDocument {
  return { engine: 'javascript', source: text }
}

async function started<T extends Executor>(executor: T): Promise<T> {
  await executor.start()
  onTestFinished(() => executor.stop())
  return executor
}

describe.skipIf(problem !== undefined)('a program', () => {
  let executor: ProcessExecutor
  beforeAll(async () => {
    executor = createProcessExecutor()
    await executor.start()
  })
  afterAll(() => executor.stop())

  it('reaches nothing beside its inputs where they come from', async () => {
    const inputs = [store.file('in', 'x')]
    const look = script(`for path in ${store.path} /sys/fs; do [ ! -e $path ] || echo $path; done`)
    expect(resultOf(await runProgram(executor, look, { inputs })).stdout).toBe('')
  })

  it('reaches an input through no other name', async () => {
    const inputs = [store.file('in/a', 'kept'), store.folder('in/b', { c: 'kept' })]
    const outcome = await runProgram(
      executor,
      script(
        'for path in in/a in/b/c; do',
        '  ln "$path" hard 2>/dev/null && echo linked',
        '  mv "$path" gone 2>/dev/null && echo moved',
        '  rm -f "$path" 2>/dev/null && echo removed',
        '  (echo >"$path") 2>/dev/null && echo written',
        '  chmod 666 "$path" 2>/dev/null && echo changed',
        'done',
        'mv in/b gone 2>/dev/null && echo moved',
        'touch in/b/new 2>/dev/null && echo made',
        ':'
      ),
      { inputs }
    )
    expect(resultOf(outcome).stdout).toBe('')
  })

  it.each([
    ['in memory', undefined, {}],
    ['on the disk', 300 * MIB, {}],
    ['in a folder that is watched', 300 * MIB, { hasDiskImages: false }]
  ])('has its own disk besides, %s', async (_where, diskBytesMax, init) => {
    const own = await started(createProcessExecutor(init))
    const inputs = [store.file('large', Buffer.alloc(80 * MIB)), store.folder('set', { a: 'a' })]
    const outcome = await runProgram(
      own,
      script('wc -c <large', 'cat set/a', 'head -c 30000000 /dev/zero >mine', 'sleep 0.6'),
      { inputs, diskBytesMax, memoryBytesMax: 64 * MIB }
    )
    expect(resultOf(outcome).stdout).toBe(`${80 * MIB}\na`)
  })

  it('is not blamed for inputs that a watch of its disk comes across', async () => {
    const own = await started(createProcessExecutor({ hasDiskImages: false, cgroups: NO_GROUPS }))
    const inputs = [store.file('in/large', Buffer.alloc(301 * MIB))]
    const { error } = await runProgram(own, script('mv in moved', 'sleep 0.6'), {
      inputs,
      diskBytesMax: 300 * MIB
    })
    expect(error).toBeUndefined()
  })

  it('hands over a link as the link that it is', async () => {
    const { taken, ...wishes } = takeOutputs(['link', 'out'], ['folder', 'all'])
    const outcome = await runProgram(
      executor,
      script('ln -s /etc/passwd out', 'mkdir all', 'ln -s /etc all/etc', 'echo x >all/file'),
      wishes
    )
    expect(outcome.error).toBeUndefined()
    expect(Object.fromEntries(taken)).toEqual({
      link: { '': '-> /etc/passwd' },
      folder: { etc: '-> /etc', file: 'x\n' }
    })
  })

  it.each([
    ['a link', 'ln -s /etc out'],
    ['a link to a link', 'ln -s /etc a; ln -s a out'],
    ['a device', 'mkfifo out']
  ])('hands over nothing that lies behind %s', async (_what, line) => {
    const { taken, ...wishes } = takeOutputs(['secret', 'out/passwd'])
    const { error } = await runProgram(executor, script(line), wishes)
    expect(error?.code).toBe('TASK_FAILED')
    expect(error?.message).toContain('out/passwd')
    expect(taken.size).toBe(0)
  })

  it('hands over what lies on a disk of its own before that goes', async () => {
    const { taken, ...wishes } = takeOutputs(['out', 'deep/er'])
    const { error } = await runProgram(executor, script('mkdir deep', 'echo x >deep/er'), {
      ...wishes,
      diskBytesMax: 300 * MIB
    })
    expect(error).toBeUndefined()
    expect(taken.get('out')).toEqual({ '': 'x\n' })
  })

  it('is out of its time while its outputs are taken', async () => {
    const timeoutMs = 31_234
    let isTimed = false
    const clock: Clock = {
      monotonicMs: () => systemClock.monotonicMs(),
      wallMs: () => systemClock.wallMs(),
      every: (periodMs, callback) => systemClock.every(periodMs, callback),
      after(delayMs, callback) {
        const cancel = systemClock.after(delayMs, callback)
        if (delayMs !== timeoutMs) return cancel
        isTimed = true
        return () => {
          isTimed = false
          cancel()
        }
      }
    }
    const own = await started(createProcessExecutor({}, clock))
    const { outputs } = takeOutputs(['out', 'out'])
    const seen: boolean[] = []
    const { error } = await runProgram(own, script('echo x >out'), {
      outputs,
      timeoutMs,
      onOutput: async () => void seen.push(isTimed)
    })
    expect(error).toBeUndefined()
    expect(seen).toEqual([false])
  })

  it('is refused outputs among its inputs, and inputs among its files', async () => {
    const inputs = [store.folder('set', { a: 'a' })]
    const within = await runProgram(executor, script(':'), {
      inputs,
      ...takeOutputs(['out', 'set/out'])
    })
    expect(within.error).toMatchObject({ code: 'FIELD_INVALID', path: 'outputs[0].path' })
    const files = [{ path: 'set/b', text: 'b' }]
    const among = await runProgram(executor, { ...script(':'), files }, { inputs })
    expect(among.error).toMatchObject({ code: 'FIELD_INVALID', path: 'inputs[0].path' })
  })
})

describe('a module', () => {
  it('comes from a file, and may have several MiB', async () => {
    const executor = await started(createWasmExecutor())
    const { source: programPath } = store.file('rg.wasm', readWasmFixture('ripgrep'))
    const task: TaskDocument = { engine: 'wasm', module: 'mesh:sha256:', args: ['--version'] }
    const outcome = await run(executor, task, { programPath })
    expect(outcome.output).toContain('ripgrep')
  })

  it('leaves its host to the next one, whatever it was given', async () => {
    const executor = await started(createWasmExecutor())
    const before = executor.pids
    const module = toModule(readWasmFixture('probe'))
    for (let count = 0; count < 20; count += 1) {
      const inputs = [store.file('in', Buffer.alloc(count * 10_000))]
      const task: TaskDocument = { engine: 'wasm', module, args: ['measure', 'in'] }
      expect((await run(executor, task, { inputs })).output).toContain(`"${count * 10_000}"`)
    }
    expect(executor.pids).toEqual(before)
  })

  it('is guarded there as elsewhere', async () => {
    const executor = await started(createWasmExecutor({ functionBytesMax: 1_000 }))
    const { source: programPath } = store.file('long.wasm', longCommand(2_000))
    const task = { engine: 'wasm', module: 'mesh:sha256:' } as const
    const { error } = await run(executor, task, { programPath })
    expect(error?.message).toContain('the module is refused')
  })

  it('is told how large its inputs are and what to do, where they are too large', async () => {
    const executor = await started(createWasmExecutor())
    const inputs = [store.file('large', Buffer.alloc(3 * MIB))]
    const task = { engine: 'wasm', module: toModule(readWasmFixture('probe')) } as const
    const { error } = await run(executor, task, { inputs, diskBytesMax: 2 * MIB })
    expect(error).toMatchObject({ code: 'FIELD_INVALID', path: 'inputs', blame: 'job' })
    expect(error?.message).toContain('3MiB, and may be 2MiB')
    expect(error?.hint).toContain('engine process')
  })

  it('leaves no file under a name that could lead elsewhere', async () => {
    const executor = await started(createWasmExecutor())
    const inputs = [store.file('in', 'x')]
    const { taken, ...wishes } = takeOutputs(['out', 'out'])
    const module = toModule(readWasmFixture('probe'))
    const args = ['copies', 'in', 'out/a\\b']
    const { error } = await run(executor, { engine: 'wasm', module, args }, { inputs, ...wishes })
    expect(error).toMatchObject({ code: 'TASK_FAILED' })
    expect(taken.size).toBe(0)
  })
})

describe('a script', () => {
  it('comes from a file', async () => {
    const executor = await started(new JavascriptExecutor({ clock: systemClock }))
    const { source: programPath } = store.file('task.js', 'function main () { return "é" }')
    expect((await run(executor, source('mesh:sha256:'), { programPath })).output).toBe('"é"')
  })

  it('is refused inputs above its bound, and a source above its own', async () => {
    const executor = await started(new JavascriptExecutor({ clock: systemClock }))
    const inputs = [store.file('large', Buffer.alloc(33 * MIB))]
    const { error } = await run(executor, source('function main () {}'), { inputs })
    expect(error?.message).toContain('33MiB, and may be 32MiB')
    const { source: programPath } = store.file('long.js', ' '.repeat(4 * MIB + 1))
    const long = await run(executor, source('mesh:sha256:'), { programPath })
    expect(long.error?.code).toBe('FIELD_INVALID')
  })

  it('reads the worst of texts, or hears that it has no memory for it', async () => {
    const executor = await started(new JavascriptExecutor({ clock: systemClock }))
    const inputs = [store.file('nul', Buffer.alloc(16 * MIB))]
    const task = source('function main () { return files.text("nul").length }')
    const { error, output } = await run(executor, task, { inputs, memoryBytesMax: 512 * MIB })
    expect(error?.code ?? output).toBe(String(16 * MIB))
  })

  it.each([
    ['files.write("../out", "x")', 'is not a plain relative path'],
    ['files.write("in", "x")', 'cannot change it'],
    ['files.write("in/deeper", "x")', 'a file and a folder'],
    ['files.write("a/b", "x"); files.write("a", "x")', 'a file and a folder'],
    ['files.write("a", 7)', 'needs a path, and text or a Uint8Array'],
    [
      'files.write("a", new Uint8Array(20_000_000)); files.write("b", new Uint8Array(20_000_000))',
      '32MiB'
    ],
    ['for (let i = 0; ; i += 1) files.write("f" + i, "x")', 'may write 1000 files']
  ])('may not %s', async (text, message) => {
    const executor = await started(new JavascriptExecutor({ clock: systemClock }))
    const inputs = [store.file('in', 'x')]
    const { error } = await run(executor, source(`function main () { ${text} }`), { inputs })
    expect(error?.code).toBe('TASK_FAILED')
    expect(error?.message).toContain(message)
  })

  it('leaves what it wrote last, whatever it holds', async () => {
    const executor = await started(new JavascriptExecutor({ clock: systemClock }))
    const { taken, ...wishes } = takeOutputs(['out', 'out'])
    const text = `files.write("out", "first"); files.write("out", "a\\u0000é" + files.text("out"))`
    const { error } = await run(executor, source(`function main () { ${text} }`), wishes)
    expect(error).toBeUndefined()
    expect(taken.get('out')).toEqual({ '': 'a\0éfirst' })
  })
})
