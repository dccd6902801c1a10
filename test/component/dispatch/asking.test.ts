/** Those who submit, wait and ask: what they are told, and that nobody is left behind. */
import { expect, test } from 'vitest'
import { MeshError } from '../../../src/core/errors.ts'
import { LogReader } from '../../../src/dispatch/views/log-reader.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { NOOP, settle, startEngine } from '../../support/build-engine.ts'
import type { LogView } from '../../../src/model/generated/api-log.ts'

test('execute gives all items, in whatever order they end', async () => {
  const engine = await startEngine()
  engine.workers.add('w1', undefined, { slots: 2 })
  const executed = engine.execution.execute({ task: NOOP, each: [{}, {}] }, 'peer')
  await settle()
  const [first, second] = engine.workers.open()
  second?.complete(2)
  await settle()
  first?.fail()
  const { items, job } = await executed
  expect(job).toMatchObject({ state: 'failed', submitter: 'peer' })
  expect(items.map(({ item, output }) => [item.index, item.state, output])).toEqual([
    [1, 'completed', '2'],
    [0, 'failed', null]
  ])
})

test('execute with a signal that is over submits nothing; one that ends stops the waiting only', async () => {
  const engine = await startEngine()
  engine.workers.add('w1')
  const gone = new MeshError('SESSION_CLOSED', 'the asker is gone')
  const over = AbortSignal.abort(gone)
  await expect(engine.execution.execute({ task: NOOP }, 'peer', { signal: over })).rejects.toBe(
    gone
  )
  expect((await engine.reader.list({ limit: 9 })).rows).toEqual([])
  const controller = new AbortController()
  const executed = engine.execution.execute({ task: NOOP }, 'peer', { signal: controller.signal })
  await settle()
  controller.abort(gone)
  await expect(executed).rejects.toBe(gone)
  engine.workers.last().complete()
  await settle()
  expect((await engine.reader.list({ limit: 9 })).rows.map(({ state }) => state)).toEqual([
    'completed'
  ])
})

test('execute with a signal that ends while the job is stored lets go of it', async () => {
  const engine = await startEngine()
  engine.workers.add('w1')
  const controller = new AbortController()
  const executed = engine.execution.execute({ task: NOOP }, 'peer', { signal: controller.signal })
  controller.abort(new MeshError('SESSION_CLOSED', 'the asker is gone'))
  await expect(executed).rejects.toMatchObject({ code: 'SESSION_CLOSED' })
  await settle()
  expect(engine.workers.open()).toHaveLength(1)
})

test('execute holds no more of an array’s results than fit into one answer', async () => {
  const engine = await startEngine()
  const large = 'x'.repeat(2 ** 21)
  engine.workers.add('w1', (task) => queueMicrotask(() => task.complete(large)))
  const executed = engine.execution.execute({ task: NOOP, each: [{}, {}, {}] }, 'peer')
  await expect(executed).rejects.toMatchObject({ code: 'TASK_OUTPUT_TOO_LARGE' })
  const [job] = (await engine.reader.list({ limit: 1 })).rows
  expect(job?.state).toBe('completed')
})

test('wait ends with the job, with the time, or with whoever waits, and leaves nothing behind', async () => {
  const engine = await startEngine()
  engine.workers.add('w1')
  const id = await engine.submit()
  const timed = engine.reader.wait(id, { timeoutMs: 1_000 })
  await engine.advance(1_000)
  expect((await timed).state).toBe('running')

  const controller = new AbortController()
  const reason = new Error('closed the window')
  const aborted = engine.reader.wait(id, { timeoutMs: 1_000, signal: controller.signal })
  await settle()
  controller.abort(reason)
  await expect(aborted).rejects.toBe(reason)
  const late = engine.reader.wait(id, { timeoutMs: 1_000, signal: controller.signal })
  await expect(late).rejects.toBe(reason)

  const waiting = engine.reader.wait(id, { timeoutMs: 1_000 })
  await settle()
  engine.workers.last().complete(7)
  expect(await waiting).toMatchObject({ state: 'completed', result: 7 })
  expect(await engine.reader.wait(id, { timeoutMs: 1_000 })).toMatchObject({ state: 'completed' })
  expect(engine.clock.timerCount).toBe(0)
})

test('a wait that begins as the job ends is not left waiting', async () => {
  const engine = await startEngine()
  engine.workers.add('w1')
  for (let turns = 0; turns < 20; turns += 1) {
    const id = await engine.submit()
    engine.workers.last().complete()
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve()
    const { state } = await engine.reader.wait(id, { timeoutMs: 1_000 })
    expect(state, `after ${turns} turns`).toBe('completed')
  }
})

