/** Jobs with `cache`: what is run, what is taken from an earlier run, and what they say of it. */
import { describe, expect, test } from 'vitest'
import { FakeHoldings } from '../../support/fake-holdings.ts'
import { restart, settle, startEngine } from '../../support/build-engine.ts'
import type { Engine } from '../../support/build-engine.ts'
import type { JobDocument } from '../../../src/model/job.ts'

const FILE = { name: 'list', file: `sha256:${'a'.repeat(64)}`, size: 9, kind: 'file' } as const
const TASK = { engine: 'javascript', source: 'function main () { return 1 }' } as const
const CACHED: JobDocument = { task: TASK, cache: 'use' }

/** One item for each of these inputs. */
function each(...inputs: number[]): JobDocument {
  return { ...CACHED, each: inputs.map((input) => ({ input })) }
}

/** Submits a job and sees it through, with this result if it is run. @returns its id */
async function run(
  engine: Engine,
  document: JobDocument,
  output: unknown,
  more?: Record<string, unknown>
): Promise<string> {
  const id = await engine.submit(document)
  for (const task of engine.workers.open()) task.complete(output, more)
  await settle()
  return id
}

async function startWith(holdings = new FakeHoldings()): Promise<Engine> {
  const engine = await startEngine({ holdings })
  engine.workers.add('w1', undefined, { slots: 8 })
  return engine
}

describe('an equal task', () => {
  test('is not run again, and says whose result it has', async () => {
    const engine = await startWith()
    const first = await run(engine, CACHED, 1)
    const second = await run(engine, { ...CACHED, name: 'again' }, 2)
    expect(engine.workers.tasks).toHaveLength(1)
    const job = await engine.reader.describe(second)
    const { ended_at_ms: endedAtMs } = await engine.reader.describe(first)
    const earlier = { job: first, item: '0', attempt: 1, worker: 'w1', ended_at_ms: endedAtMs }
    expect(job).toMatchObject({ state: 'completed', result: 1, attempts: 0, reused_from: earlier })
    expect(job.worker).toBeNull()
    const history = await engine.reader.history(second, {})
    expect(history.at(-1)).toMatchObject({ state: 'completed', reason: 'RESULT_REUSED' })
    expect(history.at(-1)?.text).toContain(first)
  })

  test('names the run itself, not another that reused it, and outlives the job that ran', async () => {
    const engine = await startWith()
    const first = await run(engine, CACHED, 1)
    await run(engine, CACHED, 2)
    await engine.store.apply([{ kind: 'forget', jobId: first }])
    const third = await engine.reader.describe(await run(engine, CACHED, 3))
    expect(third).toMatchObject({ result: 1, reused_from: { job: first } })
    expect(engine.workers.tasks).toHaveLength(1)
  })

  test('is run for a job that does not say `use`, and for somebody else', async () => {
    const engine = await startWith()
    await run(engine, CACHED, 1)
    await run(engine, { task: TASK }, 2)
    await run(engine, { ...CACHED, cache: 'off' }, 2)
    const { job } = await engine.intake.submit(CACHED, 'somebody')
    await settle()
    expect(engine.workers.open().map(({ jobId }) => jobId)).toEqual([job.id])
    expect(engine.workers.tasks).toHaveLength(4)
  })

  test('of a job without `cache` gives nothing away', async () => {
    const engine = await startWith()
    await run(engine, { task: TASK }, 1)
    const second = await engine.reader.describe(await run(engine, CACHED, 2))
    expect(second).toMatchObject({ result: 2, attempts: 1 })
    expect(second.reused_from).toBeUndefined()
  })

  test('that failed is run again', async () => {
    const engine = await startWith()
    await engine.submit({ ...CACHED, retry: { attempts: 1 } })
    engine.workers.last().fail()
    await settle()
    const second = await engine.reader.describe(await run(engine, CACHED, 2))
    expect(second).toMatchObject({ state: 'completed', result: 2 })
  })

  test('with `refresh` is run, and its result is what counts from then on', async () => {
    const engine = await startWith()
    await run(engine, CACHED, 1)
    const second = await run(engine, { ...CACHED, cache: 'refresh' }, 2)
    const third = await engine.reader.describe(await run(engine, CACHED, 3))
    expect(third).toMatchObject({ result: 2, reused_from: { job: second } })
  })

  test('that comes while the first still runs is run as well', async () => {
    const engine = await startWith()
    await engine.submit(CACHED)
    await engine.submit(CACHED)
    expect(engine.workers.open()).toHaveLength(2)
  })
})

