/** Looking at jobs and acting on them: what each command asks for, and what people and programs read. */
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../../src/core/clock.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { startWithHome } from '../../support/api-with-home.ts'
import {
  buildAttemptView,
  buildHistoryRow,
  buildItemView,
  buildJobEvent,
  buildJobView,
  buildLog
} from '../../support/fake-api-services.ts'
import { runInProcess } from '../../support/fake-terminal.ts'
import type { LogEntry } from '../../../src/model/generated/api-log.ts'

const JOB = 'j-7m2k9x04tqhe'
const RUNNING = buildJobView({ state: 'running', ended_at_ms: null })

function entry(text: string, overrides: Partial<LogEntry> = {}): LogEntry {
  return { ms: 1, stream: 'out', text, ...overrides }
}

describe('job list', () => {
  test('asks by every filter', async () => {
    const { env, services } = await startWithHome()
    const line = 'job list --mine --parent j-0 --since 2026-01-02T03:04:05Z --state completed'
    expect((await runInProcess(line.split(' '), { env })).code).toBe(0)
    expect(services.calls).toEqual([
      [
        'list',
        {
          state: 'completed',
          submitter: 'http',
          parent: 'j-0',
          sinceMs: Date.UTC(2026, 0, 2, 3, 4, 5),
          limit: 100
        }
      ]
    ])
  })
})

const USAGE = {
  wall_ms: 1_200,
  cpu_ms: 900,
  peak_memory_bytes: 34 * 2 ** 20,
  bytes_in: 512,
  bytes_out: 3_072
}

test('job attempts shows what each has used, in units of people', async () => {
  const { env, services } = await startWithHome()
  const { usage: _usage, ...unused } = buildAttemptView({ attempt: 2, state: 'lost' })
  services.attemptViews = [
    buildAttemptView({ usage: USAGE }),
    buildAttemptView({ attempt: 2, usage: { wall_ms: 5 } }),
    unused
  ]
  const { stdout } = await runInProcess(['job', 'attempts', 'j-7'], { env })
  const [titles, ...rows] = stdout.trimEnd().split('\n')
  expect(titles).toMatch(/ RAN +CPU +MEMORY +IN +OUT +REASON$/)
  expect(rows[0]).toMatch(/ 1.2s +900ms +34MiB +512B +3KiB$/)
  expect(rows[1]).toMatch(/ 5ms +– +– +– +–$/)
  expect(rows[2]).toMatch(/lost .* – +– +– +– +–$/)
})

test('job describe shows the last words of a program as a block', async () => {
  const { env, services } = await startWithHome()
  const message = 'the program ended with exit code 3:\nsort: bad\nsort: worse'
  const error = { code: 'TASK_FAILED', message, blame: 'job', hint: 'mend it' } as const
  services.jobsById.set(JOB, buildJobView({ state: 'failed', error }))
  const { stdout } = await runInProcess(['job', 'describe', 'j-7'], { env })
  expect(stdout).toMatch(
    /^error +TASK_FAILED: the program ended with exit code 3 \(job\)\n +\| sort: bad\n +\| sort: worse\nhint +mend it\n/
  )
})

