/** `taskmesh job run`: what it hands in, what it shows meanwhile, and what it makes of each end. */
import { describe, expect, test } from 'vitest'
import { startWithHome } from '../../support/api-with-home.ts'
import {
  buildItemView,
  buildJobEvent,
  buildJobView,
  buildLog
} from '../../support/fake-api-services.ts'
import { runInProcess } from '../../support/fake-terminal.ts'
import type { ItemCounts } from '../../../src/model/generated/api-job.ts'
import type { LogEntry } from '../../../src/model/generated/api-log.ts'

const JOB = 'j-7m2k9x04tqhe'
const NOOP = '{"task":{"engine":"builtin","name":"noop"}}'
const ARRAY = '{"task":{"engine":"builtin","name":"noop"},"each":[{"id":"a"},{"id":"b"}]}'
const FILE = {
  name: 'thumbs',
  file: `sha256:${'a'.repeat(64)}`,
  size: 3_355_443,
  kind: 'folder'
} as const
const PROGRESS = { at_ms: 1, type: 'attempt:progress', job_id: JOB } as const
const GRAPH = `{"jobs":{"first":${NOOP},"second":{"needs":["first"],${NOOP.slice(1)}}}`

function countsOf(counts: Partial<ItemCounts>): ItemCounts {
  return { queued: 0, running: 0, completed: 0, failed: 0, stopped: 0, held: 0, ...counts }
}

function out(text: string): LogEntry {
  return { ms: 1, stream: 'out', text }
}

