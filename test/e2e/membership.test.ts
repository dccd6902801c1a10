/** A mesh that takes nobody but its members, typed by hand on several machines: each has a home of its own. */
import { expect, test } from 'vitest'
import { join } from 'node:path'
import { runInProcess } from '../support/fake-terminal.ts'
import { startTaskmesh, taskmesh, temporaryHome } from '../support/spawn-taskmesh.ts'
import { until } from '../support/until.ts'
import { writeFileSync } from 'node:fs'
import type { ReadyReport } from '../../src/roles/role.ts'
import type { RunningTaskmesh } from '../support/running-taskmesh.ts'

const LISTEN = ['--listen', '/ip4/127.0.0.1/tcp/0']

interface MemberRow {
  peer_id: string
  state: string
  labels: Record<string, string>
  reason?: string
}

/** A machine: whatever is typed there has its home. */
class Machine {
  readonly home: string = temporaryHome()
  readonly #env = { TASKMESH_HOME: this.home }

  /** A command that ends by itself, in this process: the nodes are the ones that matter here. */
  async type(...words: string[]): Promise<string> {
    const { code, stderr, stdout } = await runInProcess(words, { env: this.#env })
    if (code !== 0) throw new Error(`${words.join(' ')} exited ${code}: ${stderr}`)
    return stdout
  }

  /** A node that may not come up. */
  async tries(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    return await taskmesh(words, { env: this.#env })
  }

  start(...words: string[]): RunningTaskmesh {
    return startTaskmesh([...words, '--json'], { env: this.#env })
  }

  /** A text that must not stand on a command line. */
  keep(name: string, text: string): string {
    const file = join(this.home, `${name}.token`)
    writeFileSync(file, text, { mode: 0o600 })
    return `@${file}`
  }

  async rows<Row>(...words: string[]): Promise<Row[]> {
    return JSON.parse(await this.type(...words, '--json')) as Row[]
  }
}

test('one command of a home listens at a time; one that was killed is in nobody’s way', async () => {
  const [first, laptop] = [new Machine(), new Machine()]
  await first.type('init')
  await first.start('bootstrap', ...LISTEN).report()
  const token = await first.type('token', 'create', '--role', 'client', '--namespace', 'mine')
  await laptop.type('join', laptop.keep('client', token))
  const inbox = laptop.start('inbox')
  await inbox.until(() => inbox.stderr.includes('peer_id'), 'the inbox')
  for (const words of [['inbox'], ['topic', 'subscribe', 'builds'], ['chat']]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const { code, stderr } = await laptop.tries(...words, '--json')
    expect(code).toBe(1)
    expect(JSON.parse(stderr)).toMatchObject({
      code: 'NODE_ALREADY_RUNNING',
      path: '--home',
      hint: expect.stringContaining('taskmesh join @TOKEN --home DIR')
    })
  }
  inbox.process.kill('SIGKILL')
  await inbox.until(() => inbox.hasEnded, 'the end of the inbox')
  const next = laptop.start('topic', 'subscribe', 'builds')
  await next.until(() => next.stderr.includes('listening'), 'the listener')
})

test('init, a token, and a worker that is let in, approved, banned and pardoned', async () => {
  const [first, second, laptop] = [new Machine(), new Machine(), new Machine()]
  await first.type('init')
  const bootstrap = await first.start('bootstrap', ...LISTEN).report()
  const routerToken = await first.type('token', 'create', '--role', 'router', '--namespace', 'mine')
  const router = laptop.start(
    'router',
    '--join',
    laptop.keep('router', routerToken),
    '--http',
    '127.0.0.1:0'
  )
  const words = ['token', 'create', '--role', 'worker', '--approve', '--namespace', 'mine']
  const given = second.keep('token', await first.type(...words))
  const worker = second.start('worker', '--join', given)
  await worker.until(() => worker.stderr.includes('waiting for approval'), 'word of the approval')
  const command = /taskmesh node approve (12D3\w+)/.exec(worker.stderr)?.[1] ?? ''

  // A token that is used up lets in nobody else, and its text is nowhere to be read.
  const third = new Machine()
  const refusal = third.tries('worker', '--join', given)
  await router.report()

  // As the worker itself says what to type.
  const pending = await first.rows<MemberRow>('node', 'list', '--pending')
  expect(pending).toMatchObject([{ peer_id: command, state: 'pending' }])
  await first.type('node', 'approve', command.slice(-6), '--label', 'zone=berlin')
  const { peer_id: peer } = await worker.report()
  const found = await ready(laptop, peer)
  expect(found.labels).toMatchObject({ zone: 'berlin' })

  const refused = await refusal
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain('TOKEN_USED_UP')
  expect(`${refused.stderr}${worker.stderr}`).not.toContain('tmjoin_')

  // An operator elsewhere decides, by a token of that role.
  const operator = new Machine()
  const right = await first.type('token', 'create', '--role', 'operator')
  await operator.type('join', operator.keep('token', right))
  await operator.type('node', 'ban', peer.slice(-6), '-m', 'stolen')
  await until(
    'no worker',
    () => laptop.rows('node', 'list'),
    (rows) => rows.length === 0
  )
  const members = await first.rows<MemberRow>('node', 'list', '--members')
  const banned = members.find(({ peer_id: id }) => id === peer)
  expect(banned).toMatchObject({ state: 'banned', reason: 'stolen' })
  expect(bootstrap.peer_id).not.toBe(peer)
  await operator.type('node', 'pardon', peer)
  expect((await operator.tries('token', 'create', '--role', 'worker')).stderr).toContain('may sign')

  // What the authority has said itself is not for others to take back, and whoever tries is told so.
  await first.type('node', 'ban', peer)
  const inVain = await operator.tries('node', 'pardon', peer)
  expect(inVain.stderr).toContain('COMMAND_FORBIDDEN')
  expect(inVain.stdout).not.toContain('pardoned')
  await first.type('node', 'pardon', peer)
  const after = await first.rows<MemberRow>('node', 'list', '--members')
  expect(after.find(({ peer_id: id }) => id === peer)).toMatchObject({ state: 'admitted' })

  // What the worker has kept is all that it needs.
  expect(await worker.stop()).toBe(0)
  const again = second.start('worker')
  expect((await again.report()).peer_id).toBe(peer)
})

test('a bootstrap that was given its certificate lets others in while the authority is away', async () => {
  const [safe, server, worker] = [new Machine(), new Machine(), new Machine()]
  await safe.type('init')
  const [listen = '', address = ''] = LISTEN
  const unknown = await server.tries('bootstrap', listen, address.replace('127.0.0.1', '0.0.0.0'))
  expect(unknown.stderr).toContain('CONFIG_INVALID')
  const peer = /this node is (12D3\w+)/.exec(unknown.stderr)?.[1] ?? ''
  const given = await safe.type('token', 'create', '--role', 'bootstrap', '--peer', peer)
  const running = server.start('bootstrap', ...LISTEN, '--join', server.keep('token', given))
  expect((await running.report()).peer_id).toBe(peer)
  const token = worker.keep('token', await server.type('token', 'create', '--role', 'worker'))
  const { peer_id: member }: ReadyReport = await worker.start('worker', '--join', token).report()

  // The ban is kept beside the key, and reaches the mesh by the next visit.
  const ban = await safe.type('node', 'ban', member, '-m', 'late')
  expect(ban).toContain('no node can be reached')
  const way = (await running.report()).addresses[0] ?? ''
  const rows = await until(
    'the ban',
    () => safe.rows<MemberRow>('node', 'list', '--members', '--bootstrap', way),
    ([one]) => one?.state === 'banned'
  )
  expect(rows).toMatchObject([{ peer_id: member, reason: 'late' }])
})

async function ready(machine: Machine, peer: string): Promise<{ labels: Record<string, string> }> {
  const seen = await until(
    'a worker that is ready',
    () =>
      machine.rows<{ peer_id: string; state: string; labels: Record<string, string> }>(
        'node',
        'list'
      ),
    (rows) => rows.some(({ peer_id: id, state }) => id === peer && state === 'ready')
  )
  return seen.find(({ peer_id: id }) => id === peer) ?? { labels: {} }
}
