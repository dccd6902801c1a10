/** The tour that README takes by hand: each node a process, every command a process. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sleep } from '../../src/core/abort.ts'
import { systemClock } from '../../src/core/clock.ts'
import { startTaskmesh, taskmesh, temporaryHome } from '../support/spawn-taskmesh.ts'
import type { ReadyReport } from '../../src/roles/role.ts'
import type { RunningTaskmesh } from '../support/running-taskmesh.ts'

interface Tour {
  env: Record<string, string>
  bootstrap: ReadyReport
  worker: ReadyReport
  workerProcess: RunningTaskmesh
  /** Runs a command, expects it to succeed, parses what it printed. */
  json: (...words: string[]) => Promise<unknown>
}

async function startTour(): Promise<Tour> {
  const env = {
    TASKMESH_HOME: temporaryHome(),
    TASKMESH_NAMESPACE: 'demo',
    TASKMESH_LOG_LEVEL: 'warn'
  }
  const listen = ['--listen', '/ip4/127.0.0.1/tcp/0']
  const bootstrap = await startTaskmesh(['bootstrap', '--json', ...listen], { env }).report()
  const way = ['--json', '--bootstrap', bootstrap.addresses[0] ?? '']
  const workerProcess = startTaskmesh(
    ['worker', 'start', ...way, '--label', 'zone=home', '--slots', '2'],
    { env }
  )
  const router = startTaskmesh(['router', ...way, '--http', '127.0.0.1:0'], { env })
  const [worker] = await Promise.all([workerProcess.report(), router.report()])
  const json: Tour['json'] = async (...words) => {
    const { code, stderr, stdout } = await taskmesh(words, { env: { ...env, TASKMESH_JSON: '1' } })
    if (code !== 0) throw new Error(`${words.join(' ')} exited ${code}: ${stderr}`)
    return JSON.parse(stdout)
  }
  const untilMs = systemClock.monotonicMs() + 20_000
  while (systemClock.monotonicMs() < untilMs) {
    const nodes = (await json('node', 'list')) as { state: string }[]
    if (nodes.some(({ state }) => state === 'ready')) break
    await sleep(systemClock, 100)
  }
  return { env, bootstrap, worker, workerProcess, json }
}

test('every command of the tour', async () => {
  const { bootstrap, env, json, worker } = await startTour()
  expect(bootstrap).toMatchObject({ role: 'bootstrap', namespace: 'demo' })
  expect(bootstrap.addresses[0]).toMatch(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3KooW/)
  expect(worker).toMatchObject({
    role: 'worker',
    slots: 2,
    engines: ['builtin', 'javascript', 'storage', 'wasm']
  })

  expect(await json('node', 'list')).toMatchObject([
    { peer_id: worker.peer_id, state: 'ready', labels: { zone: 'home' }, slots: 2 }
  ])
  expect(await json('node', 'describe', worker.peer_id.slice(-6))).toMatchObject({
    peer_id: worker.peer_id
  })
  expect(await json('job', 'run', 'examples/hello.json')).toMatchObject({
    state: 'completed',
    result: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'
  })
  const squares = (await json('job', 'run', 'examples/squares.json')) as { id: string }
  expect(squares).toMatchObject({
    state: 'completed',
    items: [
      { id: 'two', state: 'completed', result: 4 },
      { id: 'three', result: 9 },
      { id: 'four', result: 16 },
      { id: 'five', result: 25 }
    ]
  })
  const source = 'examples/word-count/word-count.js'
  expect(
    await json('run', 'javascript', source, '--input', 'text=the cat and the dog')
  ).toMatchObject({
    result: { total: 5, words: { the: 2, cat: 1, and: 1, dog: 1 } }
  })
  const program = ['test/fixtures/wasm/probe.wasm', '--stdin', 'hi', '--env', 'A=b']
  expect(await json('run', 'wasm', ...program, '--', 'echo', '-a')).toMatchObject({
    result: { exit_code: 0, stdout: 'arg -a\nenv A=b\nhi' }
  })
  expect(await json('job', 'plan', 'examples/squares.json')).toMatchObject({ outcome: 'can_start' })
  const decision = await json('job', 'explain', squares.id, '--item', 'three')
  expect(decision).toMatchObject({
    chosen: worker.peer_id,
    candidates: [
      {
        peer_id: worker.peer_id,
        verdict: 'chosen',
        terms: { reputation: { weight: expect.any(Number) } }
      }
    ]
  })
  expect(await json('reputation', 'show')).toMatchObject([{ peer_id: worker.peer_id, failures: 0 }])
  expect(await json('job', 'list')).toHaveLength(4)
  expect(await json('peers')).toEqual(
    expect.arrayContaining([expect.objectContaining({ peer_id: bootstrap.peer_id })])
  )
  const people = await taskmesh(['job', 'explain', squares.id, '--item', 'three'], { env })
  expect(people.stdout).toContain('was chosen: picked among 1')
})

