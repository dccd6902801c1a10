/** What comes in: once for each key, only as much as fits, graphs as a whole or not at all. */
import { expect, test } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { NOOP, refusalOf, settle, startIntake } from '../../support/build-intake.ts'
import { buildCandidate } from '../../support/build-candidate.ts'
import { startEngine } from '../../support/build-engine.ts'

const ECHO = { engine: 'builtin', name: 'echo' } as const
const JS = { engine: 'javascript', source: 'x' } as const

test('a job is on disk with all that a restart needs when it is acknowledged', async () => {
  const { dispatcher, intake, store } = await startIntake()
  const { isNew, job } = await intake.submit({ task: NOOP, priority: 7, x_mine: 1 }, 'peer')
  expect(isNew).toBe(true)
  expect(await store.job(job.id)).toMatchObject({
    state: 'queued',
    share: 'peer',
    submitter: 'peer',
    spec: { engine: 'builtin', priority: 7 },
    history: [{ state: 'queued', reason: 'SUBMITTED', by: 'peer' }]
  })
  expect(JSON.parse((await store.document(job.id)) ?? '')).toEqual({ task: NOOP, priority: 7 })
  expect(dispatcher.added).toEqual([job.id])
})

test('equal jobs point to one spec', async () => {
  const { dispatcher, submit } = await startIntake()
  const ids = [
    await submit({ name: 'a', resources: { cpu: 1 } }),
    await submit({ resources: { cpu: 1 } })
  ]
  const [first, second] = ids.map((id) => dispatcher.job(id)?.record)
  expect(first?.spec).toBe(second?.spec)
})

test('the same key with the same content is the first job, whatever the order of its fields', async () => {
  const { dispatcher, intake } = await startIntake()
  const first = await intake.submit({ key: 'k', task: { ...ECHO, args: { a: 1, b: 2 } } }, 'me')
  const again = await intake.submit({ task: { args: { b: 2, a: 1 }, ...ECHO }, key: 'k' }, 'me')
  expect(again).toMatchObject({ isNew: false, job: { id: first.job.id } })
  const other = await intake.submit({ key: 'k', task: NOOP }, 'you')
  expect(other.isNew).toBe(true)
  expect(dispatcher.added).toHaveLength(2)
})

test('a known key tells how its job stands now', async () => {
  const { dispatcher, intake } = await startIntake()
  const { job } = await intake.submit({ key: 'k', task: NOOP }, 'me')
  await dispatcher.complete(job.id)
  const again = await intake.submit({ key: 'k', task: NOOP }, 'me')
  expect(again.job).toMatchObject({ id: job.id, state: 'completed' })
})

test('the same key with other content is refused, naming what differs', async () => {
  const { intake } = await startIntake()
  await intake.submit({ key: 'k', task: { ...ECHO, args: { n: 1 } }, priority: 1 }, 'me')
  const other = { key: 'k', task: { ...ECHO, args: { n: 2, text: 'y'.repeat(99) } } }
  const error = await refusalOf(intake.submit(other, 'me'))
  expect(error).toMatchObject({ code: 'KEY_CONFLICT', path: 'key' })
  expect(error.message).toMatch(/priority: 1, now nothing; .*|task\.args\.n: 1, now 2/)
  expect(error.message).toContain('task.args.text: nothing, now "yyy')
  expect(error.message.length).toBeLessThan(400)
})

test('two submissions of a key at the same moment give one job', async () => {
  const { dispatcher, intake } = await startIntake()
  const submit = async (): Promise<unknown> => await intake.submit({ key: 'k', task: NOOP }, 'me')
  const all = (await Promise.all([submit(), submit(), submit()])) as { isNew: boolean }[]
  expect(all.filter(({ isNew }) => isNew)).toHaveLength(1)
  expect(dispatcher.added).toHaveLength(1)
})

