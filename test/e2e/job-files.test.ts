/** Jobs that take files of the mesh and leave some, from the command line through a router to workers. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { LiveMesh, untilWorkersReady } from '../support/live-mesh.ts'
import { processProblem } from '../support/process-engine.ts'
import { randomBytes } from 'node:crypto'
import { shareOverTests, taskmesh, temporaryHome } from '../support/spawn-taskmesh.ts'
import { until } from '../support/until.ts'
import { readWasmFixture } from '../support/wasm-fixture.ts'
import type { ApiClient } from '../../src/client/api-client.ts'
import type { JobView } from '../../src/model/generated/api-job.ts'

shareOverTests()
const problem = await processProblem()
const KIB = 1_024
const MIB = 1_024 * KIB
const NAMES = ['one', 'two', 'three'] as const

let client: ApiClient
let mesh: LiveMesh
/** Peers of the workers, in the order of their names. */
let peers: string[] = []
/** What the person has. */
let home = ''

beforeAll(async () => {
  ;({ mesh } = await LiveMesh.start())
  home = temporaryHome()
  const engines = ['javascript', 'wasm', ...(problem === undefined ? ['process'] : [])]
  const offers = ['builtin', ...engines].map((engine) => `--engine=${engine}`)
  if (problem === undefined) offers.push('--any-program')
  const [router, ...workers] = await Promise.all([
    mesh.router(),
    ...NAMES.map((name) => mesh.worker(name, '--slots=2', `--label=is=${name}`, ...offers))
  ])
  ;({ client } = router)
  peers = workers.map(({ report }) => report.peer_id)
  await untilWorkersReady(client, peers.length)
})

interface Ended {
  code: number
  job: JobView
  stderr: string
}

function put(path: string, content: string | Uint8Array): string {
  const full = join(home, path)
  mkdirSync(join(full, '..'), { recursive: true })
  writeFileSync(full, content)
  return full
}

async function commandOf(words: readonly string[]): Promise<Ended> {
  const ended = await taskmesh(words, { cwd: home, env: { ...mesh.env, TASKMESH_JSON: '1' } })
  return { ...ended, job: JSON.parse(ended.stdout || '{}') as JobView }
}

/** Must complete. */
async function run(document: object): Promise<JobView> {
  const { code, job, stderr } = await commandOf([
    'job',
    'run',
    put('job.json', JSON.stringify(document))
  ])
  expect({ code, state: job.state, error: job.error, stderr }).toMatchObject({
    code: 0,
    state: 'completed'
  })
  return job
}

/** Into a folder of its own. */
async function get(id: string, ...words: string[]): Promise<string> {
  const folder = join(home, 'got', id)
  const ended = await taskmesh(['job', 'get', id, ...words, '-o', folder], { env: mesh.env })
  expect(ended).toMatchObject({ code: 0 })
  return folder
}

function shell(...lines: string[]): { engine: 'process'; argv: string[] } {
  return { engine: 'process', argv: ['sh', '-ec', lines.join('\n')] }
}

const script = (source: string): object => ({ engine: 'javascript', source })