test('the example with files: read by tasks, left by them, fetched by name and by first digits', async () => {
  const { env, json } = await startTour()
  const graph = (await json('job', 'run', 'examples/word-files/job.json')) as { id: string }[]
  expect(graph).toMatchObject([
    { state: 'completed', item_count: 3 },
    { state: 'completed', result: { the: 16, wind: 4, and: 3 }, outputs: [{ name: 'table' }] }
  ])
  const [count = { id: '' }, total = { id: '' }] = graph
  const table = await taskmesh(['job', 'get', total.id, 'table', '-o', '-', '-q'], { env })
  expect(table).toMatchObject({ code: 0, stderr: '' })
  expect(table.stdout).toMatch(/^the,16\nwind,4\nand,3\n/)
  const several = await taskmesh(['job', 'get', count.id, '-o', '-'], { env })
  expect(several).toMatchObject({ code: 1, stdout: '' })
  expect(several.stderr).toContain('stdout takes one file, and these are 3')

  const files = (await json('files', 'ls', '--name', 'sea.txt')) as { id: string }[]
  const digits = files[0]?.id.replace('sha256:', '').slice(0, 12) ?? ''
  const names = [digits, `mesh:${files[0]?.id}`]
  const texts = names.map((name) => taskmesh(['files', 'get', name, '-o', '-', '-q'], { env }))
  const text = readFileSync('examples/word-files/texts/sea.txt', 'utf8')
  expect((await Promise.all(texts)).map(({ stdout }) => stdout)).toEqual([text, text])
})

test('a visitor sends commands by address, through the DHT and by a short name, and watches', async () => {
  const { bootstrap, env, json, worker, workerProcess } = await startTour()
  const address = bootstrap.addresses[0] ?? ''
  expect(await json('command', worker.addresses[0] ?? '', 'GET_CAPABILITIES')).toMatchObject({
    command: 'GET_CAPABILITIES',
    from: worker.peer_id,
    status: 'success',
    result: { slots: 2, labels: { zone: 'home' } }
  })
  expect(
    await json('command', worker.peer_id, 'GET_CAPABILITIES', '--bootstrap', address)
  ).toMatchObject({
    from: worker.peer_id
  })
  expect(await json('command', worker.peer_id.slice(-6), 'LIST_FILES')).toMatchObject({
    status: 'success'
  })
  const unknown = await taskmesh(['command', worker.addresses[0] ?? '', 'GET_CAPABILITY'], { env })
  expect(unknown.code).toBe(1)
  expect(JSON.parse(unknown.stdout)).toMatchObject({ error_detail: { code: 'COMMAND_UNKNOWN' } })

  const watch = startTaskmesh(['peers', '--watch'], { env })
  await watch.until(() => watch.stdout.includes(worker.peer_id.slice(-6)), 'worker in the watch')
  workerProcess.process.kill('SIGKILL')
  await watch.until(() => watch.stdout.includes('disconnected'), 'disconnect in the watch')
  watch.process.kill('SIGINT')
  expect(await watch.ended()).toBe(0)
})

