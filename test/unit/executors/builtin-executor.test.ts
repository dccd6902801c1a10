import { describe, expect, it } from 'vitest'
import { BuiltinExecutor } from '../../../src/executors/builtin-executor.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { recordRun } from '../../conformance/executor-recorder.ts'
import { taskTerms } from '../../support/task-terms.ts'
import type { BuiltinTask } from '../../../src/model/generated/job.ts'
import type { RecordedOutcome } from '../../conformance/executor-recorder.ts'

const clock = new FakeClock()
const executor = new BuiltinExecutor({ clock })

function run(
  name: BuiltinTask['name'],
  args?: BuiltinTask['args'],
  { timeoutMs = 1_000, signal = new AbortController().signal } = {}
): Promise<RecordedOutcome> {
  const task: BuiltinTask = { engine: 'builtin', name, ...(args === undefined ? {} : { args }) }
  const terms = taskTerms({ timeoutMs, signal })
  return recordRun((listener) => executor.run({ task, ...terms, ...listener }))
}

describe('noop', () => {
  it('returns null', async () => {
    expect(await run('noop')).toEqual({
      output: 'null',
      logsDroppedBytes: 0,
      usage: { wallMs: 0 },
      log: [],
      progress: [],
      late: []
    })
  })
})

describe('echo', () => {
  it.each([
    [{ a: [1, null] }, '{"a":[1,null]}'],
    [{}, '{}'],
    [undefined, 'null']
  ])('returns its arguments: %j', async (args, output) => {
    expect((await run('echo', args)).output).toBe(output)
  })
})

describe('sha256', () => {
  it.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ['é', '4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c']
  ])('hashes %j as UTF-8', async (text, digest) => {
    expect((await run('sha256', { text })).output).toBe(`"${digest}"`)
  })
})

describe('sleep', () => {
  it('ends after its time', async () => {
    const ended = run('sleep', { ms: 400 })
    clock.advance(400)
    expect(await ended).toMatchObject({ output: 'null', usage: { wallMs: 400 } })
  })

  it('ends at its time limit', async () => {
    const ended = run('sleep', { ms: 5_000 })
    clock.advance(1_000)
    expect((await ended).error?.code).toBe('TASK_TIMED_OUT')
  })

  it('tells each second how far it is', async () => {
    const ended = run('sleep', { ms: 4_000 }, { timeoutMs: 3_500 })
    clock.advance(3_500)
    const outcome = await ended
    expect(outcome.progress).toEqual([{ ratio: 0.25 }, { ratio: 0.5 }, { ratio: 0.75 }])
    clock.advance(4_000)
    expect(outcome.late).toEqual([])
    expect(clock.timerCount).toBe(0)
  })

  it('tells nothing when it is short', async () => {
    const ended = run('sleep', { ms: 1_000 })
    clock.advance(1_000)
    expect((await ended).progress).toEqual([])
  })

  it('ends when it is stopped, and leaves no timer', async () => {
    const controller = new AbortController()
    const ended = run('sleep', { ms: 5_000 }, { signal: controller.signal })
    controller.abort()
    expect((await ended).error?.code).toBe('TASK_STOPPED')
    expect(clock.timerCount).toBe(0)
  })
})

describe('wrong arguments', () => {
  it.each([
    ['sha256', undefined, 'FIELD_MISSING', 'task.args.text'],
    ['sha256', { txt: 'a' }, 'FIELD_MISSING', 'task.args.text'],
    ['sha256', { text: 7 }, 'FIELD_INVALID', 'task.args.text'],
    ['sleep', {}, 'FIELD_MISSING', 'task.args.ms'],
    ['sleep', { ms: '1s' }, 'FIELD_INVALID', 'task.args.ms'],
    ['sleep', { ms: -1 }, 'FIELD_INVALID', 'task.args.ms'],
    ['sleep', { ms: Number.NaN }, 'FIELD_INVALID', 'task.args.ms']
  ] as const)('%s with %j is %s at %s', async (name, args, code, path) => {
    const { error, output } = await run(name, args)
    expect(error).toMatchObject({ code, path })
    expect(error?.message).toContain(path)
    expect(output).toBeUndefined()
  })
})
