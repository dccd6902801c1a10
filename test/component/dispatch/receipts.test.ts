/** Orders and receipts in the life of a job: what is sent, what is learnt with its proof, who finds it later. */
import { expect, test } from 'vitest'
import { ReceiptReader } from '../../../src/dispatch/views/receipt-reader.ts'
import { MemoryJobStore } from '../../../src/jobs/memory-store.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { FakeOrders } from '../../support/fake-orders.ts'
import { settle, startEngine } from '../../support/build-engine.ts'
import {
  attemptChange,
  itemChange,
  jobChange,
  receiptChange
} from '../../conformance/job-store-records.ts'

function buildReader() {
  const store = new MemoryJobStore()
  const reader = {
    find: async (id: string) => (await store.job(id))!,
    indexOf: async (jobId: string, item: string) => (await store.itemIndex(jobId, item)) ?? -1
  }
  return { store, receipts: new ReceiptReader({ reader, store }) }
}

test('a task goes out with its order, and its outcome is told of with what proves it', async () => {
  const orders = new FakeOrders()
  const engine = await startEngine({ orders })
  engine.workers.add('w1')
  const jobId = await engine.submit()
  await engine.advance(0)
  const { assignment, leaseId } = engine.workers.last()
  expect(assignment.order).toBe(`order of ${leaseId}`)
  expect(orders.issued).toEqual([
    expect.objectContaining({
      attempt: 1,
      item: 0,
      job_id: jobId,
      role: 'primary',
      task_type: 'builtin:noop',
      worker: 'w1'
    })
  ])
  engine.workers.last().complete(7, { receipt: 'signed' })
  await settle()
  expect(engine.outcomes).toMatchObject([{ kind: 'completed', receipt: 'signed' }])
  expect(orders.claims).toMatchObject([{ receipt: 'signed', answer: { bulk: '7' } }])
})

test('a worker that signs nothing is learnt of all the same', async () => {
  const engine = await startEngine()
  engine.workers.add('w1')
  await engine.submit()
  await engine.advance(0)
  engine.workers.last().complete(7)
  await settle()
  expect(engine.outcomes).toMatchObject([{ kind: 'completed' }])
  expect(engine.outcomes[0]?.receipt).toBeUndefined()
})

test('a router that was killed makes the same order again for what comes', async () => {
  const before = new FakeOrders()
  const first = await startEngine({ orders: before })
  first.workers.add('w1')
  await first.submit()
  await first.advance(0)
  const orders = new FakeOrders()
  const { clock, store, workers } = first
  const later = new FakeClock(clock.wallMs() + 5_000)
  const second = await startEngine({ clock: later, store, workers: workers.nextLife(), orders })
  await second.advance(1_000)
  expect(orders.issued).toEqual([])
  second.workers.last().complete(7, { receipt: 'signed' })
  await second.advance(0)
  expect(orders.issued).toEqual(before.issued)
  expect(second.outcomes).toMatchObject([{ kind: 'completed', receipt: 'signed' }])
})

test('receipts come by item and attempt; those that have none are left out', async () => {
  const { receipts, store } = buildReader()
  await store.apply([
    jobChange('j-1', { itemCount: 2 }),
    itemChange('j-1', 0, { id: 'a', attemptCount: 3 }),
    itemChange('j-1', 1, { id: 'b', attemptCount: 1 }),
    ...[1, 2, 3].map((number) => attemptChange('j-1', 0, number, { workerId: `w${number}` })),
    attemptChange('j-1', 1, 1, { workerId: 'w9' }),
    receiptChange('j-1', 0, 1),
    receiptChange('j-1', 0, 3),
    receiptChange('j-1', 1, 1)
  ])
  const { next, rows: all } = await receipts.receipts('j-1', { limit: 10 })
  expect(next).toBeUndefined()
  expect(all.map(({ attempt, item, worker }) => `${item} ${attempt} ${worker}`)).toEqual([
    'a 1 w1',
    'a 3 w3',
    'b 1 w9'
  ])
  expect(all[0]).toMatchObject({ job_id: 'j-1', order: 'order 1', receipt: 'receipt 1' })
  for (const filter of [{ item: 'b' }, { attempt: 3 }, { after: 0 }]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const { rows } = await receipts.receipts('j-1', { ...filter, limit: 10 })
    expect(rows).toHaveLength(1)
  }
  // A page is of items, and those of one item are never apart.
  const page = await receipts.receipts('j-1', { limit: 1 })
  expect([page.rows.length, page.next]).toEqual([2, 0])
  expect((await receipts.receipts('j-1', { item: 'a', limit: 1 })).next).toBeUndefined()
})

test('a reused result has the receipt of the run that it came from, while that is kept', async () => {
  const { receipts, store } = buildReader()
  const reusedFrom = { jobId: 'j-1', itemId: 'a', attempt: 2, workerId: 'w2', endedAtMs: 5 }
  await store.apply([
    jobChange('j-1'),
    itemChange('j-1', 0, { id: 'a', attemptCount: 2 }),
    receiptChange('j-1', 0, 2),
    jobChange('j-2'),
    itemChange('j-2', 0, { id: 'x', reusedFrom })
  ])
  expect((await receipts.receipts('j-2', { limit: 10 })).rows).toEqual([
    {
      job_id: 'j-1',
      item: 'a',
      attempt: 2,
      worker: 'w2',
      order: 'order 2',
      receipt: 'receipt 2',
      reused_by: 'x'
    }
  ])
  await store.apply([{ kind: 'forget', jobId: 'j-1' }])
  expect((await receipts.receipts('j-2', { limit: 10 })).rows).toEqual([])
})