describe('items of an array job', () => {
  test('are looked up one by one', async () => {
    const engine = await startWith()
    await run(engine, each(1, 2), 'old')
    const second = await run(engine, each(2, 3), 'new')
    const items = await engine.reader.items(second, { limit: 9 })
    expect(items.map(({ result }) => result)).toEqual(['old', 'new'])
    expect(items.map(({ reused_from: from }) => from?.item)).toEqual(['1', undefined])
    expect(await engine.reader.describe(second)).toMatchObject({ state: 'completed', attempts: 1 })
  })

  test('end the job that has nothing to run at all', async () => {
    const engine = await startWith()
    await run(engine, each(1, 2, 3), 'old')
    const executed = engine.execution.execute(each(3, 1), 'test')
    const { items, job } = await executed
    expect(job).toMatchObject({ state: 'completed', startedAtMs: null })
    expect(items.map(({ output }) => output)).toEqual(['"old"', '"old"'])
  })
})

describe('results in files', () => {
  const withFile = { ...CACHED, outputs: [{ name: 'list', path: 'list.txt' }] }

  test('come with the result, and are in the place of one that is too long', async () => {
    const holdings = new FakeHoldings()
    const engine = await startWith(holdings)
    const first = await run(engine, withFile, 1, { outputs: [FILE] })
    expect(await engine.reader.describe(first)).toMatchObject({ result: 1, outputs: [FILE] })
    const outputFile = { ...FILE, name: 'output.json' }
    const second = await run(engine, { task: TASK }, 'not looked at', { output_file: outputFile })
    const job = await engine.reader.describe(second)
    expect(job).toMatchObject({ state: 'completed', output_file: outputFile })
    expect(job).not.toHaveProperty('result')
    expect(await engine.store.outputs(second, [0])).toEqual(new Map())
  })

  test('are reused while somebody has them, and made again when nobody does', async () => {
    const holdings = new FakeHoldings()
    holdings.give('w1', FILE.file)
    const engine = await startWith(holdings)
    const files = { outputs: [FILE], output_file: { ...FILE, name: 'output.json' } }
    const first = await run(engine, withFile, 1, files)
    const second = await engine.reader.describe(await run(engine, withFile, 2))
    expect(second).toMatchObject({ ...files, reused_from: { job: first } })
    holdings.clear()
    const third = await engine.reader.describe(await run(engine, withFile, 3))
    expect(third).toMatchObject({ result: 3, attempts: 1 })
    expect(third.reused_from).toBeUndefined()
  })

  test('name the whole log of an attempt', async () => {
    const engine = await startWith()
    const id = await run(engine, { task: TASK }, 1, { log_file: FILE })
    const [attempt] = await engine.reader.attempts(id, { limit: 9 })
    expect(attempt).toMatchObject({ state: 'completed', log_file: FILE })
  })
})

describe('over a restart', () => {
  test('results are still found, and what waited finds them', async () => {
    const engine = await startWith()
    const first = await run(engine, CACHED, 1)
    engine.workers.silence('w1')
    const other = await run(engine, { ...CACHED, task: { ...TASK, input: 2 } }, 1)
    const next = await restart(engine)
    next.workers.heal('w1')
    await next.advance(1_000)
    expect(next.workers.open().map(({ jobId }) => jobId)).toEqual([other])
    const second = await next.reader.describe(await run(next, CACHED, 2))
    expect(second).toMatchObject({ result: 1, reused_from: { job: first } })
  })
})

test('a store that cannot look has the task run', async () => {
  const engine = await startWith()
  await run(engine, CACHED, 1)
  engine.store.itemByResult = () => Promise.reject(new Error('no disk'))
  const second = await engine.reader.describe(await run(engine, CACHED, 2))
  expect(second).toMatchObject({ state: 'completed', result: 2 })
})

test.each<[string, Partial<JobDocument>]>([
  ['the network', { task: { engine: 'process', argv: ['a'] }, network: { mode: 'full' } }],
  ['ops: every', { ops: 'every' }]
])('%s and cache are refused together', async (_name, more) => {
  const engine = await startWith()
  await expect(engine.submit({ ...CACHED, ...more })).rejects.toMatchObject({
    code: 'FIELD_INVALID',
    path: 'cache'
  })
})
