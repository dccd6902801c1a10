/** Other people's programs from the command line through a router to a worker, and whose rule keeps them away. */
import { describe, expect, test } from 'vitest'
import { accessSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { join } from 'node:path'
import { LiveMesh, untilWorkersReady } from '../support/live-mesh.ts'
import { processProblem } from '../support/process-engine.ts'
import { until } from '../support/until.ts'
import type { AttemptView, JobView } from '../../src/model/generated/api-job.ts'
import type { LiveNode } from '../support/live-mesh.ts'
import type { ProcessResult } from '../support/process-engine.ts'

const problem = await processProblem()
const POEM = 'the cat\nthe dog\na cat\nthe end\n'

async function runJob(mesh: LiveMesh, job: object): Promise<JobView> {
  const file = join(mesh.env['TASKMESH_HOME'] ?? '', 'job.json')
  writeFileSync(file, JSON.stringify(job))
  return (await mesh.json('job', 'run', file)) as JobView
}

test('a wasm program of others packs and unpacks a file', async () => {
  const { mesh } = await LiveMesh.start()
  const [, { client }] = await Promise.all([mesh.worker('guest', '--engine=wasm'), mesh.router()])
  await untilWorkersReady(client, 1)
  const file = join(mesh.env['TASKMESH_HOME'] ?? '', 'poem.gz')
  const program = ['run', 'wasm', 'test/fixtures/wasm/minigzip.wasm']
  const packed = (await mesh.json(...program, '--stdin', POEM, '--', '-9')) as JobView
  const { exit_code: code, stdout_base64: base64 } = packed.result as unknown as ProcessResult
  const bytes = Buffer.from(base64 ?? '', 'base64')
  expect({ code, text: gunzipSync(bytes).toString() }).toEqual({ code: 0, text: POEM })
  writeFileSync(file, bytes)
  const files = ['--file', `in/poem.gz=@${file}`, '--returns', 'in']
  const unpacked = await mesh.json(...program, ...files, '--', '-d', 'in/poem.gz')
  expect(unpacked).toMatchObject({
    state: 'completed',
    result: { exit_code: 0, files: [{ path: 'in/poem', text: POEM }] }
  })
  const [attempt] = (await mesh.json('job', 'attempts', packed.id)) as AttemptView[]
  expect(attempt?.usage?.wall_ms).toBeGreaterThan(0)
  expect(attempt?.usage?.cpu_ms).toBeGreaterThan(0)
  expect(attempt?.usage?.peak_memory_bytes).toBeGreaterThan(65_536)
})

const TOOLS = ['sh', 'sort', 'uniq', 'awk', 'tr', 'head', 'gzip', 'tar', 'grep', 'sed', 'wc']
const PIPELINE = [
  'set -e; mkdir out',
  "tr ' ' '\\n' <in/poem | sort | uniq -c | sort -rn | head -n 2 | awk '{print $2, $1}' >out/words",
  "grep -c the in/poem; sed 's/cat/CAT/' in/poem | wc -l",
  'tar -cf - in | gzip >out/in.tar.gz; tar -xzOf out/in.tar.gz in/poem | grep end'
]

describe.skipIf(problem !== undefined)('with three owners of programs', () => {
  test('a pipeline runs, and each owner’s rule and each job’s condition holds', async () => {
    const { mesh } = await LiveMesh.start()
    const start = (name: string, ...flags: string[]): Promise<LiveNode> =>
      mesh.worker(name, '--engine=process', `--label=is=${name}`, ...flags)
    const [{ client }, ...workers] = await Promise.all([
      mesh.router(),
      start('tools', ...TOOLS.map((tool) => `--program=${whereIs(tool)}`)),
      start('held', '--any-program'),
      start('unsafe', '--any-program', '--unsafe-process')
    ])
    const [tools, held, unsafe] = workers.map(({ report }) => report.peer_id)
    await untilWorkersReady(client, workers.length)

    // A pipeline of ordinary tools over files.
    const argv = ['sh', '-c', PIPELINE.join('\n')]
    const files = [{ path: 'in/poem', text: POEM }]
    const packing = { engine: 'process', argv, files, outputs: ['out'] }
    const packed = await runJob(mesh, { task: packing, where: { require: ['is = tools'] } })
    expect(packed).toMatchObject({
      state: 'completed',
      worker: tools,
      result: {
        exit_code: 0,
        stdout: '3\n4\nthe end\n',
        files: [{ path: 'out/in.tar.gz' }, { path: 'out/words', text: 'the 3\ncat 2\n' }]
      }
    })
    const [attempt] = (await mesh.json('job', 'attempts', packed.id)) as AttemptView[]
    expect(attempt?.usage?.wall_ms).toBeGreaterThan(0)
    expect(attempt?.usage?.peak_memory_bytes).toBeGreaterThan(2 ** 16)

    // A program that one owner does not allow runs at another's, and costs the first nothing.
    await mesh.json('node', 'cordon', held ?? '')
    const hashing = { engine: 'process', argv: ['sha256sum'], stdin: POEM }
    const elsewhere = { require: ['is in (tools, held)'] }
    const { id } = await client.submit({ task: hashing, where: elsewhere })
    const attemptsOf = (): Promise<AttemptView[]> => client.attempts(id)
    const waiting = (): Promise<JobView> => client.job(id)
    await until(
      'reason',
      waiting,
      ({ waiting_for: why }) => why?.includes('lacks program') === true
    )
    // Where each item has its own, the worker is asked, and refuses before anything begins.
    const mixed = { task: hashing, each: [{}, { argv: ['sort'] }], where: elsewhere }
    const { id: mixedId } = await client.submit(mixed)
    const [refused] = await until(
      'refusal',
      () => client.attempts(mixedId, { item: '0' }),
      ([first]) => first?.state === 'refused'
    )
    expect(refused?.error).toMatchObject({ code: 'OWNER_REFUSED', blame: 'owner' })
    await mesh.json('node', 'uncordon', held ?? '')
    expect(await mesh.json('job', 'wait', mixedId)).toMatchObject({ state: 'completed' })
    expect(await mesh.json('job', 'wait', id)).toMatchObject({ state: 'completed', worker: held })
    expect(await attemptsOf()).toMatchObject([{ worker: held, state: 'completed' }])
    expect(await client.reputationOf(tools ?? '')).toMatchObject({ failures: 0 })

    // A condition keeps a job from a worker that runs others of the kind.
    const task = { engine: 'process', argv: ['echo', 'here'] }
    const careless = { task, where: { require: ['is = unsafe'] } }
    expect(await runJob(mesh, careless)).toMatchObject({ state: 'completed', worker: unsafe })
    const require = ['isolation >= sandbox', 'exists enforces.memory', 'is in (unsafe, held)']
    const careful = { task, where: { require } }
    expect(await runJob(mesh, careful)).toMatchObject({ state: 'completed', worker: held })
    const plan = await client.plan(careful)
    const rejected = plan.decision.candidates.find(({ peer_id: peer }) => peer === unsafe)
    expect(rejected).toMatchObject({ verdict: 'rejected', reason_code: 'CONDITION_UNMET' })
    expect(rejected?.reason).toContain('isolation >= sandbox')
  })
})

/** By the path that its owner would write. */
function whereIs(program: string): string {
  const paths = ['/usr/bin', '/bin'].map((folder) => join(folder, program))
  const found = paths.find((path) => {
    try {
      accessSync(path)
      return true
    } catch {
      // Perhaps in the other one.
      return false
    }
  })
  if (found === undefined) throw new Error(`there is no ${program}`)
  return found
}