test('a job tells its whole story: of itself, of its attempts, and what they wrote', async () => {
  const engine = await startEngine()
  const { reader } = engine
  engine.workers.add('w1')
  const id = await engine.submit()
  const logReader = new LogReader({ ...engine, logger: silentLogger })
  const parts: LogView[] = []
  let ends = 0
  await logReader.followLog(
    id,
    {},
    (part) => parts.push(part),
    () => (ends += 1)
  )
  engine.workers.last().refuse()
  await engine.advance(1_000)
  engine.workers.last().complete(7)
  await settle()
  const rows = await reader.history(id, {})
  const story = rows.map(({ attempt, of, state }) => `${of}${attempt ?? ''} ${state}`)
  expect(story[0]).toBe('job queued')
  expect(story).toContain('attempt1 refused')
  expect(story.slice(-2)).toEqual(['attempt2 completed', 'job completed'])
  const { logs: text } = await reader.describe(id)
  const told = parts.flatMap(({ entries }) => entries.map((entry) => entry.text))
  expect(told.join('')).toBe(text)
  expect(parts.at(-1)).toMatchObject({ attempt: 2, is_complete: true })
  expect(ends).toBe(1)
  expect((await logReader.log(id, {})).entries).toHaveLength(told.length)
})

test('ids may be shortened while they are unique', async () => {
  const engine = await startEngine()
  const id = await engine.submit()
  expect((await engine.reader.describe(id.slice(0, 6))).id).toBe(id)
  const other = await engine.submit()
  await expect(engine.reader.describe('j-')).rejects.toMatchObject({
    code: 'ID_AMBIGUOUS',
    message: expect.stringContaining(other) as string
  })
  await expect(engine.reader.describe('j-none')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' })
  expect((await engine.control.stop(other.slice(0, 8), { reason: 'enough' }, 'test')).id).toBe(
    other
  )
})

test('bad documents are refused before anything is kept', async () => {
  const engine = await startEngine()
  const cases: [unknown, string, string][] = [
    [{}, 'FIELD_MISSING', 'task'],
    [{ task: NOOP, timout: '1s' }, 'FIELD_UNKNOWN', 'timout'],
    [{ task: NOOP, timeouts: { run: '0s' } }, 'FIELD_INVALID', 'timeouts.run'],
    [{ task: NOOP, resources: { memory: 0 } }, 'FIELD_INVALID', 'resources.memory'],
    [{ task: NOOP, where: { require: ['zone == home'] } }, 'FIELD_INVALID', 'where.require[0]'],
    [{ task: NOOP, route: { weights: ZERO_WEIGHTS } }, 'FIELD_INVALID', 'route.weights']
  ]
  for (const [document, code, path] of cases) {
    await expect(engine.intake.submit(document, 'test')).rejects.toMatchObject({ code, path })
    await expect(engine.intake.plan(document)).rejects.toMatchObject({ code, path })
  }
  const huge = { task: { ...NOOP, args: { text: 'ä'.repeat(600_000) } } }
  await expect(engine.intake.submit(huge, 'test')).rejects.toMatchObject({
    code: 'REQUEST_TOO_LARGE',
    path: 'task'
  })
  expect((await engine.reader.list({ limit: 9 })).rows).toEqual([])
})

const ZERO_WEIGHTS = { cpu: 0, memory: 0, disk: 0, gpu: 0, latency: 0, reputation: 0 }

test('a plan says where a job would go, and stores nothing', async () => {
  const engine = await startEngine()
  engine.workers.add('w1')
  expect(await engine.intake.plan({ task: NOOP })).toMatchObject({
    outcome: 'can_start',
    decision: { chosen: 'w1' }
  })
  expect((await engine.intake.plan({ task: NOOP, resources: { cpu: 64 } })).outcome).toBe(
    'no_worker_fits'
  )
  expect((await engine.reader.list({ limit: 9 })).rows).toEqual([])
  expect(engine.workers.tasks).toEqual([])
})

test('lists are filtered by state and label, newest first, with what runs now', async () => {
  const engine = await startEngine()
  engine.workers.add('w1')
  const running = await engine.submit({ labels: { team: 'a' } })
  engine.clock.advance(1)
  const waiting = await engine.submit({ labels: { team: 'a' } })
  const ids = async (filter: object): Promise<string[]> =>
    (await engine.reader.list({ limit: 9, ...filter })).rows.map(({ id }) => id)
  expect(await ids({})).toEqual([waiting, running])
  expect(await ids({ state: 'running' })).toEqual([running])
  expect(await ids({ state: 'queued', labels: { team: 'a' } })).toEqual([waiting])
  expect(await ids({ labels: { team: 'b' } })).toEqual([])
})
