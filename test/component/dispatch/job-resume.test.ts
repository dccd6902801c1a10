/** What a router that starts again takes up, and how little it reads for it. */
import { expect, test } from 'vitest'
import { MemoryJobStore } from '../../../src/jobs/memory-store.ts'
import { NOOP, settle, startIntake } from '../../support/build-intake.ts'
import type { Intake } from '../../support/build-intake.ts'
import type { ItemFilter } from '../../../src/jobs/store.ts'
import type { ItemRecord, JobRecord } from '../../../src/jobs/records.ts'

/** Counts what is read of each job by itself. */
class CountingStore extends MemoryJobStore {
  reads = 0

  override async items(jobId: string, filter: ItemFilter): Promise<ItemRecord[]> {
    this.reads += 1
    return await super.items(jobId, filter)
  }

  override async document(jobId: string): Promise<string | undefined> {
    this.reads += 1
    return await super.document(jobId)
  }

  override async job(jobId: string): Promise<JobRecord | undefined> {
    this.reads += 1
    return await super.job(jobId)
  }
}

async function restart({ clock, store }: Intake): Promise<Intake> {
  return await startIntake({ clock, store, seed: 2 })
}

test('jobs that only waited are taken up in their order without reading more of them', async () => {
  const store = new CountingStore()
  const router = await startIntake({ store })
  const ids: string[] = []
  for (let count = 0; count < 600; count += 1) {
    router.clock.advance(1)
    const { job } = await router.intake.submit({ task: NOOP, priority: count % 3 }, 'me')
    ids.push(job.id)
  }
  await router.stop()
  store.reads = 0
  const again = await restart(router)
  expect(again.dispatcher.added).toEqual(ids)
  expect(store.reads).toBe(0)
  const specs = new Set(ids.map((id) => again.dispatcher.job(id)?.record.spec))
  expect(specs.size).toBe(3)
  const [first, stored] = [
    again.dispatcher.job(ids[0] ?? '')?.items(),
    await store.items(ids[0] ?? '', { limit: 9 })
  ]
  expect(first).toEqual(stored)
})

test('of an array job, the items that have not ended are taken up', async () => {
  const router = await startIntake()
  const id = await router.submit({ each: [{ id: 'a' }, { id: 'b' }] })
  const named = await router.submit({ each: [{ id: 'only' }] })
  const [item] = await router.store.items(id, { limit: 1 })
  const ended = { ...(item as ItemRecord), state: 'completed' as const, attemptCount: 1 }
  await router.store.apply([{ kind: 'item', item: ended }])
  await router.stop()
  const again = await restart(router)
  expect(again.dispatcher.job(id)?.items()).toMatchObject([{ id: 'b' }])
  expect(again.dispatcher.job(id)?.record.counts).toMatchObject({ completed: 1, queued: 1 })
  expect(again.dispatcher.job(named)?.items()).toMatchObject([{ id: 'only' }])
})

test('a job that nobody understands any more ends, pending or not, and fails what needs it', async () => {
  const router = await startIntake()
  const at = '2030-01-01T00:00:00Z'
  const [queued, timed] = [await router.submit(), await router.submit({ schedule: { at } })]
  const dependent = await router.submit({ needs: [timed] })
  for (const id of [queued, timed]) {
    const job = await router.record(id)
    const spec = { ...job.spec, timeouts: { run: 'long' } }
    await router.store.apply([{ kind: 'job', job: { ...job, spec } }])
  }
  await router.stop()
  const again = await restart(router)
  await settle()
  expect(again.dispatcher.added).toEqual([])
  for (const id of [queued, timed]) {
    const { error, state } = await again.record(id)
    expect([state, error?.path]).toEqual(['failed', 'timeouts.run'])
    expect(error?.message).toContain('after a restart')
  }
  expect((await again.record(dependent)).error?.code).toBe('NEED_FAILED')
})
