/** What is done for a task that has its slot: its inputs come, it runs, its outputs are taken; and what its router hears of it. */
import { expect, test } from 'vitest'
import { FILE } from '../../support/fake-task-files.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { NOOP, buildTaskServer, codeOf, leaseId } from '../../support/build-task-server.ts'
import { settle } from '../../support/settle.ts'
import type { RunningTask, TaskServerBench } from '../../support/build-task-server.ts'

const INPUTS = [{ path: 'data', from: `mesh:${FILE}` }]
const OUTPUTS = [{ name: 'model', path: 'out/model.bin' }]
const WITH_FILES = { task: NOOP, inputs: INPUTS, outputs: OUTPUTS }
const MIB = 2 ** 20

async function run(bench: TaskServerBench): Promise<RunningTask> {
  await settle()
  const [running] = bench.executor.running
  if (running === undefined) throw new Error('nothing runs')
  return running
}

/** As an engine does: the task has ended, and its outputs are taken before its end is told. */
async function leave(bench: TaskServerBench): Promise<void> {
  const { end, run: terms } = await run(bench)
  void terms.onOutput(OUTPUTS[0] as (typeof OUTPUTS)[0], { kind: 'disk', path: '/somewhere' }).then(
    () => end(),
    (error: unknown) => end({ error: MeshError.from(error) })
  )
  await settle()
}

test('a task fetches, runs and publishes; its router hears of each, and how long each took', async () => {
  const bench = await buildTaskServer()
  const { clock, executor, files, journal, lease, routers } = bench
  const answer = lease(1, {
    data: WITH_FILES,
    sources: [{ peer_id: 'peer', addresses: ['/ip4/1.2.3.4/tcp/1'] }],
    keep_until_ms: 5_000,
    disk_bytes: 9 * MIB
  })
  await settle()
  const [fetch] = files.fetches
  expect(fetch?.request).toEqual({
    inputs: INPUTS,
    program: undefined,
    sources: [{ peer_id: 'peer', addresses: ['/ip4/1.2.3.4/tcp/1'] }],
    diskBytesMax: 9 * MIB
  })
  fetch?.options.onProgress?.({ bytes: 3 * MIB, totalBytes: 4 * MIB })
  clock.advance(1_000)
  await settle()
  expect(routers.reports.splice(0)).toMatchObject([
    { state: 'fetching', progress: { ratio: 0.75, text: 'input 3MiB of 4MiB' } }
  ])
  // It has not begun: if all were lost now, it could begin anywhere.
  expect(journal()).toEqual([])
  expect(executor.running).toEqual([])
  const inputs = [{ path: 'data', source: '/inputs/1', kind: 'file', sizeBytes: 4 * MIB }] as const
  fetch?.arrive({ inputs, fetchedBytes: 4 * MIB })
  const { run: terms } = await run(bench)
  expect(terms).toMatchObject({ inputs, outputs: OUTPUTS, timeoutMs: 5_000 })
  expect(journal()).toEqual([`began ${leaseId(1)}`])
  clock.advance(2_000)
  await settle()
  expect(routers.takeStates()).toEqual([`${leaseId(1)} running`])
  await leave(bench)
  clock.advance(3_000)
  await settle()
  expect(routers.takeStates()).toEqual([`${leaseId(1)} publishing`])
  const [publish] = files.publishes
  expect(publish?.options.keep).toEqual({ keptFor: 'j-1', untilMs: 5_000 })
  publish?.options.onSkipped('out/link')
  publish?.finish({ size: 7 })
  const { result } = await answer
  expect(result).toMatchObject({
    outputs: [{ name: 'model', file: FILE, size: 7, kind: 'file' }],
    phases: { waited_ms: 0, fetched_ms: 1_000, ran_ms: 2_000, published_ms: 3_000 },
    usage: { bytes_in: 4 * MIB }
  })
  // How far the inputs had come says nothing of the task.
  expect(result?.progress).toBeUndefined()
  expect(result?.log?.entries[0]?.text).toContain('out/link')
  await settle()
  expect(files.heldCount).toBe(0)
})

test.each([
  new MeshError('FILE_UNAVAILABLE', 'nobody has it'),
  new MeshError('STORE_FULL', 'the disk is full', { blame: 'worker' })
])('a task whose inputs do not come never begins, and says why: $code', async (error) => {
  const { executor, files, journal, lease } = await buildTaskServer()
  const answer = lease(1, { data: WITH_FILES })
  await settle()
  files.fetches[0]?.fail(error)
  const { error: said, result } = await answer
  expect(said).toBe(error)
  expect(result?.usage).toBeUndefined()
  expect(executor.startedCount).toBe(0)
  expect(journal()).toEqual([])
})

