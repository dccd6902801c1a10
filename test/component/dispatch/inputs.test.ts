/** Inputs on their way from the submitted document to the worker: outputs of other jobs, the web, who has what. */
import { expect, test } from 'vitest'
import { NOOP, restart, settle, startEngine } from '../../support/build-engine.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { refusalOf } from '../../support/build-intake.ts'
import type { Engine } from '../../support/build-engine.ts'
import type { JobDocument } from '../../../src/model/job.ts'

const A = `sha256:${'a'.repeat(64)}`
const B = `sha256:${'b'.repeat(64)}`
const SHA = 'c'.repeat(64)
const PEER = `12D3KooW${'A'.repeat(44)}`
const URL_ = 'https://example.org/m.bin'
const RUN: JobDocument['task'] = { engine: 'javascript', source: 'x' }
const WEB = [{ path: 'm.bin', from: URL_, sha256: SHA }]
const MAKER = { task: RUN, outputs: [{ name: 'out', path: 'o' }] }

const outputOf = (file: string) => ({ outputs: [{ name: 'out', file, size: 5, kind: 'file' }] })

async function startWith(worker = 'w1'): Promise<Engine> {
  const engine = await startEngine()
  engine.workers.add(worker)
  return engine
}

async function reasonsOf({ pending }: Engine, id: string): Promise<string[]> {
  return (await pending.find(id))?.history.map(({ reason }) => reason) ?? []
}

test('the worker is sent what the task takes and leaves, and who has it', async () => {
  const engine = await startWith()
  const far = { peer_id: PEER, addresses: ['/ip4/10.0.0.7/tcp/1'] }
  engine.files.holders.set(A, [far])
  const inputs = [
    { path: 'a', from: `mesh:${A}` },
    { path: 'b', from: 'inline:text' }
  ]
  const outputs = [{ name: 'o', path: 'out' }]
  await engine.submit({ task: RUN, inputs, outputs, keep: { result: '1h' } })
  const { assignment, options, task } = engine.workers.last()
  expect(task).toEqual({ task: RUN, inputs, outputs })
  expect(assignment.sources).toEqual([far])
  expect(assignment.keep_until_ms).toBe(engine.clock.wallMs() + 2 * 3_600_000)
  // Its files may take longer to come than the task may run.
  expect(options.timeoutMs).toBeGreaterThan(3_600_000)
})

test('a link names peers that have its file', async () => {
  const engine = await startWith()
  const address = `/ip4/10.0.0.9/tcp/1/p2p/${PEER}`
  const from = `taskmesh:?xt=urn:sha256:${'a'.repeat(64)}&peer=${address}&peer=/ip4/10.0.0.1/tcp/1`
  await engine.submit({ task: RUN, inputs: [{ path: 'a', from }] })
  const { assignment, task } = engine.workers.last()
  expect(task).toEqual({ task: RUN, inputs: [{ path: 'a', from: `mesh:${A}` }], outputs: [] })
  expect(assignment.sources).toEqual([{ peer_id: PEER, addresses: [address] }])
})

test('a task without files is sent alone', async () => {
  const engine = await startWith()
  await engine.submit()
  const { assignment, task } = engine.workers.last()
  expect(task).toEqual(NOOP)
  expect(assignment.sources).toBeUndefined()
})

test('what another job left becomes a file of the mesh once that has ended', async () => {
  const engine = await startWith()
  const views = await engine.intake.submitGraph(
    { jobs: { a: MAKER, b: { task: RUN, inputs: [{ path: 'in', from: 'job:a/out' }] } } },
    'test'
  )
  await settle()
  const b = views[1]?.id as string
  expect(views[1]).toMatchObject({ state: 'pending', needs: [views[0]?.id] })
  engine.workers.last().complete({}, outputOf(A))
  await settle()
  expect(engine.workers.last().task).toMatchObject({ inputs: [{ path: 'in', from: `mesh:${A}` }] })
  expect(await reasonsOf(engine, b)).toEqual(
    expect.arrayContaining(['SUBMITTED', 'WAITS_FOR_NEEDS', 'NEEDS_MET']) as string[]
  )
})

