/** Nodes that end, are drained or are too small while the inputs of a task are on their way. */
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { LiveMesh, untilWorkersReady } from '../support/live-mesh.ts'
import { shareOverTests, taskmesh, temporaryHome } from '../support/spawn-taskmesh.ts'
import { until } from '../support/until.ts'
import type { ApiClient } from '../../src/client/api-client.ts'
import type { AttemptView, JobView } from '../../src/model/generated/api-job.ts'
import type { LiveNode } from '../support/live-mesh.ts'

shareOverTests()
const MIB = 2 ** 20
/** Slow enough to be met on its way, and longer than a task of these tests may run. */
const FILE_BYTES = 6 * MIB
const PACE = '--limit-rate-up=2MiB'
const ENGINES = ['--engine=builtin', '--engine=javascript']

let client: ApiClient
let mesh: LiveMesh
let router: LiveNode
let home = ''
let ids: ReadonlyMap<string, string> = new Map()
let twin: LiveNode

beforeAll(async () => {
  ;({ mesh } = await LiveMesh.start())
  home = temporaryHome()
  const files = FILES.map((name) => [name, randomBytes(FILE_BYTES)] as const)
  const [started, holder, other] = await Promise.all([
    mesh.router(),
    share('holder', files),
    share('other', files.slice(-1)),
    worker('first'),
    worker('second')
  ])
  router = started
  twin = other
  ;({ client } = started)
  ;({ ids } = holder)
  await untilWorkersReady(client, 2)
})

const nodes = new Map<string, LiveNode>()

async function worker(name: string, ...flags: string[]): Promise<LiveNode> {
  const label = `--label=is=${name}`
  const node = await mesh.worker(name, '--slots=2', label, ...ENGINES, ...flags)
  nodes.set(name, node)
  return node
}

function nodeOf(name: string): LiveNode {
  const node = nodes.get(name)
  if (node === undefined) throw new Error(`there is no ${name}`)
  return node
}

const peerOf = (name: string): string => nodeOf(name).report.peer_id

/** Shared before any of the tests: each takes another of them. */
const FILES = ['killed', 'router', 'stopped', 'drained', 'large', 'twin']

async function share(name: string, files: readonly (readonly [string, Uint8Array])[]) {
  const folder = join(home, name)
  mkdirSync(folder)
  for (const [file, bytes] of files) {
    writeFileSync(join(folder, file), bytes)
    // Nobody waits until its writer is surely done.
    utimesSync(join(folder, file), 1_700_000_000, 1_700_000_000)
  }
  return await mesh.share(name, folder, PACE)
}

function fileOf(name: string): string {
  const id = ids.get(name)
  if (id === undefined) throw new Error(`nobody shares ${name}`)
  return id
}

interface Job {
  /** Names of workers. */
  at: string
  more?: object
}

async function submit(id: string, { at, more = {} }: Job): Promise<string> {
  const source = 'function main () { return files.bytes("data").length }'
  const job = await client.submit({
    task: { engine: 'javascript', source },
    inputs: [{ path: 'data', from: `mesh:${id}` }],
    where: { require: [`is in (${at})`] },
    // It comes for longer than that.
    timeouts: { run: '2s' },
    on_disconnect: { wait: '1s' },
    retry: { backoff: { delay: '100ms' } },
    ...more
  })
  return job.id
}

async function untilFetching(id: string): Promise<AttemptView> {
  const attempts = await until(
    'some of its inputs',
    () => client.attempts(id),
    (seen) => seen.at(-1)?.state === 'fetching' && (seen.at(-1)?.progress?.ratio ?? 0) > 0
  )
  return attempts.at(-1) as AttemptView
}

async function expectWhole(id: string): Promise<JobView> {
  const job = await client.wait(id)
  expect(job).toMatchObject({ state: 'completed', result: FILE_BYTES })
  return job
}

async function storyOf(id: string): Promise<[string, string][]> {
  return (await client.attempts(id)).map(({ state, worker: peer }) => [state, peer])
}