test('inputs that do not come in time are unavailable', async () => {
  const { clock, files, lease } = await buildTaskServer()
  const answer = lease(1, { data: WITH_FILES })
  await settle()
  clock.advance(LIMITS.fetchMsMax)
  expect(codeOf(await answer)).toBe('FILE_UNAVAILABLE')
  expect(files.fetches[0]?.options.signal?.aborted).toBe(true)
})

test('a task that is stopped while its inputs come has ended', async () => {
  const { files, lease, send } = await buildTaskServer()
  const answer = lease(1, { data: WITH_FILES })
  await settle()
  const stopped = await send('STOP_TASK', { lease_id: leaseId(1), reason: 'enough' })
  expect(stopped.result).toEqual({ state: 'stopped' })
  expect(codeOf(await answer)).toBe('TASK_STOPPED')
  expect(files.fetches[0]?.options.signal?.aborted).toBe(true)
})

test('a worker that is drained hands back what still fetches, and lets go of its slot', async () => {
  const { lease, server } = await buildTaskServer()
  const answer = lease(1, { data: WITH_FILES })
  await settle()
  server.setAvailability({ availability: 'draining' })
  expect(codeOf(await answer)).toBe('WORKER_CORDONED')
  await settle()
  expect(server.load('router').running).toBe(0)
})

test('a router that was away finds a task that fetches as one that fetches', async () => {
  const { lease, routers } = await buildTaskServer()
  void lease(1, { data: WITH_FILES })
  await settle()
  routers.disconnect()
  routers.connect()
  await settle()
  expect(routers.takeStates()).toEqual([`${leaseId(1)} fetching`])
})

test('inputs stay for as long as a task that nobody can end still runs', async () => {
  const bench = await buildTaskServer()
  const { executor, files, lease } = bench
  const answer = lease(1, { data: { task: NOOP, inputs: INPUTS } })
  await settle()
  files.fetches[0]?.arrive()
  await run(bench)
  const gone = Promise.withResolvers<void>()
  executor.running[0]?.end({
    error: new MeshError('TASK_TIMED_OUT', 'too long'),
    lingering: gone.promise
  })
  await answer
  await settle()
  expect(files.heldCount).toBe(1)
  gone.resolve()
  await settle()
  expect(files.heldCount).toBe(0)
})

test('a task whose outputs cannot be taken has failed', async () => {
  const bench = await buildTaskServer()
  const answer = bench.lease(1, { data: { task: NOOP, outputs: OUTPUTS } })
  await leave(bench)
  bench.files.publishes[0]?.fail(new MeshError('TASK_FAILED', 'it is not there'))
  const { error, result } = await answer
  expect(error?.code).toBe('TASK_FAILED')
  expect(result?.outputs).toBeUndefined()
})

test('a long result becomes a file, and is not in the answer', async () => {
  const bench = await buildTaskServer()
  const answer = bench.lease(1)
  const { end } = await run(bench)
  end({ output: `"${'y'.repeat(LIMITS.resultInlineBytesMax - 1)}"` })
  await settle()
  const [publish] = bench.files.publishes
  expect(publish?.wish.name).toBe('result.json')
  publish?.finish({ size: LIMITS.resultInlineBytesMax + 1 })
  const { bulk, result } = await answer
  expect(bulk).toBeUndefined()
  expect(result?.output_file).toMatchObject({ name: 'result.json', file: FILE })
})

test('a result that is just short enough is in the answer', async () => {
  const bench = await buildTaskServer()
  const answer = bench.lease(1)
  const { end } = await run(bench)
  end({ output: `"${'y'.repeat(LIMITS.resultInlineBytesMax - 2)}"` })
  expect((await answer).bulk).toHaveLength(LIMITS.resultInlineBytesMax)
  expect(bench.files.publishes).toEqual([])
})

test('who sends a task without a router has its long result in the answer', async () => {
  const bench = await buildTaskServer()
  const answer = bench.ask()
  const { end } = await run(bench)
  end({ output: `"${'y'.repeat(MIB)}"` })
  expect((await answer).bulk).toHaveLength(MIB + 2)
})

test.each(['job:j-1/model', 'https://example.org/data'])(
  'a job that comes without a router has no input %s',
  async (from) => {
    const { ask } = await buildTaskServer()
    const task = { engine: 'javascript', source: `mesh:${FILE}` }
    const sha256 = from.startsWith('https') ? { sha256: '0'.repeat(64) } : {}
    const { error } = await ask({ task, inputs: [{ path: 'a', from, ...sha256 }] })
    expect(error).toMatchObject({ code: 'FIELD_INVALID', path: 'inputs[0].from' })
    expect(error?.hint).toContain('router')
  }
)

test('an assignment with an input that is not resolved is refused', async () => {
  const { lease } = await buildTaskServer()
  const { error } = await lease(1, {
    data: { task: NOOP, inputs: [{ path: 'a', from: 'job:j-1/model' }] }
  })
  expect(error).toMatchObject({ code: 'FIELD_INVALID', path: 'inputs[0].from' })
  expect(error?.hint).toContain('router')
})
