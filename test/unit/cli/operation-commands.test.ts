/** Operating a mesh: workers in and out of service, the event stream, the job store. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { startWithHome } from '../../support/api-with-home.ts'
import { buildJobEvent, buildPeerEvent } from '../../support/fake-api-services.ts'
import { runInProcess } from '../../support/fake-terminal.ts'

const checkStore = vi.hoisted(() => vi.fn<(file: string) => object>())
vi.mock(import('../../../src/jobs/sqlite/check.ts'), () => ({ checkStore }) as never)

describe('availability', () => {
  test.each([
    ['cordon …GYkZzB --reason noise', { availability: 'cordoned', reason: 'noise' }, 'cordoned'],
    ['uncordon GYkZzB', { availability: 'open' }, 'ready'],
    [
      'drain GYkZzB --deadline 30m',
      { availability: 'draining', deadline_ms: 1_800_000 },
      'draining'
    ],
    ['drain GYkZzB --undo', { availability: 'open' }, 'ready']
  ])('node %s', async (line, request, state) => {
    const { env, services } = await startWithHome()
    const { code, stdout } = await runInProcess(['node', ...line.split(' ')], { env })
    expect({ code, stdout }).toEqual({ code: 0, stdout: `…GYkZzB ${state}, 1 task running\n` })
    expect(services.calls).toEqual([['setAvailability', 'GYkZzB', request]])
  })

  test('--json is the node, and the list shows its state', async () => {
    const { env } = await startWithHome()
    const json = await runInProcess(['node', 'cordon', 'GYkZzB', '--json'], { env })
    expect(JSON.parse(json.stdout)).toMatchObject({ state: 'cordoned' })
    expect((await runInProcess(['node', 'list'], { env })).stdout).toMatch(/…GYkZzB +cordoned/)
  })

  test('a worker that gets no work for a wrong result is shown as such, and asked for as such', async () => {
    const { env, services } = await startWithHome()
    services.nodeView.quarantined_until_ms = 1_800_000_000_000
    const list = ['node', 'list', '--state', 'quarantined', '--search', 'zone=']
    expect((await runInProcess(list, { env })).stdout).toMatch(/…GYkZzB +quarantined/)
    expect(services.calls).toEqual([['nodes', { state: 'quarantined', text: 'zone=' }]])
    const json = await runInProcess([...list, '--json'], { env })
    const told = { state: 'ready', quarantined_until_ms: 1_800_000_000_000 }
    expect(JSON.parse(json.stdout)).toMatchObject([told])
    const described = await runInProcess(['node', 'describe', 'GYkZzB'], { env })
    expect(described.stdout).toMatch(/state +ready, but quarantined until 2027-/)
  })

  test('--monitor tells how it empties, until nothing runs there', async () => {
    const { env, services } = await startWithHome()
    services.nodeView.running = 2
    const run = runInProcess(['node', 'drain', 'GYkZzB', '--monitor'], { env })
    await expect.poll(() => services.calls.length).toBe(1)
    services.nodeView.running = 1
    await expect.poll(() => services.calls.length, { timeout: 3_000 }).toBe(2)
    services.nodeView.running = 0
    const { code, stderr } = await run
    expect(code).toBe(0)
    expect(stderr).toContain('…GYkZzB draining, 1 task running\n')
    expect(stderr).toContain('…GYkZzB is empty\n')
  })
})

describe('security', () => {
  test('what peers did, most first, whom the router shuns, and what it is itself', async () => {
    const { env, services } = await startWithHome()
    const { code, stdout } = await runInProcess(['security'], { env })
    expect(code).toBe(0)
    expect(stdout).toMatch(/mesh +mesh-8Lwa/)
    expect(stdout).toMatch(/offences +excess 120, frame 7\n/)
    expect(stdout).toMatch(/refused connections +shunned 31, strangers 4\n/)
    expect(stdout).toMatch(/SHUNNED .*\n…GYkZzB +frame +\d{4}-/)
    expect(services.calls).toEqual([['security']])
  })

  test('an open mesh where nothing has happened, and --json as the API says it', async () => {
    const { env, services } = await startWithHome()
    const view = services.securityView
    const nobody = {
      certificate_until_ms: null,
      mesh_id: null,
      offences: {},
      shuns: 0,
      shunned: []
    }
    Object.assign(view, nobody)
    const { stdout } = await runInProcess(['security'], { env })
    expect(stdout).toMatch(/mesh +open: it takes anyone who reaches it\n/)
    expect(stdout).toMatch(/certificate +–\n/)
    expect(stdout).toMatch(/offences +none\n/)
    expect(stdout).not.toContain('SHUNNED')
    const json = await runInProcess(['security', '--json'], { env })
    expect(JSON.parse(json.stdout)).toEqual(view)
  })
})

describe('events', () => {
  test('one line each, as asked for, until Ctrl-C', async () => {
    const { env, services } = await startWithHome()
    services.emit(buildJobEvent())
    const controller = new AbortController()
    const line = 'events --job j-7 --after 1 --types job --types attempt'
    const run = runInProcess(line.split(' '), { env, signal: controller.signal })
    await expect.poll(() => services.watcherCount).toBe(1)
    services.emit(buildJobEvent({ reason: 'ACCEPTED' }))
    services.emit(
      buildJobEvent({
        type: 'attempt:progress',
        item: 'a',
        attempt: 1,
        state: 'running',
        progress: { ratio: 0.4, text: 'page \u001b]4' }
      })
    )
    await new Promise((resolve) => setTimeout(resolve, 100))
    controller.abort(new Error('interrupted'))
    const { code, stdout } = await run
    expect(code).toBe(0)
    const [changed, progress] = stdout.split('\n')
    expect(changed).toMatch(
      / {2}2 {2}job:changed {8}j-7m2k9x04tqhe running \(3 queued, 2 running, 5 completed\) ACCEPTED$/
    )
    expect(progress).toMatch(/j-7m2k9x04tqhe item a attempt 1 running .*40% page ·\]4$/)
  })

  test('--json is one object each', async () => {
    const { env, services } = await startWithHome()
    services.emit(buildPeerEvent())
    const controller = new AbortController()
    const run = runInProcess(['events', '--after', '0', '--json'], {
      env,
      signal: controller.signal
    })
    await expect.poll(() => services.watcherCount).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 100))
    controller.abort(new Error('interrupted'))
    expect(JSON.parse((await run).stdout)).toMatchObject({ number: 1, type: 'peer:connected' })
  })

  test('a type that is none is refused', async () => {
    const { env } = await startWithHome()
    const { stderr } = await runInProcess(['events', '--types', 'jbo'], { env })
    expect(stderr).toContain('there are no events of type "jbo" (types); did you mean "job"?')
  })
})

function homeWith(...names: string[]): string {
  const home = mkdtempSync(join(tmpdir(), 'taskmesh-store-'))
  onTestFinished(() => rmSync(home, { recursive: true }))
  for (const name of names) {
    mkdirSync(join(home, name))
    writeFileSync(join(home, name, 'jobs.db'), '')
  }
  return home
}

describe('the job store', () => {
  const SOUND = { bytes: 2_048, jobs: 3, byState: { completed: 3 }, problems: [], problemCount: 0 }

  test('router check-store finds the one under the home', async () => {
    checkStore.mockImplementation((file) => ({ file, ...SOUND }))
    const home = homeWith('router')
    const { code, stdout } = await runInProcess(['router', 'check-store', '--home', home])
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /file +.*router.jobs\.db\nsize +2KiB\njobs +3, 3 completed\nstore +sound\n/
    )
  })

  test('problems are listed, and exit 1', async () => {
    const problems = ['page 7 is torn', 'job j-1 has no document']
    checkStore.mockImplementation((file) => ({ file, ...SOUND, problems, problemCount: 9 }))
    const file = join(homeWith('copy'), 'copy', 'jobs.db')
    const { code, stdout } = await runInProcess(['router', 'check-store', file])
    expect(code).toBe(1)
    expect(stdout).toMatch(
      /store +9 problems\n +page 7 is torn\n +job j-1 has no document\n +… 7 more\n/
    )
    const json = await runInProcess(['router', 'check-store', file, '--json'])
    expect(JSON.parse(json.stdout)).toMatchObject({ problems })
  })

  test.each([
    [[], 'FILE_NOT_FOUND: no router has a job store under'],
    [['a', 'b'], 'CONFIG_INVALID: 2 routers have a job store here']
  ])('with stores %j it is told', async (names, expected) => {
    const home = homeWith(...names)
    const { stderr } = await runInProcess(['router', 'check-store', '--home', home])
    expect(stderr).toContain(expected)
  })

  test('router backup', async () => {
    const { env, services } = await startWithHome()
    const { stdout } = await runInProcess(['router', 'backup', '/mnt/jobs.db'], { env })
    expect(stdout).toBe('wrote /mnt/jobs.db (1MiB)\n')
    expect(services.calls).toEqual([['backup', '/mnt/jobs.db']])
  })

  test.each([
    ['router --htp 1', '--htp is not a flag of taskmesh router start; did you mean --http?'],
    ['router bakup', 'there is no command "router bakup"; did you mean taskmesh router backup?'],
    ['router start extra', 'taskmesh router start takes no "extra"']
  ])('taskmesh %s', async (line, expected) => {
    expect((await runInProcess(line.split(' '))).stderr).toContain(expected)
  })
})
