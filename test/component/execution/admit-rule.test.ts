/** The owner's own rule, as a command and as a web address: what it is told, what it may answer, how it may fail. */
import { readFileSync, existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { createAdmitRule } from '../../../src/execution/owner/admit-rule.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { buildTaskServer, codeOf, temporaryFolder } from '../../support/build-task-server.ts'
import { until } from '../../support/until.ts'
import { settle } from '../../support/settle.ts'
import type { AddressInfo } from 'node:net'
import type { AdmitRule, TaskSummary } from '../../../src/execution/owner/admit-rule.ts'
import type { IncomingMessage, ServerResponse } from 'node:http'

const SUMMARY: TaskSummary = {
  job_id: 'j-1',
  item: 3,
  attempt: 1,
  router: 'router',
  engine: 'builtin',
  labels: { zone: 'home' },
  memory_bytes: 80,
  run_timeout_ms: 5_000
}

function rule(where: string, clock = systemClock): AdmitRule {
  return createAdmitRule(where, { clock, logger: silentLogger })
}

async function refusal(
  where: string | AdmitRule,
  signal?: AbortSignal
): Promise<MeshError | undefined> {
  try {
    await (typeof where === 'string' ? rule(where) : where).ask(SUMMARY, { signal })
    return undefined
  } catch (cause) {
    return MeshError.from(cause)
  }
}

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise((resolve) => server.once('listening', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/admit`
}

test('a command gets the summary on stdin, a small environment, and says yes', async () => {
  const folder = temporaryFolder()
  process.env['TASKMESH_TOKEN'] = 'secret'
  onTestFinished(() => void delete process.env['TASKMESH_TOKEN'])
  const command = `cat > ${folder}/in; env > ${folder}/env; echo '{"accept": true}'`
  expect(await refusal(command)).toBeUndefined()
  expect(JSON.parse(readFileSync(join(folder, 'in'), 'utf8'))).toEqual(SUMMARY)
  const names = readFileSync(join(folder, 'env'), 'utf8')
    .split('\n')
    .map((line) => line.split('=')[0])
  expect(names).toContain('PATH')
  expect(names).not.toContain('TASKMESH_TOKEN')
})

test('a no is told with its reason', async () => {
  const error = await refusal(`echo '{"accept": false, "reason": "not at night"}'`)
  expect(error).toMatchObject({
    code: 'OWNER_REFUSED',
    message: 'the owner of this worker refuses: not at night',
    blame: 'owner'
  })
  expect((await refusal(`echo '{"accept": false}'`))?.message).toContain(
    'its rule refuses the task'
  )
  const long = await refusal(`printf '{"accept": false, "reason": "%0999d"}' 0`)
  expect(long?.message.length).toBeLessThan(600)
})

test.each([
  ['exit 3', 'it ended with code 3'],
  ['kill -9 $$', 'it ended with SIGKILL'],
  ['echo yes', 'this is not JSON'],
  ['echo [true]', 'no "accept"'],
  [`echo '{"accept": "yes"}'`, 'no "accept"'],
  ['true', 'this is not JSON'],
  ['yes', 'longer than 65536 bytes'],
  ['/no/such/command', 'it ended with code 127']
])('a rule that fails refuses: %s', async (command, why) => {
  const error = await refusal(command)
  expect(error).toMatchObject({ code: 'OWNER_REFUSED' })
  expect(error?.message).toContain(why)
})

test('a rule that takes too long refuses, and its whole group is ended', async () => {
  const folder = temporaryFolder()
  const clock = new FakeClock()
  const asked = refusal(rule(`sleep 600 & echo $! > ${folder}/pid; wait`, clock))
  await until(
    'process id of the rule',
    () =>
      Promise.resolve(existsSync(join(folder, 'pid')) && readFileSync(join(folder, 'pid'), 'utf8')),
    (text) => text !== false && text.endsWith('\n')
  )
  clock.advance(5_000)
  expect((await asked)?.message).toContain('it took longer than 5 s')
  const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'))
  // Gone, or a corpse that nobody has fetched yet.
  await until(
    'end of the rule’s process',
    () => isAlive(pid),
    (alive) => !alive
  )
  expect(clock.timerCount).toBe(0)
})

test('whoever no longer asks ends the question', async () => {
  const controller = new AbortController()
  const asked = refusal('sleep 600', controller.signal)
  controller.abort(new MeshError('TASK_STOPPED', 'not needed'))
  expect((await asked)?.code).toBe('TASK_STOPPED')
})

test('eight are asked at once, the others wait their turn', async () => {
  const waiting: ServerResponse[] = []
  const url = await serve((_request, response) => waiting.push(response))
  const shared = rule(url)
  const asked = Array.from({ length: 10 }, () => refusal(shared))
  await until(
    'eight questions',
    () => waiting.length,
    (count) => count === 8
  )
  await settle()
  expect(waiting).toHaveLength(8)
  for (let count = 0; count < 10; count += 1) {
    await until(
      'next question',
      () => waiting.length,
      (left) => left > 0
    )
    waiting.shift()?.end('{"accept":true}')
  }
  expect(await Promise.all(asked)).toEqual(Array.from({ length: 10 }))
})

test('a web address gets the summary as a POST', async () => {
  let body = ''
  const url = await serve((request, response) => {
    request.on('data', (chunk) => (body += String(chunk)))
    request.on('end', () => response.end(`{"accept": ${request.method === 'POST'}}`))
  })
  expect(await refusal(url)).toBeUndefined()
  expect(JSON.parse(body)).toEqual(SUMMARY)
})

test.each<[string, (response: ServerResponse) => void, string]>([
  ['an error', (response) => response.writeHead(500).end('{"accept":true}'), 'HTTP status 500'],
  ['another place', (response) => response.writeHead(302, { location: '/' }).end(), 'redirect'],
  ['too much', (response) => response.end('x'.repeat(70_000)), 'longer than 65536'],
  ['nothing', (response) => response.destroy(), 'other side closed']
])('a web address that answers with %s refuses', async (_what, answer, why) => {
  const url = await serve((_request, response) => answer(response))
  expect((await refusal(url))?.message).toContain(why)
})

test('a name and a password in a web address go there, and nowhere else', async () => {
  const seen: (string | undefined)[] = []
  const url = await serve((request, response) => {
    seen.push(request.headers.authorization)
    response.end('{"accept": true}')
  })
  expect(await refusal(url.replace('//', '//me:p%40ss@'))).toBeUndefined()
  expect(seen).toEqual([`Basic ${Buffer.from('me:p@ss').toString('base64')}`])
  const error = await refusal('http://me:p%40ss@127.0.0.1:1/')
  expect(error?.message).toContain('its rule gave no answer')
  expect(error?.message).not.toMatch(/p%40ss|p@ss/)
})

test('the rule is asked about every task; while it thinks, its place in the line is taken', async () => {
  const asked: { summary: TaskSummary; say: (refusal?: MeshError) => void }[] = []
  const admitRule: AdmitRule = {
    ask: (summary, { signal }) =>
      new Promise((resolve, reject) => {
        asked.push({ summary, say: (error) => (error === undefined ? resolve() : reject(error)) })
        signal?.addEventListener('abort', () => reject(MeshError.from(signal.reason)))
      })
  }
  const bench = await buildTaskServer({ admitRule, slots: 1, queueSlots: 1 })
  const { ask, executor, lease, send, server } = bench
  const answers = [
    lease(1, { labels: { zone: 'home' } }),
    ask({ task: { engine: 'builtin', name: 'noop' }, labels: { a: 'b' } })
  ]
  await settle()
  expect(asked.map(({ summary }) => summary)).toEqual([
    {
      job_id: 'j-1',
      item: 1,
      attempt: 1,
      router: 'router',
      engine: 'builtin',
      labels: { zone: 'home' },
      memory_bytes: 80,
      run_timeout_ms: 5_000
    },
    {
      router: 'router',
      engine: 'builtin',
      labels: { a: 'b' },
      memory_bytes: 100,
      run_timeout_ms: 1_800_000
    }
  ])
  expect(server.load('router')).toMatchObject({ running: 0, queued: 2 })
  expect(codeOf(await lease(2))).toBe('WORKER_BUSY')
  asked[0]?.say(new MeshError('OWNER_REFUSED', 'no'))
  expect(codeOf((await answers[0]) ?? {})).toBe('OWNER_REFUSED')
  asked[1]?.say()
  await settle()
  executor.running[0]?.end()
  expect((await answers[1])?.bulk).toBe('null')
  // What changed while it thought counts.
  const third = lease(3)
  await settle()
  await send('SET_AVAILABILITY', { availability: 'cordoned' })
  asked[2]?.say()
  expect(codeOf(await third)).toBe('WORKER_CORDONED')
  await send('SET_AVAILABILITY', { availability: 'open' })
  const fourth = lease(4)
  await settle()
  await server.stop()
  expect(codeOf(await fourth)).toBe('WORKER_STOPPING')
  expect(executor.startedCount).toBe(1)
})

function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}