test('a key whose submission failed is free again', async () => {
  const { intake } = await startIntake({ queuedItemsMax: 1 })
  const document = { key: 'k', task: NOOP }
  const [refused] = await Promise.allSettled([
    intake.submit({ ...document, each: [{}, {}] }, 'me'),
    intake.submit(document, 'me')
  ])
  expect(refused.status).toBe('rejected')
  expect((await intake.submit(document, 'me')).isNew).toBe(false)
})

test('a full queue refuses before anything is stored, and says when to come again', async () => {
  const { advance, dispatcher, intake, store, submit } = await startIntake({ queuedItemsMax: 3 })
  const first = await submit({ each: [{}, {}] })
  const each = [{}, {}]
  const error = await refusalOf(intake.submit({ task: NOOP, each }, 'me'))
  expect(error).toMatchObject({ code: 'QUEUE_FULL', retryable: true, retryAfterMs: 60_000 })
  expect(error.message).toContain('2 of 3 items')
  expect(await store.jobs({ limit: 9 })).toHaveLength(1)
  await dispatcher.complete(first)
  await submit({ each })
  await advance(30_000)
  // Two in the last minute: so one more takes half of it.
  await expect(intake.submit({ task: NOOP, each }, 'me')).rejects.toMatchObject({
    retryAfterMs: 30_000
  })
})

test('what never fits is not worth another try', async () => {
  const { intake } = await startIntake({ queuedItemsMax: 1 })
  await expect(intake.submit({ task: NOOP, each: [{}, {}] }, 'me')).rejects.toMatchObject({
    code: 'QUEUE_FULL',
    retryable: false
  })
})

test('submissions that come together do not overfill the queue', async () => {
  const { intake } = await startIntake({ queuedItemsMax: 2 })
  const all = await Promise.allSettled(
    Array.from({ length: 5 }, async () => await intake.submit({ task: NOOP }, 'me'))
  )
  expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
})

test('ops: every makes one item on each worker that fits, busy or not', async () => {
  const workers = [
    buildCandidate({ peerId: 'w2', slots: 1, running: 1, queueSlots: 0 }),
    buildCandidate({ peerId: 'w1' }),
    buildCandidate({ peerId: 'w3', engines: [] })
  ]
  const { store, submit } = await startIntake({ workers })
  const id = await submit({ ops: 'every' })
  expect(await store.job(id)).toMatchObject({ itemCount: 2, counts: { queued: 2 } })
  expect(await store.items(id, { limit: 9 })).toMatchObject([
    { id: 'w1', pinnedTo: 'w1' },
    { id: 'w2', pinnedTo: 'w2' }
  ])
})

test('ops: every is refused where nobody fits, and says why', async () => {
  const { intake } = await startIntake({ workers: [buildCandidate({ engines: [] })] })
  const error = await refusalOf(intake.submit({ task: NOOP, ops: 'every' }, 'me'))
  expect(error).toMatchObject({ code: 'NO_SUITABLE_WORKER', path: 'where' })
  expect(error.message).toContain('lacks engine builtin')
})

test('a graph is taken as a whole, in the order in which it can run', async () => {
  const { dispatcher, intake, store } = await startIntake()
  const sum = { needs: ['words'], task: { ...JS, input: { $job: 'words' } } }
  const [words, total] = await intake.submitGraph({ jobs: { sum, words: { task: NOOP } } }, 'me')
  expect([words?.name, words?.state]).toEqual(['words', 'queued'])
  expect([total?.name, total?.state, total?.needs]).toEqual(['sum', 'pending', [words?.id]])
  const document = JSON.parse((await store.document(total?.id ?? '')) ?? '') as object
  expect(document).toMatchObject({ needs: [words?.id], task: { input: { $job: words?.id } } })
  expect(dispatcher.added).toEqual([words?.id])
})

