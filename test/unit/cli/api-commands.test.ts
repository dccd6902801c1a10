/** Commands that ask a router, against a real API server with fakes behind it. */
import { describe, expect, test } from 'vitest'
import { MeshError } from '../../../src/core/errors.ts'
import { homeOf, startWithHome } from '../../support/api-with-home.ts'
import { buildPeerEvent, buildJobView, exampleOf } from '../../support/fake-api-services.ts'
import { runInProcess } from '../../support/fake-terminal.ts'
import { TOKEN, startApi } from '../../support/start-api.ts'

const NOOP = '{"task":{"engine":"builtin","name":"noop"}}'

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

  test('job plan says once who can start it', async () => {
    const { env, services } = await startWithHome()
    services.planView = {
      ...services.planView,
      outcome: 'can_start',
      summary: '1 can start it now'
    }
    const { code, stdout } = await runInProcess(['job', 'plan', '-'], { env, stdin: NOOP })
    expect([code, stdout.split('\n')[0]]).toEqual([0, '1 can start it now'])
  })

  test('node describe has a table of its engines', async () => {
    const { env, services } = await startWithHome()
    services.nodeView = {
      ...services.nodeView,
      engines: ['builtin', 'function', 'process'],
      functions: ['crop', 'resize'],
      programs: ['/usr/bin/sort', '/usr/bin/wc'],
      isolation: { builtin: 'none', process: 'sandbox' },
      enforces: { builtin: [], process: ['cpu', 'memory'] },
      network: ['process']
    }
    const { stdout } = await runInProcess(['node', 'describe', 'GYkZzB'], { env })
    expect(stdout).toMatch(
      /engines +engine +isolation +holds +network\n +builtin +none +none +none\n +function +– +– +none\n +process +sandbox +cpu memory +if asked for\n/
    )
    expect(stdout).toMatch(/functions +crop resize\n/)
    expect(stdout).toMatch(/programs +\/usr\/bin\/sort \/usr\/bin\/wc\n/)
    expect(stdout).not.toContain('images')
    const { stdout: list } = await runInProcess(['node', 'list', '-o', 'wide'], { env })
    expect(list).toMatch(/ENGINES +ISOLATION +NETWORK +OFFERS/)
    expect(list).toMatch(/builtin none, process sandbox +process +crop resize \/usr\/bin\/sort/)
    expect(stdout).toMatch(/memory +\S+iB of \S+iB free\n/)
  })

  test('node describe of a worker that says nothing of its engines shows that', async () => {
    const { env, services } = await startWithHome()
    const {
      enforces: _enforces,
      isolation: _isolation,
      network: _network,
      ...old
    } = services.nodeView
    services.nodeView = { ...old, engines: ['wasm'] }
    const { stdout } = await runInProcess(['node', 'describe', 'GYkZzB'], { env })
    expect(stdout).toMatch(/\n +wasm +– +– +–\n/)
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
    services.emit(buildPeerEvent({ type: 'peer:disconnected' }))
    await expect.poll(() => services.calls.length).toBeGreaterThan(1)
    controller.abort(new Error('interrupted'))
    const { code, stdout } = await run
    expect(code).toBe(0)
    expect(stdout.split('\n')[0]).toMatch(/^\d\d:\d\d:\d\d {2}connected {5}…GYkZzB {2}\/ip4/)
  })
})