describe('job describe', () => {
  test('says what is wrong first and what to do last', async () => {
    const { env, services } = await startWithHome()
    const error = {
      code: 'TASK_TIMED_OUT',
      message: 'ran 10s',
      blame: 'job',
      hint: 'more'
    } as const
    services.jobsById.set(
      JOB,
      buildJobView({ state: 'failed', error, key: 'night', parent: 'j-0' })
    )
    services.jobDocument = { task: {}, timeouts: { run: '10s' }, where: { require: ['a = b'] } }
    services.attemptViews = [
      buildAttemptView({ state: 'timed_out', attempt: 2, reason: 'TASK_TIMED_OUT', usage: USAGE })
    ]
    const { stdout } = await runInProcess(['job', 'describe', 'j-7'], { env })
    const lines = stdout.trimEnd().split('\n')
    expect(lines[0]).toMatch(/^error +TASK_TIMED_OUT: ran 10s \(job\)$/)
    expect(lines[1]).toMatch(/^hint +more$/)
    expect(lines.at(-1)).toMatch(`give it longer: taskmesh job rerun ${JOB} --set timeouts.run=1h`)
    expect(stdout).toMatch(/last attempt +2, timed_out on …GYkZzB: TASK_TIMED_OUT\n/)
    expect(stdout).toMatch(
      /it used +1.2s of time, 900ms of CPU, 34MiB of memory at most, 512B in, 3KiB out\n/
    )
    expect(stdout).toMatch(/key +night\n/)
    expect(stdout).toMatch(/made by +j-0\n/)
    expect(stdout).toMatch(/timeouts +run 10s\n/)
    expect(stdout).toMatch(/where +require a = b\n/)
  })

  test('of a schedule says when it begins, and keeps a key of our own to itself', async () => {
    const { env, services } = await startWithHome()
    services.jobsById.set(
      JOB,
      buildJobView({ state: 'pending', due_at_ms: 1, needs: ['j-1', 'j-2'], key: 'auto-j-1' })
    )
    services.jobDocument = { task: {}, schedule: { cron: '30 3 * * *', zone: 'UTC' } }
    const { stdout } = await runInProcess(['job', 'describe', 'j-7'], { env })
    expect(stdout).toMatch(/begins +19(70-01-01|69-12-31) /)
    expect(stdout).toMatch(/schedule +cron 30 3 \* \* \*, zone UTC\n/)
    expect(stdout).toMatch(/needs +j-1\n +j-2\n/)
    expect(stdout).not.toContain('auto-')
  })

  test('--json is the job with its document and last attempt', async () => {
    const { env, services } = await startWithHome()
    const { stdout } = await runInProcess(['job', 'describe', 'j-7', '--json'], { env })
    expect(JSON.parse(stdout)).toMatchObject({
      id: JOB,
      document: services.jobDocument,
      last_attempt: { attempt: 1 }
    })
  })
})

test('job history: each change with who, why and where', async () => {
  const { env, services } = await startWithHome()
  services.historyRows = [
    buildHistoryRow(),
    buildHistoryRow({
      of: 'attempt',
      item: 'a',
      attempt: 1,
      by: 'router',
      reason: 'OFFERED',
      text: 'best'
    })
  ]
  const { stdout } = await runInProcess(['job', 'history', 'j-7', '--item', 'a'], { env })
  expect(stdout).toMatch(/ job +queued +http +SUBMITTED\n/)
  expect(stdout).toMatch(/ a attempt 1 +queued +router +OFFERED +best\n/)
  expect(services.calls).toEqual([['history', 'j-7', { item: 'a' }]])
})