test('fault 5: a worker is killed while its inputs come, and the task goes elsewhere', async () => {
  const id = fileOf('killed')
  const job = await submit(id, { at: 'first, second' })
  const { progress, worker: peer } = await untilFetching(job)
  expect(progress?.text).toMatch(/^input \S+ of 6MiB$/)
  const [lost = '', other = ''] = ['first', 'second'].toSorted((name) =>
    peerOf(name) === peer ? -1 : 1
  )
  await nodeOf(lost).kill()
  await expectWhole(job)
  expect(await storyOf(job)).toEqual([
    ['lost', peerOf(lost)],
    ['completed', peerOf(other)]
  ])
  await worker(lost)
  await untilWorkersReady(client, 2)
  // It goes on with what had come, and the other one has it all by now.
  await expectWhole(await submit(id, { at: lost }))
})

test('the router is killed while inputs come: the worker goes on, and nothing begins twice', async () => {
  const id = fileOf('router')
  const job = await submit(id, { at: 'first', more: { on_disconnect: { wait: '60s' } } })
  await untilFetching(job)
  await router.kill()
  const next = await mesh.router()
  ;({ client } = next)
  router = next
  await expectWhole(job)
  expect(await storyOf(job)).toEqual([['completed', peerOf('first')]])
})

test('a job is stopped while its inputs come, another that wants them goes on, and they came once', async () => {
  const id = fileOf('stopped')
  const [stopped, kept] = await Promise.all([
    submit(id, { at: 'second' }),
    submit(id, { at: 'second' })
  ])
  await Promise.all([untilFetching(stopped), untilFetching(kept)])
  await client.stop(stopped, 'not wanted')
  expect(await client.wait(stopped)).toMatchObject({ state: 'stopped' })
  await expectWhole(kept)
  expect(await storyOf(kept)).toEqual([['completed', peerOf('second')]])
  const { stderr } = nodeOf('second').process
  const arrivals = stderr
    .split('\n')
    .filter((line) => line.includes(id) && line.includes('has come'))
  expect(arrivals).toHaveLength(1)
})

test('a worker is drained while inputs come: the task has not begun, and goes elsewhere', async () => {
  const id = fileOf('drained')
  const job = await submit(id, { at: 'first, second' })
  const { worker: peer } = await untilFetching(job)
  const { failures } = await client.reputationOf(peer)
  await client.setAvailability(peer, { availability: 'draining' })
  const { worker: other } = await expectWhole(job)
  expect(other).not.toBe(peer)
  expect((await storyOf(job))[0]).toEqual(['refused', peer])
  expect(await client.reputationOf(peer)).toMatchObject({ failures })
  await client.setAvailability(peer, { availability: 'open' })
})

test('one of two who have it vanishes midway, and the file comes whole', async () => {
  const id = fileOf('twin')
  const job = await submit(id, { at: 'first' })
  await untilFetching(job)
  await twin.kill()
  await expectWhole(job)
  expect(await storyOf(job)).toEqual([['completed', peerOf('first')]])
})

test('a worker whose disk is too small is passed over, or named where there is no other', async () => {
  await worker('small', '--files-disk=2MiB')
  await untilWorkersReady(client, 3)
  const id = fileOf('large')
  const document = {
    task: { engine: 'javascript', source: 'function main () { return 1 }' },
    inputs: [{ path: 'data', from: `mesh:${id}` }],
    where: { require: ['is = small'] },
    timeouts: { queue: '4s' }
  }
  const file = join(home, 'job.json')
  writeFileSync(file, JSON.stringify(document))
  const env = { ...mesh.env, TASKMESH_JSON: '1' }
  const { code, stdout } = await taskmesh(['job', 'run', file], { env })
  const { error, id: waiting } = JSON.parse(stdout) as JobView
  expect({ code, error }).toMatchObject({ code: 2, error: { code: 'QUEUE_TIMED_OUT' } })
  const [attempt] = await client.attempts(waiting)
  expect(attempt).toMatchObject({ state: 'refused' })
  expect(attempt?.error?.message).toMatch(
    /the budget for files is 2MiB: 4MiB are missing|inputs of 6MiB .* keeps 2MiB/
  )

  const job = await submit(id, { at: 'small, second' })
  expect((await expectWhole(job)).worker).toBe(peerOf('second'))
})
