/** How calls gather into batches, and what the queue refuses. */
import { expect, test } from 'vitest'
import { SqliteQueue } from '../../../src/jobs/sqlite/queue.ts'
import { itemChange, jobChange } from '../../conformance/job-store-records.ts'
import type { StoreChange } from '../../../src/jobs/store.ts'

const items = (count: number): StoreChange[] =>
  Array.from({ length: count }, (_, index) => itemChange('j-1', index))

function newQueue(more: object = {}): SqliteQueue {
  return new SqliteQueue({ backlogBytesMax: 1e9, backlogChangesMax: 1e9, ...more })
}

test('calls made while a batch is under way go together in the next', async () => {
  const queue = newQueue()
  const calls = [queue.add(items(1))]
  expect(queue.takeReady()?.callEnds).toHaveLength(1)
  calls.push(queue.add(items(2)), queue.add(items(1)), queue.add([]))
  expect(queue.takeReady()).toBeUndefined()
  queue.settle([])
  expect(queue.takeReady()?.callEnds).toEqual([10, 15, 15])
  expect(queue.takeReady()).toBeUndefined()
  queue.settle([])
  expect(queue.sentCount).toBe(0)
  await Promise.all(calls)
})

test('a full batch is sent ahead, and no third one', () => {
  const queue = newQueue()
  for (let call = 0; call < 4; call += 1) void queue.add(items(5_000))
  expect(queue.takeReady()).toBeDefined()
  expect(queue.takeReady()).toBeDefined()
  expect(queue.takeReady()).toBeUndefined()
  expect(queue.takeNext()).toBeDefined()
})

test('only the calls that failed are rejected', async () => {
  const queue = newQueue()
  const calls = [queue.add(items(1)), queue.add(items(1)), queue.add(items(1))]
  queue.takeReady()
  const error = { code: 'STORE_FAILED', message: 'no', blame: 'router', retryable: false } as const
  queue.settle([{ call: 1, error }])
  const outcomes = await Promise.allSettled(calls)
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
})

test('refuses above its limits, of changes and of bytes, and gives the room back', async () => {
  const byCount = newQueue({ backlogChangesMax: 3 })
  const calls = [byCount.add(items(3))]
  expect(() => byCount.add(items(1))).toThrow(
    expect.objectContaining({ code: 'QUEUE_FULL', retryable: true, retryAfterMs: 1_000 })
  )
  byCount.takeReady()
  expect(() => byCount.add(items(1))).toThrow('no room')
  byCount.settle([])
  calls.push(byCount.add(items(1)))
  expect(byCount.takeReady()?.callEnds).toEqual([5])

  const byBytes = newQueue({ backlogBytesMax: 10_000 })
  const document = 'x'.repeat(9_900)
  calls.push(byBytes.add([{ kind: 'document', jobId: 'j-1', document }]))
  expect(() => byBytes.add([jobChange('j-2')])).toThrow('no room')
  byBytes.takeReady()
  byBytes.settle([])
  calls.push(byBytes.add([jobChange('j-2')]))
  byCount.settle([])
  byBytes.takeReady()
  byBytes.settle([])
  await Promise.all(calls)
})

test('a call that cannot be sent leaves the others of its batch alone', () => {
  const queue = newQueue()
  expect(() => queue.add([{ kind: 'note', name: 'n', text: (() => 1) as never }])).toThrow(
    'function'
  )
  expect(queue.takeReady()).toBeUndefined()
  void queue.add(items(1))
  expect(() => queue.add([...items(1), { kind: 'note', name: 1n as never, text: '' }])).toThrow(
    'bigint'
  )
  const cyclic: Record<string, unknown> = {}
  cyclic['self'] = cyclic
  expect(() => queue.add([jobChange('j-1', { labels: cyclic as never })])).toThrow('circular')
  expect(queue.takeReady()?.callEnds).toEqual([5])
})