describe('acting on a job', () => {
  test.each([
    [
      'hold j-7 --reason later',
      ['hold', 'j-7', 'later', 'http'],
      `${JOB} held; to go on: taskmesh job release ${JOB}\n`
    ],
    ['release j-7', ['release', 'j-7', 'http'], `${JOB} queued\n`],
    ['stop j-7 --reason wrong', ['stop', 'j-7', { reason: 'wrong' }, 'http'], `${JOB} stopped\n`],
    [
      'stop j-7 --kill-after 10s',
      ['stop', 'j-7', { reason: 'stopped through the API', killAfterMs: 10_000 }, 'http'],
      `${JOB} stopped\n`
    ],
    ['rerun j-7', ['rerun', 'j-7', { items: 'unfinished' }, 'http'], 'j-again  1 task pending\n'],
    [
      'rerun j-7 --all --set timeouts.run=1h --set priority=60',
      ['rerun', 'j-7', { items: 'all', set: { 'timeouts.run': '1h', priority: 60 } }, 'http'],
      'j-again  1 task pending\n'
    ]
  ])('job %s', async (line, called, printed) => {
    const { env, services } = await startWithHome()
    const { code, stdout } = await runInProcess(['job', ...line.split(' ')], { env })
    expect({ code, stdout }).toEqual({ code: 0, stdout: printed })
    expect(services.calls).toEqual([called])
  })

  test.each(['hold', 'release', 'stop', 'rerun'])('job %s --json is the job', async (verb) => {
    const { env } = await startWithHome()
    const { stdout } = await runInProcess(['job', verb, 'j-7', '--json'], { env })
    expect(JSON.parse(stdout)).toHaveProperty('state')
  })

  test('several are stopped in their order, and those that still end are told', async () => {
    const { env, services } = await startWithHome()
    services.jobsById.set('j-9', buildJobView({ id: 'j-9' }))
    services.jobs.stop = async (id) =>
      buildJobView({ id, state: id === 'j-9' ? 'running' : 'stopped' })
    const { stdout } = await runInProcess(['job', 'stop', 'j-7', 'j-9'], { env })
    expect(stdout).toBe('j-7 stopped\nj-9 running, some of its tasks have not ended yet\n')
  })

  test('a change that is none is refused', async () => {
    const { env, services } = await startWithHome()
    const { stderr } = await runInProcess(['job', 'rerun', 'j-7', '--set', 'x'], { env })
    expect(stderr).toContain('"x" is not a change (--set)')
    expect(services.calls).toEqual([])
  })
})

const LEFT = {
  name: 'thumbs',
  file: `sha256:${'a'.repeat(64)}`,
  size: 2_048,
  kind: 'file'
} as const

test.each([
  ['agreement', '2 of 3 copies agree, one of a trusted worker'],
  ['majority', '2 of 3 copies agree; no trusted worker could be asked'],
  ['record', 'on its worker’s record, unchecked'],
  ['chance', 'not drawn for a check']
] as const)('describe says why a result is believed: %s', async (by, words) => {
  const { env, services } = await startWithHome()
  services.jobsById.set(JOB, buildJobView({ verified: { by, copies: 3, agreed: 2 } }))
  const { stdout } = await runInProcess(['job', 'describe', 'j-7'], { env })
  expect(stdout).toContain(words)
})

describe('what a job left in files', () => {
  test('is told by describe, and by wait', async () => {
    const { env, services } = await startWithHome()
    const earlier = { job: 'j-0', item: '0', attempt: 2, worker: null, ended_at_ms: 1 }
    const files = { output_file: LEFT, outputs: [LEFT], reused_from: earlier }
    const job = buildJobView({ ...files, worker: null })
    delete job.result
    services.jobsById.set(JOB, job)
    services.jobDocument = { task: {}, cache: 'use', outputs: [{ name: 'thumbs', path: 'out' }] }
    const described = await runInProcess(['job', 'describe', 'j-7'], { env })
    expect(described.stdout).toMatch(
      /result +result is file sha256:a{64} \(2KiB\); taskmesh job get/
    )
    expect(described.stdout).toMatch(/left +NAME +KIND +SIZE +FILE\n +thumbs +file +2KiB +sha256:a/)
    expect(described.stdout).toMatch(/reused from +j-0, item 0, attempt 2 on –\n/)
    expect(described.stdout).toMatch(/cache +use\n/)
    const waited = await runInProcess(['job', 'wait', 'j-7'], { env })
    expect(waited.stdout).toMatch(
      /^completed .*, the result of j-0\nresult is file .*\nNAME .*\nthumbs /
    )
  })

  test('logs say where all of a long one is', async () => {
    const { env, services } = await startWithHome()
    services.logView = buildLog({ entries: [entry('a')], log_file: LEFT })
    const { stderr, stdout } = await runInProcess(['job', 'logs', 'j-7'], { env })
    expect(stdout).toBe('a\n')
    expect(stderr).toContain(`the whole log is file ${LEFT.file} (2KiB); taskmesh files get`)
  })
})