test('of an array job the output of one item is taken', async () => {
  const engine = await startWith()
  const a = await engine.submit({ ...MAKER, each: [{ id: 'x' }, { id: 'y' }] })
  engine.workers.last().complete({}, outputOf(A))
  await settle()
  engine.workers.last().complete({}, outputOf(B))
  await settle()
  await engine.submit({ task: RUN, inputs: [{ path: 'in', from: `job:${a}/y/out` }] })
  expect(engine.workers.last().task).toMatchObject({ inputs: [{ path: 'in', from: `mesh:${B}` }] })
  const without = await engine.submit({ task: RUN, inputs: [{ path: 'in', from: `job:${a}/out` }] })
  const failed = await engine.reader.describe(without)
  expect(failed).toMatchObject({
    state: 'failed',
    error: { code: 'FIELD_INVALID', path: 'inputs[0].from', blame: 'job' }
  })
  expect(failed.error?.hint).toContain(`job:${a}/<item>/out`)
})

test('an output that is not there fails the job, and says which there are', async () => {
  const engine = await startWith()
  const a = await engine.submit(MAKER)
  engine.workers.last().complete({}, outputOf(A))
  await settle()
  const id = await engine.submit({ task: RUN, inputs: [{ path: 'in', from: `job:${a}/log` }] })
  expect(await engine.reader.describe(id)).toMatchObject({
    state: 'failed',
    error: { message: expect.stringContaining('left no output "log"'), hint: 'it left out' }
  })
})

test('a job that was never there is refused by the field that names it', async () => {
  const engine = await startWith()
  const inputs = [{ path: 'in', from: 'job:j-nowhere/out' }]
  const refused = await refusalOf(engine.intake.submit({ task: RUN, inputs }, 'test'))
  expect(refused).toMatchObject({ code: 'JOB_NOT_FOUND', path: 'inputs[0].from' })
})

test('a job waits for the web, and begins with a file of the mesh', async () => {
  const engine = await startWith()
  const id = await engine.submit({ task: RUN, inputs: WEB })
  expect(await engine.reader.describe(id)).toMatchObject({ state: 'pending' })
  expect(engine.files.fetches[0]?.source).toMatchObject({
    url: URL_,
    sha256: SHA,
    path: 'inputs[0]'
  })
  engine.clock.advance(60_000)
  engine.files.fetches[0]?.options.onProgress?.(2 ** 20, 2 ** 22)
  await settle()
  engine.files.fetches[0]?.answer(A)
  await settle()
  expect(engine.workers.last().task).toMatchObject({
    inputs: [{ path: 'm.bin', from: `mesh:${A}` }]
  })
  const record = await engine.pending.find(id)
  expect(record?.history.slice(0, 4)).toMatchObject([
    { reason: 'SUBMITTED' },
    { reason: 'WAITS_FOR_INPUTS' },
    { reason: 'INPUTS_FETCHING', text: '1MiB of 4MiB of example.org are here' },
    { reason: 'INPUTS_CAME', state: 'queued' }
  ])
})

test('a server that fails is asked again, later and later, and then the job fails of it', async () => {
  const engine = await startWith()
  const id = await engine.submit({ task: RUN, inputs: WEB })
  const error = new MeshError('FILE_UNAVAILABLE', 'status 503', { retryable: true })
  for (const pauseMs of [1_000, 5_000, 20_000, 60_000]) {
    engine.files.fetches.at(-1)?.fail(error)
    const count = engine.files.fetches.length
    await engine.advance(pauseMs - 1)
    expect(engine.files.fetches).toHaveLength(count)
    await engine.advance(1)
    expect(engine.files.fetches).toHaveLength(count + 1)
  }
  engine.files.fetches.at(-1)?.fail(error)
  await settle()
  expect(await engine.reader.describe(id)).toMatchObject({
    state: 'failed',
    error: { code: 'FILE_UNAVAILABLE', path: 'inputs[0].from', retryable: false }
  })
  expect(
    (await reasonsOf(engine, id)).filter((reason) => reason === 'FILE_UNAVAILABLE')
  ).toHaveLength(5)
  expect(engine.clock.timerCount).toBe(0)
})

test('what is wrong for good is not tried again, and ends what else is on its way', async () => {
  const engine = await startWith()
  const other = { path: 'n.bin', from: 'https://example.org/n.bin', sha256: 'd'.repeat(64) }
  const id = await engine.submit({ task: RUN, inputs: [...WEB, other] })
  const [first, second] = engine.files.fetches
  first?.fail(new MeshError('FIELD_INVALID', 'another SHA-256', { path: 'inputs[0].sha256' }))
  await settle()
  expect(second?.options.signal?.aborted).toBe(true)
  expect(await engine.reader.describe(id)).toMatchObject({
    state: 'failed',
    error: { code: 'FIELD_INVALID', path: 'inputs[0].sha256' }
  })
  expect(engine.files.fetches).toHaveLength(2)
})

