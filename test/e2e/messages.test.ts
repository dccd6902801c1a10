/** People and programs that talk, each a process of its own, with a bootstrap between them that wants none of it. */
import { expect, test } from 'vitest'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { BareNodes } from '../support/bare-mesh-node.ts'
import { openTopic } from '../../src/protocol/ids.ts'
import { runInProcess } from '../support/fake-terminal.ts'
import { startTaskmesh, temporaryHome } from '../support/spawn-taskmesh.ts'
import { until } from '../support/until.ts'
import type { CliRun } from '../support/fake-terminal.ts'

const LISTEN = ['--listen', '/ip4/127.0.0.1/tcp/0']
const HTTP = ['--http', '127.0.0.1:0']
const RECIPE = fileURLToPath(
  new URL('../../examples/recipes/word-lengths.recipe.json', import.meta.url)
)

interface Said {
  from: string
  number: number
  body: unknown
}

function linesOf<T>(text: string): T[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T)
}

test('topics, messages and a chat go through a bootstrap; a wrong signature gets nowhere', async () => {
  const home = temporaryHome()
  const env = { TASKMESH_HOME: home }
  const bootstrap = await startTaskmesh(['bootstrap', ...LISTEN, '--json'], { env }).report()
  const type = (...words: string[]): Promise<CliRun> => runInProcess(words, { env })

  const alone = await type('topic', 'publish', 'builds', 'hello', '--wait', '100ms')
  expect(alone.code).toBe(1)
  expect(alone.stderr).toContain('NOBODY_LISTENS')

  const listener = startTaskmesh(['topic', 'subscribe', 'builds', '--json'], { env })
  await listener.until(() => listener.stderr.includes('listening'), 'the listener')
  const first = await type('topic', 'publish', 'builds', 'first', '--wait', '60s', '--json')
  expect(JSON.parse(first.stdout)).toMatchObject({ number: 1, peers: [bootstrap.peer_id] })

  // It goes out as it should, but for one bit of what was signed.
  const liars = new BareNodes()
  const { node } = await liars.add()
  await node.dial(bootstrap.addresses[0] ?? '')
  const topic = openTopic('default', 'builds')
  const { pubsub } = node.libp2p.services
  await until(
    'word of the subscription',
    () => pubsub.getSubscribers(topic).length,
    (count) => count === 1
  )
  spoilSignatures(pubsub)
  const lie = { version: 1, namespace: 'default', topic: 'builds', from: node.selfPeer }
  const words = { session: 1, number: 1, at_ms: Date.now(), body: 'a lie' }
  await pubsub.publish(topic, Buffer.from(JSON.stringify({ ...lie, ...words })))

  await type('topic', 'publish', 'builds', '{"ok":"\\u001b[2J"}', '--wait', '60s')
  await listener.until(() => listener.stdout.includes('"ok"'), 'the last message')
  const heard = linesOf<Said>(listener.stdout)
  expect(heard.map(({ body }) => body)).toEqual(['first', { ok: '\u001b[2J' }])
  expect(listener.stdout).not.toContain('\u001b')
  await liars.stop()
  await listener.stop()

  const inbox = startTaskmesh(['inbox', '--json', '--answer', '{"ok":true}'], { env })
  await inbox.until(() => inbox.stderr.includes('peer_id'), 'the inbox')
  const { peer_id: peer } = JSON.parse(inbox.stderr.trim()) as { peer_id: string }
  // Its place at the relay, and with it its address, may come a little later.
  const sent = await until(
    'the answer',
    () => type('send', peer, '{"ask":1}'),
    ({ code }) => code === 0
  )
  expect(sent.stdout).toBe('{"ok":true}\n')
  expect(linesOf(inbox.stdout)).toMatchObject([{ id: 1, message: { ask: 1 } }])
  await inbox.stop()
  const nobody = await type('send', bootstrap.addresses[0] ?? '', 'hello')
  expect(nobody.stderr).toContain('NOBODY_LISTENS')
})

test('a recipe is published, run, and known to a router that comes later', async () => {
  const home = temporaryHome()
  const env = { TASKMESH_HOME: home }
  const bootstrap = await startTaskmesh(['bootstrap', ...LISTEN, '--json'], { env }).report()
  const way = ['--bootstrap', bootstrap.addresses[0] ?? '', ...LISTEN, '--json']
  const [router] = await Promise.all([
    startTaskmesh(['router', ...way, ...HTTP], { env }).report(),
    startTaskmesh(['worker', ...way, '--slots', '1'], { env }).report()
  ])
  const type = (...words: string[]): Promise<CliRun> =>
    runInProcess(words, { env: { ...env, TASKMESH_API: router.http ?? '' } })

  expect((await type('recipe', 'publish', RECIPE)).stderr).toContain('recipe run word-lengths')
  const missing = await type('recipe', 'run', 'word-lengths')
  expect(missing.stderr).toContain('the parameter "text" is missing')
  const wrong = await type('recipe', 'run', 'word-lengths', '--param', 'shortest=0')
  expect(wrong.stderr).toContain('"shortest" must be an integer from 1 to 100, not 0')
  const given = ['--param', 'text=one two three', '--param', 'shortest=4', '-q']
  const run = await type('recipe', 'run', 'word-lengths', ...given)
  expect(JSON.parse(run.stdout)).toEqual({ 5: 1 })

  const late = temporaryHome()
  await startTaskmesh(['router', ...way, ...HTTP], { env: { TASKMESH_HOME: late } }).report()
  const listed = await until(
    'the recipe at the other router',
    () => runInProcess(['recipe', 'list', '--json'], { env: { TASKMESH_HOME: late } }),
    ({ stdout }) => stdout.includes('word-lengths')
  )
  const [row] = JSON.parse(listed.stdout) as { author: string }[]
  // Another home has another key: its recipe of that name stands beside the first.
  const file = join(late, 'own.json')
  writeFileSync(
    file,
    JSON.stringify({ name: 'word-lengths', job: { task: { engine: 'builtin' } } })
  )
  const own = await runInProcess(['recipe', 'publish', file], { env: { TASKMESH_HOME: late } })
  expect(own.stdout).toMatch(/word-lengths@/)
  const not = await runInProcess(['recipe', 'rm', `word-lengths@${row?.author}`], {
    env: { TASKMESH_HOME: late }
  })
  expect(not.stderr).toContain('FORBIDDEN')
  expect((await type('recipe', 'rm', 'word-lengths')).code).toBe(0)
})

function spoilSignatures(pubsub: object): void {
  const inside = pubsub as {
    sendRpc: (id: string, rpc: { messages?: { signature?: Uint8Array }[] }) => boolean
  }
  const send = inside.sendRpc.bind(pubsub)
  inside.sendRpc = (id, rpc) => {
    for (const { signature } of rpc.messages ?? []) {
      if (signature !== undefined) signature[0] = (signature[0] ?? 0) ^ 1
    }
    return send(id, rpc)
  }
}