describe('job wait', () => {
  test('waits for all over one stream; held counts as settled', async () => {
    const { env, services } = await startWithHome()
    services.jobsById.set(JOB, RUNNING)
    services.jobsById.set('j-9', buildJobView({ id: 'j-9', state: 'running' }))
    const run = runInProcess(['job', 'wait', 'j-7', 'j-9'], { env })
    await expect.poll(() => services.watcherCount).toBe(1)
    services.change(buildJobView())
    services.change(buildJobView({ id: 'j-9', state: 'held' }))
    const { code, stdout } = await run
    expect(code).toBe(4)
    expect(stdout).toMatch(/^completed {2}j-7m2k9x04tqhe .*\nheld {2}j-9 /)
  })

  test('--any is done with the first', async () => {
    const { env, services } = await startWithHome()
    services.jobsById.set(JOB, RUNNING)
    services.jobsById.set('j-9', buildJobView({ id: 'j-9', state: 'stopped' }))
    const { code, stderr } = await runInProcess(['job', 'wait', 'j-7', 'j-9', '--any'], { env })
    expect(code).toBe(5)
    expect(stderr).toContain(`${JOB} goes on`)
  })

  test('where no stream is to be had, it waits plainly', async () => {
    const { env, services } = await startWithHome()
    services.events.jobId = async () => Promise.reject(tooMany())
    services.jobsById.set(JOB, RUNNING)
    const run = runInProcess(['job', 'wait', 'j-7'], { env })
    await expect.poll(() => services.waiterCount).toBe(1)
    services.endWaits(buildJobView())
    expect((await run).code).toBe(0)
  })
})

describe('job watch', () => {
  test('a line per change until the named jobs have ended', async () => {
    const { env, services } = await startWithHome()
    services.jobsById.set(JOB, RUNNING)
    const run = runInProcess(['job', 'watch', 'j-7'], { env })
    await expect.poll(() => services.watcherCount).toBe(1)
    // How the job stands is read after the stream has begun.
    await expect.poll(() => services.calls.some(([name]) => name === 'describe')).toBe(true)
    services.emit(buildJobEvent({ counts: { ...RUNNING.counts, running: 2 } }))
    services.emit(buildJobEvent({ counts: { ...RUNNING.counts, running: 2 } }))
    services.change(buildJobView({ state: 'failed' }))
    const { code, stdout } = await run
    expect(code).toBe(3)
    expect(stdout.trimEnd().split('\n')).toHaveLength(3)
    expect(stdout).toMatch(/\+\S+ +j-7m2k9x04tqhe {2}failed +1 done {2}0 running/)
  })

  test('without an id: what has not ended, and what comes, until Ctrl-C', async () => {
    const { env, services } = await startWithHome()
    services.jobsById.clear()
    services.jobsById.set(JOB, RUNNING)
    const controller = new AbortController()
    const run = runInProcess(['job', 'watch', '--json'], { env, signal: controller.signal })
    await expect.poll(() => services.watcherCount).toBe(1)
    // What is listed at the start is not new: running, queued, pending, held.
    const lists = () => services.calls.filter(([name]) => name === 'list')
    await expect.poll(() => lists().length).toBe(4)
    const next = buildJobView({ id: 'j-new', state: 'queued' })
    services.jobsById.set('j-new', next)
    services.emit(buildJobEvent({ type: 'job:submitted', job_id: 'j-new', state: 'queued' }))
    await expect.poll(() => services.calls.some(([, id]) => id === 'j-new')).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 50))
    controller.abort(new Error('interrupted'))
    const { code, stdout } = await run
    expect(code).toBe(0)
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string })
    expect(rows.map(({ id }) => id)).toEqual([JOB, 'j-new'])
  })

  test('on a terminal it is a table with bars', async () => {
    const { env, services } = await startWithHome()
    services.jobsById.set(
      JOB,
      buildJobView({ item_count: 4, counts: { ...RUNNING.counts, completed: 2 } })
    )
    const { stdout } = await runInProcess(['job', 'watch', 'j-7', '--no-color'], {
      env,
      isTTY: true
    })
    expect(stdout).toContain('PROGRESS')
    expect(stdout).toContain('████████········')
  })
})

