/** What waits, for whom, in what order and for how long; and how jobs end before their tasks do. */
import { expect, test } from 'vitest'
import { NOOP, settle, startEngine } from '../../support/build-engine.ts'
import type { Engine } from '../../support/build-engine.ts'
import type { SentTask } from '../../support/fake-worker.ts'

const ITEMS = (count: number) => Array.from({ length: count }, (_, index) => ({ id: `i${index}` }))

test('holds back while nobody has room, and goes to whoever has room first', async () => {
  const engine = await startEngine()
  engine.workers.add('w1', undefined, { running: 1 }).add('w2', undefined, { running: 1 })
  const id = await engine.submit()
  expect(engine.workers.tasks).toEqual([])
  const { waiting_for: waitingFor, state } = await engine.reader.describe(id)
  expect([state, waitingFor]).toEqual(['queued', expect.stringContaining('full')])
  engine.workers.change('w2', { running: 0 })
  engine.dispatcher.pump()
  await settle()
  expect(engine.workers.last().peer).toBe('w2')
})

test('explains an item that waits, without choosing anybody', async () => {
  const engine = await startEngine()
  engine.workers.add('w1', undefined, { engines: [] })
  const id = await engine.submit()
  const decision = await engine.reader.explain(id, {})
  expect(decision).toMatchObject({ job_id: id, item: 0, chosen: null, draw: null, considered: 1 })
  expect(decision.candidates[0]).toMatchObject({ verdict: 'rejected' })
  await expect(engine.reader.explain(id, { attempt: 1 })).rejects.toMatchObject({
    code: 'NOT_FOUND'
  })
})

test('higher priority goes first, then what came first, across all lanes', async () => {
  const engine = await startEngine()
  engine.workers.add('w1', undefined, { running: 1, labels: { zone: 'home' } })
  const home = { where: { require: ['zone = home'] } }
  const low = await engine.submit({ priority: 10 })
  const middle = await engine.submit({ ...home, priority: 50 })
  const high = await engine.submit({ priority: 90 })
  const later = await engine.submit({ ...home, priority: 50 })
  engine.workers.change('w1', { running: 0 })
  const order: string[] = []
  for (let count = 0; count < 4; count += 1) {
    engine.dispatcher.pump()
    await settle()
    order.push(engine.workers.last().jobId)
    engine.workers.last().complete()
    await settle()
  }
  expect(order).toEqual([high, middle, later, low])
})

test('what nobody can take does not stand before what somebody can', async () => {
  const engine = await startEngine()
  engine.workers.add('w1')
  const blocked = await engine.submit({ priority: 100, resources: { cpu: 64 } })
  const free = await engine.submit({ priority: 0 })
  expect(engine.workers.last().jobId).toBe(free)
  expect((await engine.reader.describe(blocked)).waiting_for).toContain('64')
})

test('fails when its queue time is up, saying truly what was missing', async () => {
  const engine = await startEngine()
  engine.workers.add('w1')
  const id = await engine.submit({ resources: { cpu: 64 }, timeouts: { queue: '2m' } })
  await engine.advance(119_999)
  expect((await engine.reader.describe(id)).state).toBe('queued')
  await engine.advance(1)
  const { error, state } = await engine.reader.describe(id)
  expect(state).toBe('failed')
  expect(error).toMatchObject({ code: 'QUEUE_TIMED_OUT', path: 'timeouts.queue' })
  expect(error?.message).toMatch(
    /^nothing of the job could run for 2m: .*too few CPU cores \(\d+ of 64\)/
  )
})

test('the queue time does not count while something of the job runs', async () => {
  const engine = await startEngine()
  engine.workers.add('w1')
  const id = await engine.submit({ each: ITEMS(2), timeouts: { queue: '1m' } })
  await engine.advance(300_000)
  expect((await engine.reader.describe(id)).state).toBe('running')
  engine.workers.change('w1', { running: 1 })
  engine.workers.last().complete()
  await settle()
  await engine.advance(59_999)
  expect((await engine.reader.describe(id)).state).toBe('running')
  await engine.advance(1)
  expect(await engine.reader.describe(id)).toMatchObject({
    state: 'failed',
    counts: { completed: 1, failed: 1 }
  })
})

test('the queue time of a job that was moved away begins anew; a refusal leaves it as it is', async () => {
  const engine = await startEngine()
  engine.workers.add('w1')
  const id = await engine.submit({ timeouts: { queue: '1m' } })
  await engine.advance(300_000)
  engine.workers.change('w1', { running: 1 })
  // Cut off in the midst, as by a drain.
  engine.workers.last().fail('WORKER_CORDONED')
  await engine.advance(30_000)
  expect((await engine.reader.describe(id)).state).toBe('queued')
  engine.workers.change('w1', { running: 0 })
  engine.dispatcher.pump()
  await settle()
  engine.workers.change('w1', { running: 1 })
  engine.workers.last().refuse()
  await engine.advance(29_999)
  expect((await engine.reader.describe(id)).state).toBe('queued')
  await engine.advance(1)
  expect(await engine.reader.describe(id)).toMatchObject({
    state: 'failed',
    attempts: 2,
    error: { code: 'QUEUE_TIMED_OUT' }
  })
})

