/** What a job's records survive: a store that fails, a router that ends and comes back. */
import { expect, test } from 'vitest'
import { FailingStore } from '../../support/failing-store.ts'
import { MemoryJobStore } from '../../../src/jobs/memory-store.ts'
import { NOOP, buildEngine, restart, settle, startEngine } from '../../support/build-engine.ts'
import { StuckStore } from '../../support/stuck-store.ts'

test('a job that could not be stored is not acknowledged, nor run', async () => {
  const store = new FailingStore()
  const engine = await startEngine({ store })
  engine.workers.add('w1')
  store.fails = () => true
  await expect(engine.submit()).rejects.toMatchObject({ code: 'STORE_FAILED', retryable: true })
  await settle()
  expect(engine.workers.tasks).toEqual([])
  expect(engine.dispatcher.counts()).toMatchObject({ queued: 0, running: 0 })
})

test('an end that could not be stored is told to nobody until it is', async () => {
  const store = new FailingStore()
  const engine = await startEngine({ store })
  engine.workers.add('w1')
  const id = await engine.submit()
  store.fails = () => true
  engine.workers.last().complete('precious')
  await engine.advance(5_000, 1_000)
  expect(engine.changes.some(({ finished }) => finished !== undefined)).toBe(false)
  expect((await engine.reader.describe(id)).state).toBe('running')
  store.fails = () => false
  await engine.advance(4_000)
  expect(await engine.reader.describe(id)).toMatchObject({ state: 'completed', result: 'precious' })
  expect(engine.changes.filter(({ finished }) => finished !== undefined)).toHaveLength(1)
  expect(engine.clock.timerCount).toBe(0)
})

test('a task is sent only once its beginning is stored', async () => {
  const store = new FailingStore()
  const engine = await startEngine({ store })
  store.fails = (changes) => changes.some(({ kind }) => kind === 'decision')
  engine.workers.add('w1')
  const id = await engine.submit()
  await engine.advance(5_000)
  expect(engine.workers.tasks).toHaveLength(0)
  store.fails = () => false
  await engine.advance(30_000)
  engine.workers.last().complete(1)
  await settle()
  expect(await engine.reader.describe(id)).toMatchObject({ state: 'completed', result: 1 })
})

test('a job’s row is written when its state changes, not with each of its items', async () => {
  const store = new FailingStore()
  const engine = await startEngine({ store })
  engine.workers.add('w1', (task) => queueMicrotask(() => task.complete()))
  const id = await engine.submit({ each: Array.from({ length: 100 }, () => ({})) })
  expect((await store.job(id))?.state).toBe('completed')
  const counts = Object.entries(Object.groupBy(store.written, (kind) => kind))
  const rows = Object.fromEntries(counts.map(([kind, all]) => [kind, all?.length]))
  expect(rows).toEqual({
    job: 3,
    document: 1,
    item: 300,
    attempt: 200,
    decision: 100,
    log: 100,
    output: 100
  })
})

test('a restarted router takes up what was left, and nothing that had ended', async () => {
  const first = await startEngine()
  first.workers.add('w1', undefined, { slots: 2 })
  const done = await first.submit()
  first.workers.last().complete('once')
  await settle()
  const array = await first.submit({ each: [{ id: 'a' }, { id: 'b' }, { id: 'c' }, { id: 'd' }] })
  first.workers.open()[0]?.complete('a')
  await settle()
  const second = await restart(first)
  expect(second.dispatcher.counts()).toEqual({ queued: 1, running: 2, held: 0 })
  expect(await second.reader.describe(array)).toMatchObject({
    state: 'running',
    counts: { queued: 1, running: 2, completed: 1 }
  })
  while (second.workers.open().length > 0) {
    second.workers.open()[0]?.complete('each once')
    await settle()
  }
  expect(second.workers.tasks.map(({ attempt, item }) => [item, attempt])).toEqual([
    [0, 1],
    [0, 1],
    [1, 1],
    [2, 1],
    [3, 1]
  ])
  expect(await second.reader.describe(array)).toMatchObject({
    state: 'completed',
    counts: { completed: 4 },
    attempts: 4
  })
  expect(await second.reader.describe(done)).toMatchObject({ state: 'completed', result: 'once' })
  // A third one has nothing to do.
  const third = await restart(second)
  expect(third.dispatcher.counts()).toEqual({ queued: 0, running: 0, held: 0 })
  expect(third.clock.timerCount).toBe(0)
})

test('a router that was away uses up no attempt', async () => {
  const first = await startEngine()
  first.workers.add('w1', undefined, { slots: 2 })
  const id = await first.submit({ retry: { attempts: 2 } })
  let engine = first
  // Each life of it sees the same attempt.
  for (let count = 0; count < 5; count += 1) engine = await restart(engine)
  engine.workers.last().answer('no JSON')
  await engine.advance(2_000)
  engine.workers.last().complete()
  await settle()
  expect(await engine.reader.describe(id)).toMatchObject({ state: 'completed', attempts: 2 })
})

