/** What storage jobs have placed stays placed: lost copies are replaced, until the date, across restarts. */
import { beforeEach, expect, it, vi } from 'vitest'
import { buildJob } from '../../conformance/job-store-records.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { MemoryJobStore } from '../../../src/jobs/memory-store.ts'
import { seededRandom } from '../../../src/core/random.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { StorageKeeper } from '../../../src/dispatch/storage-keeper.ts'
import type { FileKeeping } from '../../../src/dispatch/storage-keeper.ts'
import type { JobDocument } from '../../../src/model/job.ts'
import type { JobRecord } from '../../../src/jobs/records.ts'

const FILE = `sha256:${'a'.repeat(64)}`
const MINUTE_MS = 60_000
const GRACE_MS = 5 * MINUTE_MS

let clock: FakeClock
let store: MemoryJobStore
let keepings: FileKeeping[]
let submitted: JobDocument[]
/** Of the replacements, in their order. */
let ids: string[]
let onSubmit: () => void
let keeper: StorageKeeper

beforeEach(async () => {
  clock = new FakeClock()
  store = new MemoryJobStore()
  keepings = [kept('one', 'j-first'), kept('two', 'j-first')]
  submitted = []
  ids = []
  onSubmit = () => {}
  keeper = await startKeeper()
})

it('leaves alone what has all its copies', async () => {
  await place('j-first')
  await pass(60 * MINUTE_MS)
  expect(submitted).toEqual([])
  expect(keeper.ordersOf(FILE)).toMatchObject([{ jobId: 'j-first', copies: 2, heldCount: 2 }])
})

it('replaces a copy that is away for longer than the grace, elsewhere', async () => {
  await place('j-first')
  keepings = [kept('two', 'j-first')]
  await pass(GRACE_MS - MINUTE_MS)
  expect(submitted).toEqual([])
  await pass(2 * MINUTE_MS)
  expect(submitted).toMatchObject([
    { task: { engine: 'storage', file: `mesh:${FILE}`, copies: 1 }, where: { never: ['two'] } }
  ])
})

it('does not count the time of an absence that has ended', async () => {
  await place('j-first')
  const whole = keepings
  keepings = whole.slice(1)
  await pass(GRACE_MS - MINUTE_MS)
  keepings = whole
  await pass(2 * MINUTE_MS)
  keepings = whole.slice(1)
  await pass(GRACE_MS - MINUTE_MS)
  expect(submitted).toEqual([])
})

it('asks for one replacement at a time, and again when it has failed', async () => {
  await place('j-first')
  keepings = keepings.slice(1)
  await pass(20 * MINUTE_MS)
  expect(submitted).toHaveLength(1)
  keeper.onJob(record(ids[0] ?? '', 'failed'))
  await pass(GRACE_MS + MINUTE_MS)
  expect(submitted).toHaveLength(2)
})

it('counts a copy that a replacement has placed', async () => {
  await place('j-first')
  keepings = keepings.slice(1)
  await pass(GRACE_MS + MINUTE_MS)
  keepings = [kept('two', 'j-first'), kept('three', ids[0] ?? '')]
  keeper.onJob(record(ids[0] ?? '', 'completed'))
  await pass(20 * MINUTE_MS)
  expect(submitted).toHaveLength(1)
  expect(keeper.ordersOf(FILE)).toMatchObject([{ heldCount: 2 }])
})

it('counts no copy that is kept for somebody else, and could go any time', async () => {
  await place('j-first')
  keepings = [kept('one', 'j-first'), kept('two', 'j-other'), { peer: 'three', keptFor: [] }]
  await pass(GRACE_MS + MINUTE_MS)
  expect(submitted).toMatchObject([{ task: { copies: 1 }, where: { never: ['one'] } }])
})

it('goes on after a restart, and ends with the date', async () => {
  await place('j-first')
  await keeper.stop()
  keeper = await startKeeper()
  expect(keeper.ordersOf(FILE)).toHaveLength(1)
  keepings = []
  await pass(25 * 60 * MINUTE_MS)
  expect(keeper.ordersOf(FILE)).toEqual([])
  const count = submitted.length
  await pass(60 * MINUTE_MS)
  expect(submitted).toHaveLength(count)
})

it('has no order from a job that failed, nor from one of another engine', async () => {
  await place('j-first', 'failed')
  keeper.onJob({ ...record('j-first', 'completed'), engine: 'builtin' })
  await keeper.check()
  expect(keeper.ordersOf(FILE)).toEqual([])
})

