/** Commands that ask a router, against a real API server with fakes behind it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { MeshError } from '../../../src/core/errors.ts'
import {
  buildItemView,
  buildJobEvent,
  buildJobView,
  exampleOf
} from '../../support/fake-api-services.ts'
import { runInProcess } from '../../support/fake-terminal.ts'
import { TOKEN, startApi } from '../../support/start-api.ts'
import type { RunningApi } from '../../support/start-api.ts'

const NOOP = '{"task":{"engine":"builtin","name":"noop"}}'
const ARRAY = '{"task":{"engine":"builtin","name":"noop"},"each":[{"id":"a"},{"id":"b"}]}'

/** A home as a running router leaves it. */
function homeOf(...entries: { url: string; token?: string; pid?: number }[]): string {
  const home = mkdtempSync(join(tmpdir(), 'taskmesh-home-'))
  onTestFinished(() => rmSync(home, { recursive: true }))
  entries.forEach(({ url, token = TOKEN, pid = process.pid }, index) => {
    mkdirSync(join(home, `router-${index}`))
    writeFileSync(join(home, `router-${index}`, 'api.json'), JSON.stringify({ url, token, pid }))
  })
  return home
}

async function startWithHome(): Promise<RunningApi & { env: Record<string, string> }> {
  const api = await startApi()
  return { ...api, env: { TASKMESH_HOME: homeOf(api) } }
}

describe('which router', () => {
  test('the one that lives under the home, with its token', async () => {
    const { env } = await startWithHome()
    expect(await runInProcess(['job', 'list', '--json'], { env })).toMatchObject({ code: 0 })
  })

  test('a dead one is no router', async () => {
    const { url } = await startApi()
    const env = { TASKMESH_HOME: homeOf({ url: 'http://127.0.0.1:9', pid: 2 ** 30 }, { url }) }
    expect((await runInProcess(['job', 'list'], { env })).code).toBe(0)
  })

  test('several have to be told apart', async () => {
    const { url } = await startApi()
    const home = homeOf({ url }, { url: 'http://127.0.0.1:9' })
    const { stderr } = await runInProcess(['node', 'list', '--home', home])
    expect(stderr).toContain(
      'error CONFIG_INVALID: 2 routers run here (--api); choose one: --api http'
    )
    expect((await runInProcess(['node', 'list', '--home', home, '--api', url])).code).toBe(0)
  })

  test('by address and token from the environment', async () => {
    const { url } = await startApi()
    const env = { TASKMESH_API: url.replace('http://', ''), TASKMESH_TOKEN: TOKEN }
    expect((await runInProcess(['peers'], { env })).code).toBe(0)
    expect((await runInProcess(['peers'], { env: { TASKMESH_API: url } })).stderr).toContain(
      'UNAUTHORISED'
    )
  })

  test('none at all is said in one line', async () => {
    const { code, stderr } = await runInProcess(['peers', '--api', 'http://127.0.0.1:9'])
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^error API_UNREACHABLE: no router answers at .*; is a router running\?.*\n$/
    )
  })
})

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

  test('progress of an array goes to stderr', async () => {
    const { env, services } = await startWithHome()
    const id = 'j-7m2k9x04tqhe'
    const counts = { queued: 0, running: 2, completed: 0, failed: 0, stopped: 0 }
    services.jobs.submit = async () => buildJobView({ id, state: 'queued', item_count: 2 })
    services.jobsById.set(id, buildJobView({ id, state: 'running', item_count: 2, counts }))
    const run = runInProcess(['job', 'run', '-'], { env, stdin: ARRAY })
    await expect.poll(() => services.watcherCount).toBe(1)
    const done = { ...counts, running: 0, completed: 2 }
    services.jobsById.set(id, buildJobView({ id, item_count: 2, counts: done }))
    services.emitJob(buildJobEvent({ job_id: id, state: 'completed', counts: done }))
    const { code, stderr, stdout } = await run
    expect(code).toBe(0)
    expect(stderr).toContain('squares  2/2\n')
    expect(stdout).toContain('ITEM')
  })
})

describe('looking', () => {
  test.each([
    [['job', 'list', '--json'], 'id'],
    [['node', 'list', '--json'], 'peer_id'],
    [['reputation', 'show', '--json'], 'peer_id'],
    [['peers', '--json'], 'peer_id'],
    [['job', 'items', 'j-7', '--json'], 'state'],
    [['job', 'attempts', 'j-7', '--json'], 'worker']
  ])('%j prints an array whose rows have %s', async (words, key) => {
    const { env } = await startWithHome()
    const { code, stdout } = await runInProcess(words, { env })
    const rows = JSON.parse(stdout) as object[]
    expect(code).toBe(0)
    expect(rows[0]).toHaveProperty(key)
  })

  test('job explain prints the decision record', async () => {
    const { env, services } = await startWithHome()
    const { stdout } = await runInProcess(['job', 'explain', 'j-7', '--attempt', '2', '--json'], {
      env
    })
    expect(JSON.parse(stdout)).toEqual(exampleOf('decision'))
    expect(services.calls.at(-1)).toEqual(['explain', 'j-7', { attempt: 2 }])
  })

  test('job explain of a job that waits says what for', async () => {
    const { env, services } = await startWithHome()
    const waiting = buildJobView({
      state: 'queued',
      attempts: 0,
      waiting_for: 'no worker is known'
    })
    services.jobsById.set(waiting.id, waiting)
    services.failure = new MeshError('NOT_FOUND', 'there is no such attempt')
    const { stderr } = await runInProcess(['job', 'explain', 'j-7'], { env })
    expect(stderr).toContain('was sent to a worker (it is queued); no worker is known')
  })

  test('job plan exits 1 when nothing fits', async () => {
    const { env } = await startWithHome()
    const { code, stdout } = await runInProcess(['job', 'plan', '-'], { env, stdin: NOOP })
    expect(code).toBe(1)
    expect(stdout).toContain('no worker fits: no worker is known in this namespace')
  })

  test("the router's errors come through as they are", async () => {
    const { env, services } = await startWithHome()
    services.failure = new MeshError('ID_AMBIGUOUS', '"j" begins more than one', {
      hint: 'more letters'
    })
    const { stderr } = await runInProcess(['job', 'describe', 'j'], { env })
    expect(stderr).toBe('error ID_AMBIGUOUS: "j" begins more than one; more letters\n')
  })

  test('an id is found by what a table shows of it', async () => {
    const { env, services } = await startWithHome()
    await runInProcess(['node', 'describe', '…GYkZzB'], { env })
    expect(services.calls.at(-1)).toEqual(['node', 'GYkZzB'])
  })

  test('peers --watch prints a line per change until Ctrl-C', async () => {
    const { env, services } = await startWithHome()
    const controller = new AbortController()
    const run = runInProcess(['peers', '--watch'], { env, signal: controller.signal })
    await expect.poll(() => services.watcherCount).toBe(1)
    services.emitPeer({ ...exampleOf('api/peer-event'), event: 'disconnected' })
    await expect.poll(() => services.calls.length).toBeGreaterThan(1)
    controller.abort(new Error('interrupted'))
    const { code, stdout } = await run
    expect(code).toBe(0)
    expect(stdout.split('\n')[0]).toMatch(/^\d\d:\d\d:\d\d {2}connected {5}…GYkZzB {2}\/ip4/)
  })
})
