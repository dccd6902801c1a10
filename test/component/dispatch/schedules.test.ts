/** Jobs by cron: what they make, when, and what becomes of runs that were missed or would overlap. */
import { expect, test } from 'vitest'
import { FailingStore } from '../../support/failing-store.ts'
import { NOOP, settle, startIntake } from '../../support/build-intake.ts'
import type { Intake } from '../../support/build-intake.ts'
import type { JobDocument } from '../../../src/model/job.ts'
import type { JobRecord } from '../../../src/jobs/records.ts'

const MINUTE_MS = 60_000
const EVERY_MINUTE = { cron: '* * * * *' } as const

async function schedule(router: Intake, more: Partial<JobDocument> = {}): Promise<string> {
  return await router.submit({ name: 'tick', schedule: EVERY_MINUTE, ...more })
}

/** Runs of a schedule, oldest first. */
async function runsOf({ store }: Intake, id: string): Promise<JobRecord[]> {
  return (await store.jobs({ parentId: id, limit: 99 })).toReversed()
}

async function reasons(router: Intake, id: string): Promise<string[]> {
  return (await router.record(id)).history.map(({ reason }) => reason)
}

/** A router that was away for a while. */
async function after(router: Intake, awayMs: number): Promise<Intake> {
  await router.stop()
  router.clock.advance(awayMs)
  return await startIntake({ clock: router.clock, store: router.store, seed: 2 })
}

test('waits for ever and makes a job each time', async () => {
  const router = await startIntake()
  const startMs = router.clock.wallMs()
  const id = await schedule(router, { key: 'mine', labels: { a: 'b' }, each: [{}, {}] })
  expect(await router.record(id)).toMatchObject({
    state: 'pending',
    itemCount: 2,
    counts: { queued: 2 },
    dueAtMs: startMs + MINUTE_MS
  })
  expect(router.dispatcher.added).toEqual([])
  for (let minute = 0; minute < 2; minute += 1) {
    await router.advance(MINUTE_MS)
    await router.dispatcher.complete(router.dispatcher.added.at(-1) ?? '')
  }
  const runs = await runsOf(router, id)
  expect(runs).toMatchObject([
    { name: 'tick', state: 'completed', submitter: 'test', labels: { a: 'b' }, parentId: id },
    { key: `${id}@${new Date(startMs + 2 * MINUTE_MS).toISOString()}`, dueAtMs: null }
  ])
  expect(runs[0]?.spec).not.toHaveProperty('schedule')
  expect(JSON.parse((await router.store.document(runs[0]?.id ?? '')) ?? '')).not.toHaveProperty(
    'schedule'
  )
  expect(await router.record(id)).toMatchObject({
    state: 'pending',
    dueAtMs: startMs + 3 * MINUTE_MS
  })
  expect((await router.record(id)).history.at(-1)).toMatchObject({
    reason: 'SCHEDULE_FIRED',
    text: runs[1]?.id
  })
})

test('the next run is skipped while the one before has not ended', async () => {
  const router = await startIntake()
  const id = await schedule(router)
  await router.advance(MINUTE_MS)
  await router.advance(MINUTE_MS)
  const [run, ...more] = await runsOf(router, id)
  expect(more).toEqual([])
  const last = (await router.record(id)).history.at(-1)
  expect(last).toMatchObject({ reason: 'SCHEDULE_SKIPPED' })
  expect(last?.text).toContain(run?.id)
  await router.dispatcher.complete(run?.id ?? '')
  await router.advance(MINUTE_MS)
  expect(await runsOf(router, id)).toHaveLength(2)
})

test('overlap: allow makes one all the same', async () => {
  const router = await startIntake()
  const id = await schedule(router, { schedule: { ...EVERY_MINUTE, overlap: 'allow' } })
  await router.advance(MINUTE_MS)
  await router.advance(MINUTE_MS)
  expect(await runsOf(router, id)).toHaveLength(2)
})

test('one run makes up for all that were missed while the router was away', async () => {
  const router = await startIntake()
  const id = await schedule(router)
  const again = await after(router, 10.5 * MINUTE_MS)
  expect(await runsOf(again, id)).toHaveLength(1)
  expect(again.dispatcher.added).toHaveLength(1)
  const { dueAtMs } = await again.record(id)
  expect((dueAtMs ?? 0) - again.clock.wallMs()).toBe(MINUTE_MS / 2)
})