test('a graph with one bad job leaves nothing', async () => {
  const { intake, store } = await startIntake()
  const jobs = { a: { task: NOOP }, b: { task: NOOP, needs: ['j-unknown'] } }
  await expect(intake.submitGraph({ jobs }, 'me')).rejects.toMatchObject({
    code: 'JOB_NOT_FOUND',
    path: 'jobs.b.needs[0]'
  })
  const large = { task: { ...JS, input: 'x'.repeat(LIMITS.taskBytesMax) } }
  await expect(intake.submitGraph({ jobs: { a: jobs.a, large } }, 'me')).rejects.toMatchObject({
    code: 'REQUEST_TOO_LARGE',
    path: 'jobs.large.task'
  })
  expect(await store.jobs({ limit: 9 })).toEqual([])
})

test('a graph whose jobs all have keys is safe to repeat, before and after it ran', async () => {
  const { dispatcher, intake, store } = await startIntake()
  const graph = {
    jobs: {
      a: { key: 'ka', task: NOOP },
      b: { key: 'kb', needs: ['a'], task: { ...JS, input: { from: { $job: 'a' } } } }
    }
  }
  const first = await intake.submitGraph(graph, 'me')
  expect(await intake.submitGraph(graph, 'me')).toEqual(first)
  await dispatcher.complete(first[0]?.id ?? '', 'done')
  await expect.poll(() => dispatcher.added.length).toBe(2)
  const again = await intake.submitGraph(graph, 'me')
  expect(again.map(({ id }) => id)).toEqual(first.map(({ id }) => id))
  expect(await store.jobs({ limit: 9 })).toHaveLength(2)
})

test('a known graph tells how its jobs stand now', async () => {
  const engine = await startEngine()
  engine.workers.add('w1')
  const graph = { jobs: { a: { key: 'ka', task: NOOP, each: [{}, {}] } } }
  await engine.intake.submitGraph(graph, 'me')
  await settle()
  const [again] = await engine.intake.submitGraph(graph, 'me')
  expect(again).toMatchObject({ state: 'running', counts: { queued: 1, running: 1 } })
  engine.workers.last().complete()
  await settle()
  const [later] = await engine.intake.submitGraph(graph, 'me')
  expect(later).toMatchObject({ counts: { completed: 1, running: 1 }, attempts: 2 })
})

test('a graph of which only some jobs are known, or have changed, is refused', async () => {
  const { intake } = await startIntake()
  await intake.submit({ key: 'ka', name: 'a', task: NOOP }, 'me')
  const a = { key: 'ka', task: NOOP }
  await expect(
    intake.submitGraph({ jobs: { a, b: { key: 'kb', task: NOOP } } }, 'me')
  ).rejects.toMatchObject({ code: 'KEY_CONFLICT', path: 'jobs.b' })
  await expect(
    intake.submitGraph({ jobs: { a: { ...a, priority: 9 } } }, 'me')
  ).rejects.toMatchObject({ code: 'KEY_CONFLICT', path: 'jobs.a.key' })
})

test('a caller that waits gets what was gathered, or what is stored of an earlier submission', async () => {
  const { dispatcher, execution } = await startIntake()
  const document = { key: 'k', task: NOOP, each: [{}, {}] }
  const waiting = execution.execute(document, 'me')
  await expect.poll(() => dispatcher.added.length).toBe(1)
  await dispatcher.complete(dispatcher.added[0] ?? '', 'one', 'two')
  const executed = await waiting
  expect(executed.items.map(({ output }) => output)).toEqual(['"one"', '"two"'])
  const again = await execution.execute(document, 'me')
  expect(again.job.id).toBe(executed.job.id)
  expect(again.items.map(({ output }) => output)).toEqual(['"one"', '"two"'])
})

test('a caller that waits hears of a job that fails before it begins', async () => {
  const { dispatcher, execution, submit } = await startIntake()
  const need = await submit()
  const waiting = execution.execute({ task: NOOP, needs: [need] }, 'me')
  await settle()
  await dispatcher.fail(need, 'it threw')
  const { items, job } = await waiting
  expect(job).toMatchObject({ state: 'failed', error: { code: 'NEED_FAILED' } })
  expect(items).toMatchObject([{ item: { state: 'failed' }, output: null }])
})