describe.skipIf(problem !== undefined)('programs', () => {
  test('sort a file of this machine, and leave another', async () => {
    const names = Array.from({ length: 50_000 }, (_, index) => `name ${(index * 7_919) % 50_000}`)
    put('names.txt', names.join('\n'))
    const argv = ['run', 'process', '--in=in/names=@names.txt', '--out=sorted=sorted']
    const { code, job } = await commandOf([...argv, '--', 'sort', '-o', 'sorted', 'in/names'])
    expect({ code, ...job }).toMatchObject({
      code: 0,
      outputs: [{ name: 'sorted', kind: 'file', size: names.join('\n').length + 1 }]
    })
    const folder = await get(job.id, 'sorted')
    const sorted = execFileSync('sort', { input: names.join('\n'), env: { LC_ALL: 'C' } })
    expect(readFileSync(join(folder, 'sorted')).equals(sorted)).toBe(true)
  })

  test('take a folder and leave one, and what is neither file nor folder is only named', async () => {
    const deep = randomBytes(3 * MIB)
    put('src/readme', 'read me')
    put('src/deep/er/data.bin', deep)
    const task = shell(
      'tar -cf - src | gzip >pack.tgz',
      'mkdir -p out/many; cp -r src out/copy',
      'for n in $(seq 300); do echo $n >out/many/$n; done',
      'ln -s /etc/passwd out/link; mkfifo out/pipe'
    )
    const job = await run({
      task,
      inputs: [{ path: 'src', from: '@src' }],
      outputs: [
        { name: 'pack', path: 'pack.tgz' },
        { name: 'all', path: 'out' }
      ]
    })
    expect(job.outputs).toMatchObject([
      { name: 'pack', kind: 'file' },
      { name: 'all', kind: 'folder' }
    ])
    const folder = await get(job.id)
    expect(readFileSync(join(folder, 'all/copy/deep/er/data.bin')).equals(deep)).toBe(true)
    expect(readdirSync(join(folder, 'all')).toSorted()).toEqual(['copy', 'many'])
    expect(readdirSync(join(folder, 'all/many'))).toHaveLength(300)
    expect(readFileSync(join(folder, 'all/many/300'), 'utf8')).toBe('300\n')
    expect(gunzipSync(readFileSync(join(folder, 'pack'))).includes('read me')).toBe(true)
    const logs = await taskmesh(['job', 'logs', job.id], { env: mesh.env })
    expect(logs.stdout + logs.stderr).toMatch(/neither a file nor a folder: out\/link/)
  })

  test.each([
    ['that is not there', 'out', 'true'],
    ['that is a link', 'out', 'ln -s /etc/passwd out'],
    ['that lies behind a link', 'out/passwd', 'ln -s /etc out']
  ])('fail with an output %s', async (what, path, line) => {
    const document = { task: shell(line), outputs: [{ name: 'made', path }] }
    const { code, job } = await commandOf(['job', 'run', put('job.json', JSON.stringify(document))])
    expect({ code, ...job }).toMatchObject({
      code: 3,
      state: 'failed',
      error: { code: 'TASK_FAILED', blame: 'job', path: 'outputs' }
    })
    expect(job.error?.message).toMatch(new RegExp(`"${path}".*${what.replace('that ', '')}`))
    expect(job.error?.message).toContain('output made')
    expect(job.outputs ?? []).toEqual([])
  })

  test('write a log that is longer than the router keeps, and it can be had', async () => {
    const task = shell('for n in $(seq 20000); do echo "line $n" >&2; done')
    const job = await run({ task })
    const [attempt] = await client.attempts(job.id)
    expect(attempt?.log_file).toMatchObject({ kind: 'file' })
    const folder = await get(job.id, '--log')
    const lines = readFileSync(join(folder, 'task.log'), 'utf8').split('\n')
    expect([lines[0], lines.at(-2), lines.length]).toEqual(['line 1', 'line 20000', 20_001])
  })
})