test('missed: skip waits for the next', async () => {
  const router = await startIntake()
  const id = await schedule(router, { schedule: { ...EVERY_MINUTE, missed: 'skip' } })
  const again = await after(router, 10.5 * MINUTE_MS)
  expect(await runsOf(again, id)).toEqual([])
  expect(await reasons(again, id)).toContain('SCHEDULE_SKIPPED')
  await again.advance(MINUTE_MS / 2)
  expect(await runsOf(again, id)).toHaveLength(1)
})

test('what fell due while the router was there is not missed, however late it is', async () => {
  const router = await startIntake()
  const id = await schedule(router, { schedule: { ...EVERY_MINUTE, missed: 'skip' } })
  await router.advance(3.5 * MINUTE_MS)
  expect(await runsOf(router, id)).toHaveLength(1)
})

test('a restart at the wrong moment makes no second run', async () => {
  const store = new FailingStore()
  const router = await startIntake({ store })
  const id = await schedule(router)
  const before = await router.record(id)
  await router.advance(MINUTE_MS)
  // As if the run were on disk, but not that the schedule went on.
  await store.apply([{ kind: 'job', job: before }])
  const again = await after(router, 1_000)
  expect(await runsOf(again, id)).toHaveLength(1)
  expect((await again.record(id)).dueAtMs).toBeGreaterThan(again.clock.wallMs())
})

test('run and next time are stored together, and again if the store failed', async () => {
  const store = new FailingStore()
  const router = await startIntake({ store })
  const id = await schedule(router)
  store.fails = () => true
  await router.advance(MINUTE_MS)
  expect(await runsOf(router, id)).toEqual([])
  expect(router.dispatcher.added).toEqual([])
  store.fails = () => false
  await router.advance(5_000)
  expect(await runsOf(router, id)).toHaveLength(1)
  expect(router.dispatcher.added).toHaveLength(1)
})

test('a run that does not fit is skipped, and the schedule goes on', async () => {
  const router = await startIntake({ queuedItemsMax: 2 })
  const id = await schedule(router)
  const other = await router.submit()
  await router.advance(MINUTE_MS)
  expect((await router.record(id)).history.at(-1)?.text).toContain('the queue is full')
  await router.dispatcher.complete(other)
  await router.advance(MINUTE_MS)
  expect(await runsOf(router, id)).toHaveLength(1)
})

test('ops: every finds its workers anew each time', async () => {
  const router = await startIntake()
  const id = await schedule(router, { ops: 'every' })
  await router.advance(MINUTE_MS)
  expect((await router.record(id)).history.at(-1)?.text).toContain('no worker is known')
})

test('a stopped schedule makes no more runs; those that it made go on', async () => {
  const router = await startIntake()
  const id = await schedule(router)
  await router.advance(MINUTE_MS)
  await router.control.stop(id, { reason: 'no longer' }, 'me')
  await router.advance(5 * MINUTE_MS)
  const [run, ...more] = await runsOf(router, id)
  expect(more).toEqual([])
  expect(router.dispatcher.job(run?.id ?? '')?.hasEnded).toBe(false)
  expect((await router.record(id)).state).toBe('stopped')
})

test('a held schedule does not fire, and makes up for nothing when it is released', async () => {
  const router = await startIntake()
  const id = await schedule(router)
  await router.control.hold(id, undefined, 'me')
  await router.advance(5.5 * MINUTE_MS)
  await router.control.release(id, 'me')
  await settle()
  expect(await runsOf(router, id)).toEqual([])
  await router.advance(MINUTE_MS / 2)
  expect(await runsOf(router, id)).toHaveLength(1)
})

test('its history stays bounded, its beginning kept', async () => {
  const router = await startIntake()
  const id = await schedule(router)
  for (let minute = 0; minute < 100; minute += 1) await router.advance(MINUTE_MS)
  const { history } = await router.record(id)
  expect(history.length).toBeLessThanOrEqual(64)
  expect(history[0]).toMatchObject({ reason: 'SUBMITTED' })
})

test('the document of a schedule may be run at once, as a rerun', async () => {
  const router = await startIntake()
  const id = await schedule(router)
  await router.control.stop(id, { reason: 'no longer' }, 'me')
  const view = await router.intake.rerun(id, {}, 'me')
  expect(view).toMatchObject({ state: 'queued', parent: id, key: null })
  expect(JSON.parse((await router.store.document(view.id)) ?? '')).toEqual({
    name: 'tick',
    task: NOOP
  })
})