describe('job run', () => {
  test('prints the result and exits 0', async () => {
    const { env } = await startWithHome()
    const run = await runInProcess(['job', 'run', '-'], { env, stdin: NOOP })
    expect(run).toMatchObject({ code: 0, stdout: '4\n' })
    expect(run.stderr).toContain('completed  j-7m2k9x04tqhe  1 task in 20ms on …GYkZzB')
  })

  test('--json is one object; an array has its items in it', async () => {
    const { env, services } = await startWithHome()
    const single = await runInProcess(['job', 'run', '-', '--json'], { env, stdin: NOOP })
    expect(JSON.parse(single.stdout)).toMatchObject({
      id: 'j-7m2k9x04tqhe',
      state: 'completed',
      result: 4,
      attempts: 1
    })
    services.itemViews = [
      buildItemView({ id: 'a' }),
      buildItemView({ id: 'b', index: 1, result: [1] })
    ]
    const array = await runInProcess(['job', 'run', '-', '--json'], { env, stdin: ARRAY })
    expect((JSON.parse(array.stdout) as { items: object[] }).items).toMatchObject([
      { id: 'a', state: 'completed', result: 4 },
      { id: 'b', state: 'completed', result: [1] }
    ])
  })

  test('a result that is a file is named in its place, what was left beside it on stderr', async () => {
    const { env, services } = await startWithHome()
    const outputFile = { ...FILE, name: 'output.json', kind: 'file' } as const
    const job = buildJobView({ output_file: outputFile, outputs: [FILE] })
    delete job.result
    services.jobsById.set(JOB, job)
    const run = await runInProcess(['job', 'run', '-'], { env, stdin: NOOP })
    const get = `taskmesh job get ${JOB}`
    expect(run).toMatchObject({ code: 0, stdout: `result is file ${FILE.file} (3.2MiB); ${get}\n` })
    expect(run.stderr).toMatch(/NAME +KIND +SIZE +FILE\nthumbs +folder +3.2MiB +sha256:a{64}\n/)
    const json = await runInProcess(['job', 'run', '-', '--json'], { env, stdin: NOOP })
    expect(JSON.parse(json.stdout)).toMatchObject({ output_file: outputFile, outputs: [FILE] })
  })

  test('--detach --id-only prints the id alone', async () => {
    const { env } = await startWithHome()
    const run = await runInProcess(['job', 'run', '-', '--detach', '--id-only'], {
      env,
      stdin: NOOP
    })
    expect(run).toEqual({ code: 0, stdout: 'j-7m2k9x04tqhe\n', stderr: '' })
  })

  test.each([
    ['failed', 'TASK_FAILED', 3],
    ['failed', 'QUEUE_TIMED_OUT', 2],
    ['failed', 'TASK_TIMED_OUT', 124],
    ['stopped', 'TASK_STOPPED', 5]
  ] as const)('%s with %s exits %s with the error on stderr', async (state, code, exitCode) => {
    const { env, services } = await startWithHome()
    const job = buildJobView({ state, error: { code, message: 'it broke', hint: 'mend it' } })
    delete job.result
    services.jobsById.set(job.id, job)
    const run = await runInProcess(['job', 'run', '-', '-q'], { env, stdin: NOOP })
    expect(run).toEqual({
      code: exitCode,
      stdout: '',
      stderr: `error ${code}: it broke; mend it\n`
    })
  })

  test.each([
    ['the program’s own', '7', {}, 7],
    ['the job’s, where the program’s is none of a program', 'PAYMENT_DECLINED', {}, 3],
    ['the job’s, where it is too large for one', '256', {}, 3],
    ['the job’s, where there are several tasks', '7', { item_count: 2 }, 3]
  ])('--exit-code exits with %s', async (_what, taskCode, more, exitCode) => {
    const { env, services } = await startWithHome()
    const error = { code: 'TASK_FAILED', message: 'it broke', task_code: taskCode } as const
    const job = buildJobView({ state: 'failed', error, ...more })
    delete job.result
    services.jobsById.set(job.id, job)
    const run = async (...words: string[]): Promise<number> =>
      (await runInProcess(words, { env, stdin: NOOP })).code
    expect(await run('job', 'run', '-', '-q', '--exit-code')).toBe(exitCode)
    expect(await run('job', 'wait', job.id, '-q', '--exit-code')).toBe(exitCode)
    expect(await run('job', 'run', '-', '-q')).toBe(3)
  })

  test('Ctrl-C leaves the job alone and says how to follow it', async () => {
    const { env, services } = await startWithHome()
    services.jobsById.set('j-7m2k9x04tqhe', buildJobView({ state: 'running' }))
    const controller = new AbortController()
    const run = runInProcess(['job', 'run', '-'], { env, stdin: NOOP, signal: controller.signal })
    await expect.poll(() => services.watcherCount).toBe(1)
    controller.abort(new Error('interrupted'))
    const { code, stderr } = await run
    expect(code).toBe(130)
    expect(stderr).toContain('taskmesh job wait j-7m2k9x04tqhe')
    expect(services.calls.some(([name]) => name === 'stop')).toBe(false)
  })

  test('--wait-timeout ends the waiting too', async () => {
    const { env, services } = await startWithHome()
    services.jobsById.set('j-7m2k9x04tqhe', buildJobView({ state: 'running' }))
    const run = await runInProcess(['job', 'run', '-', '--wait-timeout', '100ms'], {
      env,
      stdin: NOOP
    })
    expect(run.code).toBe(130)
  })

  test('held ends the waiting and says what to do', async () => {
    const { env, services } = await startWithHome()
    services.jobsById.set(JOB, buildJobView({ state: 'held' }))
    const { code, stderr } = await runInProcess(['job', 'run', '-'], { env, stdin: NOOP })
    expect(code).toBe(4)
    expect(stderr).toContain(`try again: taskmesh job release ${JOB}`)
  })

  test('says which id it got, and whether the key had one already', async () => {
    const { env, services } = await startWithHome()
    const first = await runInProcess(['job', 'run', '-', '--key', 'night', '--share', 'maths'], {
      env,
      stdin: NOOP
    })
    expect(first.stderr).toContain(`submitted ${JOB}\n`)
    expect(services.calls[0]?.[1]).toMatchObject({ key: 'night', share: 'maths' })
    services.isNew = false
    const second = await runInProcess(['job', 'run', '-'], { env, stdin: NOOP })
    expect(second.stderr).toContain(`already submitted as ${JOB}\n`)
  })

  test('progress of an array goes to stderr, with the words of its tasks', async () => {
    const { env, services } = await startWithHome()
    const running = buildJobView({
      state: 'running',
      item_count: 2,
      counts: countsOf({ running: 2 })
    })
    services.jobs.submit = async () => ({ job: running, isNew: true })
    services.jobsById.set(JOB, running)
    const run = runInProcess(['job', 'run', '-'], { env, stdin: ARRAY })
    await expect.poll(() => services.watcherCount).toBe(1)
    services.emit(
      buildJobEvent({
        type: 'attempt:progress',
        item: 'b',
        progress: { text: 'page 4' }
      })
    )
    services.change(buildJobView({ item_count: 2, counts: countsOf({ completed: 2 }) }))
    const { code, stderr, stdout } = await run
    expect(code).toBe(0)
    expect(stderr).toContain('squares  2/2  b: page 4\n')
    expect(stdout).toContain('ITEM')
  })

  test('on a terminal the bar of a task that tells its progress stays below what it logs', async () => {
    const { env, services } = await startWithHome()
    services.jobsById.set(JOB, buildJobView({ state: 'running' }))
    services.logView = buildLog({ is_complete: false, entries: [] })
    const words = ['job', 'run', '-', '-f', '--no-color']
    const run = runInProcess(words, { env, stdin: NOOP, isStderrTTY: true })
    await expect.poll(() => services.followerCount).toBe(1)
    await expect.poll(() => services.watcherCount).toBe(1)
    services.emit({ ...PROGRESS, progress: { ratio: 0.5, text: 'half' } })
    await new Promise((resolve) => setTimeout(resolve, 50))
    services.writeLog(buildLog({ entries: [out('a line\n')] }))
    services.endLogs()
    await new Promise((resolve) => setTimeout(resolve, 50))
    services.change(buildJobView())
    const { stderr } = await run
    const bar = `squares  ${'█'.repeat(15)}${'░'.repeat(15)}  50%`
    const [before, after] = stderr.split('\u001b[2A\u001b[0Ja line\n')
    expect(before).toContain(bar)
    expect(after).toContain(bar)
    expect(after).toMatch(/completed {2}j-7m2k9x04tqhe .*\n$/)
  })

  test('-f shows the log of a single task as it comes, once', async () => {
    const { env, services } = await startWithHome()
    services.jobsById.set(JOB, buildJobView({ state: 'running' }))
    services.logView = buildLog({ is_complete: false, entries: [out('begun\nha')] })
    const run = runInProcess(['job', 'run', '-', '-f'], { env, stdin: NOOP })
    await expect.poll(() => services.followerCount).toBe(1)
    await expect.poll(() => services.watcherCount).toBe(1)
    services.writeLog(buildLog({ from: 1, entries: [out('lf\nlast')] }))
    services.endLogs()
    services.change(buildJobView({ logs: 'begun\nhalf\nlast' }))
    const { stderr, stdout } = await run
    expect(stderr).toContain('begun\nhalf\nlast\n')
    expect(stderr.match(/begun/g)).toHaveLength(1)
    expect(stdout).toBe('4\n')
  })

  test('-f shows the log of each task of an array once it has ended', async () => {
    const { env, services } = await startWithHome()
    const running = buildJobView({ state: 'running', item_count: 2 })
    services.jobs.submit = async () => ({ job: running, isNew: true })
    services.jobsById.set(JOB, running)
    services.logView = buildLog({ entries: [out('hello\n')] })
    const run = runInProcess(['job', 'run', '-', '-f'], { env, stdin: ARRAY })
    await expect.poll(() => services.watcherCount).toBe(1)
    services.emit(buildJobEvent({ type: 'item:ended', item: 'b', state: 'completed' }))
    services.change(buildJobView({ item_count: 2 }))
    expect((await run).stderr).toContain('b  hello\n')
  })
})