test('attempts that were used up before a restart stay used up', async () => {
  const first = await startEngine()
  first.workers.add('w1').add('w2')
  const id = await first.submit({ retry: { attempts: 2 } })
  first.workers.last().fail('SANDBOX_CRASHED')
  await settle()
  const second = await restart(first)
  await second.advance(1_000)
  second.workers.last().fail('SANDBOX_CRASHED')
  await second.advance(60_000)
  expect(second.workers.tasks).toHaveLength(2)
  expect(await second.reader.describe(id)).toMatchObject({ state: 'failed', attempts: 2 })
})

test('the total time goes on while the router is away; the queue time begins anew', async () => {
  const first = await startEngine()
  const id = await first.submit({ timeouts: { queue: '10m', total: '30m' } })
  first.clock.advance(599_000)
  const second = await restart(first)
  await second.advance(599_000)
  expect((await second.reader.describe(id)).state).toBe('queued')
  const third = await restart(second)
  await third.advance(599_000)
  const fourth = await restart(third)
  await fourth.advance(10_000)
  expect((await fourth.reader.describe(id)).error).toMatchObject({ code: 'TOTAL_TIMED_OUT' })
})

test('nothing comes in before all that was left is taken up', async () => {
  const first = await startEngine()
  await first.submit()
  const second = buildEngine({ clock: first.clock, store: first.store })
  second.workers.add('w1', (task) => queueMicrotask(() => task.complete()), { slots: 9 })
  const submitted = second.intake.submit({ task: NOOP }, 'early bird')
  await settle()
  expect(second.workers.tasks).toEqual([])
  await second.intake.start()
  await submitted
  await settle()
  expect(second.workers.tasks.map(({ attempt }) => attempt)).toEqual([1, 1])
})

test('a job that can’t be understood any more ends, and keeps no router from starting', async () => {
  const first = await startEngine()
  const id = await first.submit()
  const fine = await first.submit()
  const job = await first.store.job(id)
  if (job === undefined) throw new Error('it was submitted')
  const spec = { ...job.spec, timeouts: { run: 'x' } }
  await first.store.apply([{ kind: 'job', job: { ...job, spec } }])
  const second = await restart(first)
  const { error, state } = await second.reader.describe(id)
  expect([state, error?.code, error?.path]).toEqual(['failed', 'FIELD_INVALID', 'timeouts.run'])
  expect((await second.reader.describe(fine)).state).toBe('queued')
})

test('documents that were put out of the cache are read back, once for all who ask', async () => {
  const store = new MemoryJobStore()
  const engine = await startEngine({ store, cacheBytesMax: 300 })
  engine.workers.add('w1', undefined, { running: 9 })
  const padding = 'x'.repeat(200)
  const each = Array.from({ length: 20 }, () => ({}))
  const task = { ...NOOP, name: 'echo', args: { padding } } as const
  const ids = [await engine.submit({ task, each }), await engine.submit({ task })]
  let readCount = 0
  const read = store.document.bind(store)
  store.document = (jobId) => {
    readCount += 1
    return read(jobId)
  }
  engine.workers.change('w1', { running: 0, slots: 30 })
  engine.dispatcher.pump()
  await settle()
  expect(engine.workers.open()).toHaveLength(21)
  expect(engine.workers.tasks.every((sent) => JSON.stringify(sent.task).includes(padding))).toBe(
    true
  )
  expect(readCount).toBeLessThanOrEqual(2)
  for (const sent of engine.workers.open()) sent.complete()
  await settle()
  for (const id of ids) expect((await engine.reader.describe(id)).state).toBe('completed')
})

test('nobody hears that a job has ended before its end is stored, whoever asks and however', async () => {
  const store = new FailingStore()
  const engine = await startEngine({ store })
  engine.workers.add('w1', undefined, { slots: 2 })
  const id = await engine.submit({ each: [{}, {}] })
  const heard: string[] = []
  const unwatch = engine.watchers.add(id, ({ job }) => heard.push(job.state))
  // The job's own end fails at first; both items end in the same breath.
  store.fails = (changes) =>
    changes.some((change) => change.kind === 'job' && change.job.state === 'completed')
  const [first, second] = engine.workers.open()
  first?.complete(1)
  second?.complete(2)
  await settle()
  expect(heard).not.toContain('completed')
  expect((await engine.reader.describe(id)).state).toBe('running')
  store.fails = () => false
  await engine.advance(1_000)
  expect(heard.at(-1)).toBe('completed')
  expect((await engine.reader.describe(id)).state).toBe('completed')
  expect(engine.dispatcher.job(id)).toBeUndefined()
  unwatch()
})

test('nothing new begins while the disk cannot follow, and all of it once it can', async () => {
  // The submission itself is stored.
  const store = new StuckStore(1)
  const engine = await startEngine({ store })
  engine.workers.add('w1', (task) => task.complete(), { slots: 10_000 })
  const begunCount = (): number => engine.dispatcher.counts().running
  const count = 6_000
  const each = Array.from({ length: count }, () => ({}))
  const { job } = await engine.intake.submit({ task: NOOP, each }, 'test')
  await settle()
  const begun = begunCount()
  expect(begun).toBeGreaterThan(1_000)
  expect(begun).toBeLessThan(count)
  await engine.advance(10_000, 1_000)
  expect(begunCount()).toBe(begun)
  store.release()
  await settle()
  await engine.advance(1_000)
  expect((await engine.reader.describe(job.id)).counts.completed).toBe(count)
})