it('holds from the beginning what a job is about to place, and not what could not be placed', async () => {
  await place('j-first', 'running')
  expect(keeper.ordersOf(FILE)).toHaveLength(1)
  expect(keeper.needs('j-first')).toBe(true)
  keepings = []
  await pass(20 * MINUTE_MS)
  expect(submitted).toEqual([])
  keeper.onJob(record('j-first', 'failed'))
  await keeper.check()
  expect(keeper.ordersOf(FILE)).toEqual([])
  expect(keeper.needs('j-first')).toBe(false)
})

it('knows after a restart how the job ended that was placing copies', async () => {
  await place('j-first', 'running')
  await keeper.stop()
  await store.apply([{ kind: 'job', job: record('j-first', 'completed') }])
  keeper = await startKeeper()
  keepings = keepings.slice(1)
  await pass(GRACE_MS + MINUTE_MS)
  expect(submitted).toHaveLength(1)
})

it('has no second replacement placed by a restart in the middle of one', async () => {
  await place('j-first')
  keepings = keepings.slice(1)
  await pass(GRACE_MS + MINUTE_MS)
  await keeper.stop()
  await store.apply([{ kind: 'job', job: record(ids[0] ?? '', 'running') }])
  keeper = await startKeeper()
  await pass(20 * MINUTE_MS)
  expect(submitted).toHaveLength(1)
  expect(keeper.needs(ids[0] ?? '')).toBe(true)
  // Its end is no order of its own.
  keeper.onJob(record(ids[0] ?? '', 'completed'))
  await keeper.check()
  expect(keeper.ordersOf(FILE)).toHaveLength(1)
})

it('tries again what could not be submitted', async () => {
  await place('j-first')
  keepings = keepings.slice(1)
  onSubmit = () => {
    throw new MeshError('QUEUE_FULL', 'no room')
  }
  await pass(GRACE_MS + MINUTE_MS)
  expect(submitted).toEqual([])
  onSubmit = () => {}
  await pass(GRACE_MS + MINUTE_MS)
  expect(submitted).toHaveLength(1)
})

it('replaces copies as the job asked for them, but at once and under no key', async () => {
  const where = { require: ['zone = home'], never: ['four'] }
  await place('j-first', 'completed', { key: 'k', labels: { a: 'b' }, needs: ['j-0'], where })
  keepings = keepings.slice(1)
  await pass(GRACE_MS + MINUTE_MS)
  expect(submitted).toHaveLength(1)
  expect(submitted[0]).toMatchObject({
    labels: { a: 'b' },
    where: { require: ['zone = home'], never: ['four', 'two'] }
  })
  expect(submitted[0]).not.toHaveProperty('key')
  expect(submitted[0]).not.toHaveProperty('needs')
})

it('writes many orders that come at once together', async () => {
  const apply = vi.spyOn(store, 'apply')
  await Promise.all(Array.from({ length: 50 }, (_, number) => place(`j-${number}`)))
  const notes = apply.mock.calls.flat(2).filter(({ kind }) => kind === 'note')
  expect(keeper.ordersOf(FILE)).toHaveLength(50)
  expect(notes.length).toBeLessThan(10)
})

async function startKeeper(): Promise<StorageKeeper> {
  const started = new StorageKeeper(
    {
      clock,
      store,
      logger: silentLogger,
      nowMs: () => clock.wallMs(),
      keepings: () => keepings,
      random: seededRandom(ids.length),
      submit: async (document, { id }) => {
        onSubmit()
        submitted.push(document)
        ids.push(id)
      }
    },
    { graceMs: GRACE_MS }
  )
  await started.start()
  return started
}

async function place(
  jobId: string,
  state: JobRecord['state'] = 'completed',
  more: Partial<JobDocument> = {}
): Promise<void> {
  const until = new Date(clock.wallMs() + 24 * 60 * MINUTE_MS).toISOString()
  const document = { ...more, task: { engine: 'storage', file: `mesh:${FILE}`, copies: 2, until } }
  await store.apply([{ kind: 'document', jobId, document: JSON.stringify(document) }])
  keeper.onJob(record(jobId, state))
  await keeper.check()
}

/** Minute by minute, so that each check is over before the next. */
async function pass(ms: number): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += MINUTE_MS) {
    clock.advance(MINUTE_MS)
    await keeper.check()
  }
}

function kept(peer: string, jobId: string): FileKeeping {
  return { peer, keptFor: [jobId] }
}

function record(id: string, state: JobRecord['state']): JobRecord {
  return buildJob(id, { state, engine: 'storage', itemCount: 2, spec: { engine: 'storage' } })
}