test('the total time ends what runs and what waits, once and for all', async () => {
  const engine = await startEngine()
  engine.workers.add('w1').add('w2')
  const id = await engine.submit({ each: ITEMS(3), timeouts: { total: '5m' } })
  await engine.advance(300_000)
  expect(engine.workers.open()).toEqual([])
  expect(engine.workers.tasks.every(({ stopReason }) => stopReason?.includes('5m'))).toBe(true)
  expect(await engine.reader.describe(id)).toMatchObject({
    state: 'failed',
    counts: { failed: 3 },
    error: { code: 'TOTAL_TIMED_OUT' }
  })
  const attempts = await engine.reader.attempts(id, { limit: 9 })
  expect(attempts.map(({ state }) => state)).toEqual(['stopped', 'stopped'])
  expect(
    engine.outcomes.every((outcome) => outcome.kind === 'failed' && outcome.blame === 'job')
  ).toBe(true)
  expect(engine.dispatcher.counts()).toMatchObject({ queued: 0, running: 0 })
  expect(engine.clock.timerCount).toBe(0)
})

test('fault 15: while all workers are busy, a job waits and is told so', async () => {
  const engine = await startEngine()
  engine.workers.add('w1').add('w2')
  for (let count = 0; count < 2; count += 1) await engine.submit()
  const waiting = await engine.submit()
  const view = await engine.reader.describe(waiting)
  expect(view.state).toBe('queued')
  expect(view.waiting_for).toContain('full')
  engine.workers.open()[0]?.complete()
  await settle()
  expect(engine.workers.last().jobId).toBe(waiting)
})

test('fault 16: if no worker fits, a job waits, is told which requirement, and fails when its time is up', async () => {
  const engine = await startEngine()
  engine.workers.add('w1')
  const id = await engine.submit({
    where: { require: ['zone = home'] },
    timeouts: { queue: '1m' }
  })
  expect((await engine.reader.describe(id)).waiting_for).toContain('zone')
  await engine.advance(60_000)
  const { error, state } = await engine.reader.describe(id)
  expect([state, error?.code]).toEqual(['failed', 'QUEUE_TIMED_OUT'])
  expect(error?.message).toContain('zone')
  expect(engine.workers.tasks).toEqual([])
})

test('an array job tells each item’s end, and counts truly all the way', async () => {
  const engine = await startEngine()
  engine.workers.add('w1', undefined, { slots: 2 })
  const each = [{ id: 'a', args: { n: 1 } }, { id: 'b', args: { n: 2 } }, { id: 'c' }]
  const id = await engine.submit({ task: { ...NOOP, name: 'echo' }, each })
  const [first, second] = engine.workers.open()
  expect([first?.task, second?.task]).toEqual([
    { engine: 'builtin', name: 'echo', args: { n: 1 } },
    { engine: 'builtin', name: 'echo', args: { n: 2 } }
  ])
  second?.complete(2)
  await settle()
  first?.fail('TASK_FAILED')
  await settle()
  engine.workers.last().complete(3)
  await settle()
  const view = await engine.reader.describe(id)
  expect(view).toMatchObject({ state: 'failed', attempts: 3, counts: { completed: 2, failed: 1 } })
  const items = await engine.reader.items(id, { limit: 9 })
  expect(items.map(({ id: item, result, state }) => [item, state, result])).toEqual([
    ['a', 'failed', undefined],
    ['b', 'completed', 2],
    ['c', 'completed', 3]
  ])
  const ended = engine.changes.flatMap(({ finished }) => finished?.item.id ?? [])
  expect(ended).toEqual(['b', 'a', 'c'])
  for (const { job } of engine.changes) {
    expect(Object.values(job.counts).reduce((sum, count) => sum + count)).toBe(3)
  }
})

test('attempts and decisions of an item are found by its id, own or given', async () => {
  const engine = await startEngine()
  engine.workers.add('w1', (task) => task.complete())
  const named = await engine.submit({ each: [{ id: 'x' }, { id: '0' }] })
  expect((await engine.reader.attempts(named, { item: '0', limit: 9 }))[0]).toMatchObject({
    item: '0',
    index: 1
  })
  expect(await engine.reader.explain(named, { item: 'x' })).toMatchObject({ item: 0 })
  const plain = await engine.submit({ each: [{}, {}, {}] })
  const attempts = await engine.reader.attempts(plain, { after: 0, limit: 9 })
  expect(attempts.map(({ item }) => item)).toEqual(['1', '2'])
  for (const item of ['x', '3', '', '00']) {
    await expect(engine.reader.explain(plain, { item })).rejects.toMatchObject({
      code: 'NOT_FOUND'
    })
  }
})

