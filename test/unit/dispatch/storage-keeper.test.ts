/** What storage jobs have placed stays placed: lost copies are replaced, until the date, across restarts. */
import { beforeEach, expect, it } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import { MemoryJobStore } from '../../../src/jobs/memory-store.ts'
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
let keeper: StorageKeeper

beforeEach(async () => {
  clock = new FakeClock()
  store = new MemoryJobStore()
  keepings = [kept('one', 'j-first'), kept('two', 'j-first')]
  submitted = []
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
  keeper.onJob(record('j-new-1', 'failed'))
  await pass(GRACE_MS + MINUTE_MS)
  expect(submitted).toHaveLength(2)
})

it('counts a copy that a replacement has placed', async () => {
  await place('j-first')
  keepings = keepings.slice(1)
  await pass(GRACE_MS + MINUTE_MS)
  keepings = [kept('two', 'j-first'), kept('three', 'j-new-1')]
  keeper.onJob(record('j-new-1', 'completed'))
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

async function startKeeper(): Promise<StorageKeeper> {
  const started = new StorageKeeper(
    {
      clock,
      store,
      logger: silentLogger,
      nowMs: () => clock.wallMs(),
      keepings: () => keepings,
      submit: async (document) => {
        submitted.push(document)
        return `j-new-${submitted.length}`
      }
    },
    { graceMs: GRACE_MS }
  )
  await started.start()
  return started
}

async function place(jobId: string, state: JobRecord['state'] = 'completed'): Promise<void> {
  const until = new Date(clock.wallMs() + 24 * 60 * MINUTE_MS).toISOString()
  const document = { task: { engine: 'storage', file: `mesh:${FILE}`, copies: 2, until } }
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
  return { id, state, engine: 'storage', submitter: 'http' } as JobRecord
}