describe('job logs', () => {
  test('of a single task, cut to its last lines and one stream by the router', async () => {
    const { env, services } = await startWithHome()
    services.logView = buildLog({
      entries: [entry('a\nb\n'), entry('oh\n', { stream: 'err' }), entry('c')]
    })
    const logs = async (...words: string[]): Promise<string> =>
      (await runInProcess(['job', 'logs', 'j-7', ...words], { env })).stdout
    expect(await logs()).toBe('a\nb\noh\nc\n')
    expect(await logs('--tail', '2')).toBe('oh\nc\n')
    expect(await logs('--stderr')).toBe('oh\n')
    expect(await logs('--stdout', '--stderr')).toBe('a\nb\noh\nc\n')
    expect(JSON.parse(await logs('--json'))).toMatchObject([{ item: '0', entries: [{}, {}, {}] }])
    await logs('--item', 'a', '--attempt', '2')
    expect(services.calls.at(-1)).toEqual(['log', JOB, { item: 'a', attempt: 2 }])
  })

  test('of an array, each task that was tried, with its name', async () => {
    const { env, services } = await startWithHome()
    services.jobsById.set(JOB, buildJobView({ item_count: 3 }))
    services.itemViews = [
      buildItemView({ id: 'a' }),
      buildItemView({ id: 'b', index: 1, attempts: 0 }),
      buildItemView({ id: 'c', index: 2 })
    ]
    services.logView = buildLog({ entries: [entry('x\n')] })
    const { stdout } = await runInProcess(['job', 'logs', 'j-7'], { env })
    expect(stdout).toBe('a  x\nc  x\n')
    const follow = await runInProcess(['job', 'logs', 'j-7', '-f'], { env })
    expect(follow.stderr).toContain('has 3 tasks; follow one of them (--item)')
  })

  test('-f goes on until the end; half lines wait for their rest', async () => {
    const { env, services } = await startWithHome()
    services.logView = buildLog({ is_complete: false, entries: [entry('one\ntw')] })
    const run = runInProcess(['job', 'logs', 'j-7', '-f'], { env })
    await expect.poll(() => services.followerCount).toBe(1)
    services.writeLog(
      buildLog({ from: 1, is_complete: false, entries: [entry('o\n\u001b[2Jx\ty')] })
    )
    services.endLogs()
    expect((await run).stdout).toBe('one\ntwo\n·[2Jx\ty\n')
  })

  test('--timestamps and --since count from when the attempt began', async () => {
    const { env, services } = await startWithHome()
    const nowMs = systemClock.wallMs()
    services.attemptViews = [
      buildAttemptView({
        history: [{ at_ms: nowMs - 600_000, state: 'running', by: 'router', reason: 'RUNNING' }]
      })
    ]
    services.logView = buildLog({
      entries: [entry('early\n', { ms: 0 }), entry('late\n', { ms: 599_000 })]
    })
    const words = ['job', 'logs', 'j-7', '--timestamps', '--since', '5m']
    const { stdout } = await runInProcess(words, { env })
    expect(stdout).toBe(`${new Date(nowMs - 1_000).toISOString()}  late\n`)
  })

  test('nothing is said to be nothing', async () => {
    const { env, services } = await startWithHome()
    services.logView = buildLog({ entries: [] })
    const { stderr, stdout } = await runInProcess(['job', 'logs', 'j-7'], { env })
    expect([stdout, stderr]).toEqual(['', 'nothing was written\n'])
  })
})

function tooMany(): Error {
  return new MeshError('TOO_MANY_REQUESTS', 'full')
}