test('jobs of a graph hand files on, and equal tasks are not run twice', async () => {
  const [first] = NAMES
  const make = {
    task: script(`function main () {
      const names = files.names()
      files.write('out/list', 'b\\na\\n')
      files.write('out/raw', new Uint8Array([0, 255]))
      return names
    }`),
    inputs: [{ path: 'hello', from: 'inline:text of the document' }],
    outputs: [
      { name: 'list', path: 'out/list' },
      { name: 'all', path: 'out' }
    ],
    where: { require: [`is = ${first}`] }
  }
  const use = {
    task: script(`function main () {
      return { list: files.text('in/list'), raw: [...files.bytes('in/all/raw')] }
    }`),
    inputs: [
      { path: 'in/list', from: 'job:make/list' },
      { path: 'in/all', from: 'job:make/all' }
    ],
    cache: 'use'
  }
  const graph = put('graph.json', JSON.stringify({ jobs: { make, use } }))
  const ended = await taskmesh(['job', 'run', graph], { env: { ...mesh.env, TASKMESH_JSON: '1' } })
  expect(ended).toMatchObject({ code: 0 })
  const jobs = JSON.parse(ended.stdout) as JobView[]
  const [made, used] = ['make', 'use'].map((name) => jobs.find((job) => job.name === name))
  expect(made).toMatchObject({ state: 'completed', result: ['hello'] })
  expect(used).toMatchObject({ result: { list: 'b\na\n', raw: [0, 255] } })

  const { inputs = [] } = await client.document(used?.id ?? '')
  expect(inputs).toMatchObject([{ from: expect.stringMatching(/^mesh:sha256:/) as string }, {}])
  const again = await run({ ...use, inputs })
  expect(again).toMatchObject({ result: used?.result, reused_from: { job: used?.id } })
  expect(await client.attempts(again.id)).toEqual([])
  const anew = await run({ ...use, inputs, cache: 'refresh' })
  expect(anew).toMatchObject({ result: used?.result })
  expect(await client.attempts(anew.id)).toHaveLength(1)
})

test('a module that is too long for its job is a file, and so is a result that is too long', async () => {
  const module = put('sqlite3.wasm', readWasmFixture('sqlite3'))
  const query = 'select group_concat(value, "") from generate_series(1, 60000);'
  const job = await run({
    task: {
      engine: 'wasm',
      module: `@${module}`,
      args: [':memory:', `.read in/query`]
    },
    inputs: [{ path: 'in/query', from: `inline:${query}` }]
  })
  const expected = Array.from({ length: 60_000 }, (_, index) => index + 1).join('')
  expect(job.output_file).toMatchObject({ kind: 'file' })
  const folder = await get(job.id)
  const result = JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')) as { stdout: string }
  expect(result.stdout.trim() === expected).toBe(true)
})

test('a task goes where its inputs are', async () => {
  const parts = [1, 2].map((name) => put(`part-${name}`, randomBytes(4 * MIB)))
  const inputs = parts.map((path, index) => ({ path: `in/${index}`, from: `@${path}` }))
  const task = script('function main () { return files.names().length }')
  const [, second] = NAMES
  const first = await run({ task, inputs, where: { require: [`is = ${second}`] } })
  const [, worker = ''] = peers
  expect(first).toMatchObject({ result: 2, worker })
  const { inputs: uploaded = [] } = await client.document(first.id)
  // On a loaded machine latency and waits differ by more than it takes to move the files here: they do not count.
  const weights = { cpu: 0, memory: 0, disk: 0, latency: 0, reputation: 0, data: 1 }
  const later = { task, inputs: uploaded, route: { pick: 'best', weights } }
  // It tells what it has as soon as it has it, but not in the same moment.
  const { decision } = await until(
    'news of what it has',
    () => client.plan(later),
    ({ decision: { candidates } }) =>
      candidates.find(({ peer_id: peer }) => peer === worker)?.terms['data']?.score === 1
  )
  const others = decision.candidates.filter(({ peer_id: peer }) => peer !== worker)
  for (const { terms } of others) expect(terms['data']).toMatchObject({ score: 0 })
  const { id } = await run(later)
  const { candidates, weights: counted } = await client.explain(id)
  expect(counted).toMatchObject({ data: 1 })
  // A worker may be full for a moment, or be passed over as others have proven themselves and it has not.
  const free = candidates.filter(({ verdict }) => verdict === 'chosen' || verdict === 'eligible')
  const lowest = Math.min(...free.map(({ tier = 0 }) => tier))
  const shares = free
    .filter(({ tier = 0 }) => tier === lowest)
    .map(({ terms, verdict }) => ({ verdict, share: terms['data']?.score ?? 0 }))
  const chosen = shares.find(({ verdict }) => verdict === 'chosen')
  expect(chosen?.share).toBe(Math.max(...shares.map(({ share }) => share)))
})
