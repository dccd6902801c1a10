/** Any story of a job's items keeps its counts, its state and its end true. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { buildItem, buildJob } from '../conformance/job-store-records.ts'
import { isTerminal } from '../../src/jobs/records.ts'
import { MeshError } from '../../src/core/errors.ts'
import { recountJob, stepItem, stepJob } from '../../src/jobs/state.ts'
import type { ItemEvent } from '../../src/jobs/state.ts'
import type { ItemRecord, JobRecord } from '../../src/jobs/records.ts'

const error = new MeshError('TASK_FAILED', 'it threw').toData()

const happening = fc.record({
  item: fc.nat(3),
  kind: fc.constantFrom(
    'dispatched',
    'returned',
    'retried',
    'completed',
    'failed',
    'expired',
    'stopped'
  ),
  /** Of the attempt, behind the newest. */
  lag: fc.constantFrom(0, 0, 0, 1, -1)
})

/** What could truly be told of an item: only a waiting one is sent out. */
function eventFor(item: ItemRecord, kind: ItemEvent['kind'], lag: number): ItemEvent | undefined {
  const attempt = item.attemptCount - lag
  switch (kind) {
    case 'dispatched':
      if (item.state !== 'queued') return undefined
      return { kind, attempt: item.attemptCount + 1, workerId: 'w' }
    case 'returned':
    case 'completed':
      return { kind, attempt }
    case 'retried':
    case 'failed':
      return { kind, attempt, error }
    case 'expired':
    case 'stopped':
      return { kind, error }
  }
}

test('counts sum up, ends are for ever, and the row can be made from the items', () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 80 }), (story) => {
      const items = [0, 1, 2, 3].map((index) => buildItem('j-1', index))
      const counts = { queued: 4, running: 0, completed: 0, failed: 0, stopped: 0 }
      let job: JobRecord = buildJob('j-1', {
        itemCount: 4,
        counts,
        attemptCount: 0,
        state: 'queued'
      })
      for (const [nowMs, { item: index, kind, lag }] of story.entries()) {
        const before = items[index] as ItemRecord
        const event = eventFor(before, kind, lag)
        if (event === undefined) continue
        const after = stepItem(before, event, nowMs)
        expect(!isTerminal(before.state) || after === before).toBe(true)
        const wasTerminal = isTerminal(job.state)
        const next = stepJob(job, before, after, nowMs)
        expect(!wasTerminal || next === job).toBe(true)
        items[index] = after
        job = next
        expect(Object.values(job.counts).reduce((sum, count) => sum + count)).toBe(4)
        const { counts: told, state, attemptCount, endedAtMs, error: why } = recountJob(job, items)
        expect({ told, state, attemptCount }).toEqual({
          told: job.counts,
          state: job.state,
          attemptCount: job.attemptCount
        })
        expect(isTerminal(state)).toBe(items.every((item) => isTerminal(item.state)))
        expect(endedAtMs === null).toBe(job.endedAtMs === null)
        expect(why === null).toBe(
          items.every((item) => !['failed', 'stopped'].includes(item.state))
        )
        expect(state === 'completed').toBe(items.every((item) => item.state === 'completed'))
      }
    })
  )
})