test('dial says who answers at an address, and how', async () => {
  const env = { TASKMESH_HOME: temporaryHome() }
  const listen = ['--listen', '/ip4/127.0.0.1/tcp/0']
  const bootstrap = await startTaskmesh(['bootstrap', '--json', ...listen], { env }).report()
  const address = bootstrap.addresses[0]?.replace(/\/p2p\/.*$/, '') ?? ''
  const { code, stderr, stdout } = await taskmesh(['dial', address, '--json'], { env })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(JSON.parse(stdout)).toMatchObject({
    peer_id: bootstrap.peer_id,
    agent: expect.stringMatching(/^taskmesh\//),
    protocols: expect.arrayContaining(['/taskmesh/command/1.0.0'])
  })
  const nobody = await taskmesh(['dial', '/ip4/127.0.0.1/tcp/1'], { env })
  expect(nobody.code).toBe(1)
  expect(nobody.stderr).toContain('error PEER_UNREACHABLE')
})

test('the exit code of a job run tells how it ended', async () => {
  const { env, json } = await startTour()
  const folder = env['TASKMESH_HOME'] ?? ''
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const broken = write('broken.js', "function main () { throw new Error('no luck') }")
  const failed = await taskmesh(['run', 'javascript', broken], { env })
  expect(failed).toMatchObject({ code: 3, stdout: '' })
  expect(failed.stderr).toContain('error TASK_FAILED: Error: no luck')

  const endless = write('endless.js', 'function main () { for (;;); }')
  expect((await taskmesh(['run', 'javascript', endless, '--timeout', '500ms'], { env })).code).toBe(
    124
  )

  const placed = ['run', 'builtin', 'noop', '--require', 'zone = mars']
  const file = write(
    'nowhere.json',
    '{"task":{"engine":"builtin","name":"noop"},"where":{"require":["zone = mars"]},"timeouts":{"queue":"500ms"}}'
  )
  expect((await taskmesh(['job', 'run', file], { env })).code).toBe(2)
  expect((await taskmesh(['job', 'plan', file], { env })).code).toBe(1)

  const waiting = startTaskmesh(placed, { env })
  await waiting.until(() => waiting.stderr.includes('waiting:'), 'reason of the wait')
  expect(waiting.stderr).toMatch(/lacks? label zone = mars/)
  waiting.process.kill('SIGINT')
  expect(await waiting.ended()).toBe(130)
  const [job] = (await json('job', 'list', '--state', 'queued')) as { id: string }[]
  expect(job).toBeDefined()
  const stopped = startTaskmesh(['job', 'wait', job?.id ?? ''], { env })
  await json('job', 'stop', job?.id ?? '', '--reason', 'no mars')
  expect(await stopped.ended()).toBe(5)
})

test('nodes say what is wrong and stop when they are told', async () => {
  const env = { TASKMESH_HOME: temporaryHome() }
  const first = startTaskmesh(['bootstrap', '--listen', '/ip4/127.0.0.1/tcp/0', '--name', 'one'], {
    env
  })
  await first.until(() => first.stdout.includes('\n'), 'ready line')
  expect(first.stdout).toMatch(
    /^bootstrap 12D3KooW\w+ ready at \/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3KooW\w+ pid \d+\n$/
  )
  const port = /\/tcp\/(\d+)/.exec(first.stdout)?.[1]
  const second = await taskmesh(['bootstrap', '--listen', `/ip4/127.0.0.1/tcp/${port}`, '-q'], {
    env
  })
  expect(second).toMatchObject({ code: 1, stdout: '' })
  expect(second.stderr).toContain('error ADDRESS_IN_USE')
  const third = await taskmesh(
    ['bootstrap', '--listen', '/ip4/127.0.0.1/tcp/0', '--name', 'one', '-q'],
    { env }
  )
  expect(third.stderr).toContain('error NODE_ALREADY_RUNNING')
  expect(await first.stop()).toBe(0)
})

test('a pipe that closes early is nobody’s fault', async () => {
  const child = startTaskmesh(['--help'])
  child.process.stdout?.destroy()
  expect(await child.ended()).toBe(0)
  expect(child.stderr).toBe('')
})