describe('job run of a graph', () => {
  const first = buildJobView({ id: 'j-1', name: 'first', state: 'running' })
  const second = buildJobView({ id: 'j-2', name: 'second', state: 'pending', needs: ['j-1'] })

  test('hands it in whole, waits for all, exits with the worst', async () => {
    const { env, services } = await startWithHome()
    services.jobsById.clear()
    services.jobsById.set('j-1', first)
    services.jobsById.set('j-2', second)
    const run = runInProcess(['job', 'run', '-', '--key', 'k'], { env, stdin: GRAPH })
    await expect.poll(() => services.watcherCount).toBe(1)
    services.change({ ...first, state: 'completed' })
    services.change({
      ...second,
      state: 'failed',
      error: { code: 'NEED_FAILED', message: 'first broke' }
    })
    const { code, stderr, stdout } = await run
    expect(code).toBe(3)
    expect(stderr).toContain('submitted j-1\nsubmitted j-2\n')
    expect(stderr).toContain('j-1  first  completed\n')
    expect(stdout).toMatch(/^JOB +ID +STATE/)
    expect(stdout).toMatch(/second +j-2 +failed .*NEED_FAILED: first broke/)
    expect(services.calls[0]?.[1]).toMatchObject({
      jobs: { first: { key: 'k/first' }, second: { key: 'k/second', needs: ['first'] } }
    })
  })

  test('--json is an array, --detach --id-only the ids', async () => {
    const { env, services } = await startWithHome()
    const json = await runInProcess(['job', 'run', '-', '--json'], { env, stdin: GRAPH })
    expect(JSON.parse(json.stdout)).toMatchObject([{ id: JOB, result: 4 }])
    const ids = await runInProcess(['job', 'run', '-', '-d', '--id-only', '--share', 'x'], {
      env,
      stdin: GRAPH
    })
    expect(ids).toEqual({ code: 0, stdout: `${JOB}\n`, stderr: '' })
    expect(services.calls.at(-1)?.[1]).toMatchObject({ jobs: { first: { share: 'x' } } })
  })

  test('Ctrl-C leaves it alone and names all of it', async () => {
    const { env, services } = await startWithHome()
    services.jobsById.set(JOB, buildJobView({ state: 'running' }))
    const controller = new AbortController()
    const run = runInProcess(['job', 'run', '-'], { env, stdin: GRAPH, signal: controller.signal })
    await expect.poll(() => services.watcherCount).toBe(1)
    controller.abort(new Error('interrupted'))
    const { code, stderr } = await run
    expect(code).toBe(130)
    expect(stderr).toContain(`to stop: taskmesh job stop ${JOB}`)
  })

  test.each([
    ['{"jobs":{}}', 'error FIELD_INVALID: jobs must hold jobs by name'],
    ['{"jobs":{"a":{"name":"x"}}}', 'error FIELD_MISSING: jobs.a: task is missing (jobs.a.task)'],
    [
      '{"jobs":{"a":{"tusk":1}}}',
      'error FIELD_UNKNOWN: jobs.a: tusk is not a field here (jobs.a.tusk); did you mean "task"?'
    ],
    [
      '{"jobs":{"a":{"needs":["a"],"task":{"engine":"builtin","name":"noop"}}}}',
      'error NEEDS_CYCLE: jobs need each other in a circle: a → a (jobs.a.needs)'
    ],
    [`{"jobs":{"a":${NOOP}},"task":1}`, 'error FIELD_UNKNOWN: jobs is not a field here']
  ])('%s is refused before it is sent', async (stdin, expected) => {
    const { env, services } = await startWithHome()
    const { stderr } = await runInProcess(['job', 'run', '-'], { env, stdin })
    expect(stderr).toContain(expected)
    expect(services.calls).toEqual([])
  })

  test('it is valid as a whole, and has no plan', async () => {
    const valid = await runInProcess(['job', 'validate', '-'], { stdin: GRAPH })
    expect(valid.stdout).toBe('valid: 2 jobs, 2 tasks for engine builtin\n')
    const plan = await runInProcess(['job', 'plan', '-'], { stdin: GRAPH })
    expect([plan.code, plan.stderr]).toEqual([
      255,
      'error FIELD_INVALID: a graph of jobs has no plan; plan its jobs one by one\n'
    ])
  })
})