test('a job is stopped while it waits for the web', async () => {
  const engine = await startWith()
  const id = await engine.submit({ task: RUN, inputs: WEB })
  await engine.control.stop(id, { reason: 'enough' }, 'me')
  expect(engine.files.fetches[0]?.options.signal?.aborted).toBe(true)
  expect(await engine.reader.describe(id)).toMatchObject({ state: 'stopped' })
})

test('held while it waits, it fetches anew once it is released', async () => {
  const engine = await startWith()
  const id = await engine.submit({ task: RUN, inputs: WEB })
  await engine.control.hold(id, undefined, 'me')
  expect(engine.files.fetches[0]?.options.signal?.aborted).toBe(true)
  expect(engine.workers.tasks).toHaveLength(0)
  await engine.control.release(id, 'me')
  await settle()
  engine.files.fetches[1]?.answer(A)
  await settle()
  expect(engine.workers.tasks).toHaveLength(1)
})

test('a router that starts again goes on waiting for the web', async () => {
  const engine = await startWith()
  const id = await engine.submit({ task: RUN, inputs: WEB })
  const next = await restart(engine)
  expect(await next.reader.describe(id)).toMatchObject({ state: 'pending' })
  next.files.fetches[0]?.answer(A)
  await settle()
  expect(next.workers.last().task).toMatchObject({ inputs: [{ path: 'm.bin', from: `mesh:${A}` }] })
})

test('a run of a schedule fetches for itself', async () => {
  const engine = await startWith()
  await engine.submit({ task: RUN, inputs: WEB, schedule: { cron: '* * * * *' } })
  expect(engine.files.fetches).toHaveLength(0)
  await engine.advance(60_000)
  expect(engine.files.fetches).toHaveLength(1)
  engine.files.fetches[0]?.answer(A)
  await settle()
  expect(engine.workers.tasks).toHaveLength(1)
})

test('the same submission is known by its key, before and after its inputs came', async () => {
  const engine = await startWith()
  const document = { task: RUN, inputs: WEB, key: 'k' }
  const id = await engine.submit(document)
  expect(await engine.submit(document)).toBe(id)
  engine.files.fetches[0]?.answer(A)
  await settle()
  expect(await engine.submit(document)).toBe(id)
})

test('run again, a job takes the files that it had', async () => {
  const engine = await startWith()
  const id = await engine.submit({ task: RUN, inputs: WEB })
  engine.files.fetches[0]?.answer(A)
  await settle()
  engine.workers.last().complete()
  await settle()
  await engine.intake.rerun(id, { items: 'all' }, 'me')
  await settle()
  expect(engine.workers.tasks).toHaveLength(2)
  expect(engine.workers.last().task).toMatchObject({
    inputs: [{ path: 'm.bin', from: `mesh:${A}` }]
  })
  expect(engine.files.fetches).toHaveLength(1)
})

test('a result that went aside is read from its file', async () => {
  const engine = await startWith()
  const need = await engine.submit()
  const file = { name: 'result.json', file: A, size: 11, kind: 'file' }
  engine.files.texts.set(A, '{"n":[1,2]}')
  engine.workers.last().complete(null, { output_file: file })
  await settle()
  const args = { n: { $job: need, at: 'n[1]' } }
  await engine.submit({ task: { ...NOOP, name: 'echo', args }, needs: [need] })
  expect(engine.workers.last().task).toMatchObject({ args: { n: 2 } })
})

test('one that is too long for what needs it fails that job, and is not fetched', async () => {
  const engine = await startWith()
  const need = await engine.submit()
  const file = { name: 'result.json', file: A, size: 2 ** 40, kind: 'file' }
  engine.workers.last().complete(null, { output_file: file })
  await settle()
  const id = await engine.submit({ task: { ...NOOP, args: { n: { $job: need } } }, needs: [need] })
  expect(await engine.reader.describe(id)).toMatchObject({
    state: 'failed',
    error: { code: 'REQUEST_TOO_LARGE' }
  })
})