test('10,000 items go through ten workers, each once', async () => {
  const engine = await startEngine()
  for (let number = 0; number < 10; number += 1) {
    engine.workers.add(`w${number}`, (task) => queueMicrotask(() => task.complete(task.item)), {
      slots: 4
    })
  }
  const id = await engine.submit({ each: ITEMS(10_000) })
  const view = await engine.reader.wait(id, { timeoutMs: 1 })
  expect(view).toMatchObject({
    state: 'completed',
    attempts: 10_000,
    counts: { completed: 10_000 }
  })
  expect(new Set(engine.workers.tasks.map(({ item }) => item)).size).toBe(10_000)
  const perWorker = Map.groupBy(engine.workers.tasks, ({ peer }) => peer)
  expect(Math.min(...[...perWorker.values()].map((tasks) => tasks.length))).toBeGreaterThan(500)
  expect(engine.clock.timerCount).toBe(0)
})

test('a stopped dispatcher sends nothing more, leaves no timer, and its tasks to go on', async () => {
  const engine = await startEngine()
  engine.workers.add('w1')
  const id = await engine.submit({ each: ITEMS(2) })
  await engine.dispatcher.stop()
  await engine.dispatcher.stop()
  expect(engine.workers.last().isOpen).toBe(true)
  expect(engine.clock.timerCount).toBe(0)
  expect((await engine.store.items(id, { limit: 9 })).map(({ state }) => state)).toEqual([
    'running',
    'queued'
  ])
  expect(engine.outcomes).toEqual([])
  await expectNothingNew(engine)
})

async function expectNothingNew(engine: Engine): Promise<void> {
  const count = engine.workers.tasks.length
  engine.dispatcher.pump()
  await engine.advance(10_000)
  expect(engine.workers.tasks).toHaveLength(count)
}

test('what every worker refuses ends with what the last of them said', async () => {
  const engine = await startEngine()
  engine.workers.add('w1', (task) => task.refuse('OWNER_REFUSED'))
  const id = await engine.submit({ timeouts: { queue: '5s' } })
  await engine.advance(4_000, 100)
  const waitingFor = '1 of 1 worker was refused: 1 refused it lately (saying: not now)'
  expect((await engine.reader.describe(id)).waiting_for).toBe(waitingFor)
  await engine.advance(2_000, 100)
  expect(await engine.reader.describe(id)).toMatchObject({
    state: 'failed',
    error: {
      code: 'QUEUE_TIMED_OUT',
      message: expect.stringContaining('not now') as string
    }
  })
})

test('a worker that will not have an item is not asked again for a while that grows', async () => {
  const engine = await startEngine()
  engine.workers.add('w1', (task) => task.refuse('OWNER_REFUSED'))
  const id = await engine.submit()
  const askedAtMs: number[] = []
  for (let ms = 0; ms <= 200_000; ms += 1_000) {
    while (askedAtMs.length < engine.workers.tasks.length) askedAtMs.push(ms)
    await engine.advance(1_000, 500)
  }
  expect(askedAtMs).toEqual([0, 5_000, 15_000, 35_000, 75_000, 135_000, 195_000])
  // Nobody waits for it any more once the item has ended.
  await engine.control.stop(id, { killAfterMs: undefined, reason: 'enough' }, 'test')
  expect(engine.clock.timerCount).toBe(0)
})

function refuseFirst(task: SentTask): void {
  if (task.item === 0) task.refuse('OWNER_REFUSED')
  else task.complete()
}

test('what one worker will not have goes to another at once, and the one is asked about other items', async () => {
  const engine = await startEngine()
  engine.workers.add('w1', refuseFirst, { reputation: 1 })
  const id = await engine.submit({ each: ITEMS(3), route: { pick: 'best' } })
  await engine.advance(100, 10)
  expect(engine.workers.tasks.map(({ item }) => item)).toEqual([0, 1, 2])
  engine.workers.add('w2')
  engine.dispatcher.pump()
  await settle()
  expect(engine.workers.last()).toMatchObject({ peer: 'w2', item: 0 })
  const { rejected } = await engine.reader.explain(id, { item: 'i0' })
  expect(rejected).toEqual({ REFUSED_LATELY: 1 })
  engine.workers.last().complete()
  await settle()
  expect(await engine.reader.describe(id)).toMatchObject({ state: 'completed' })
  expect(engine.clock.timerCount).toBe(0)
})
