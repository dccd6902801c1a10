/** The life of an item and its job: every state against every event. */
import { describe, expect, test } from 'vitest'
import { buildItem, buildJob } from '../../conformance/job-store-records.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { recountJob, stepItem, stepJob } from '../../../src/jobs/state.ts'
import type { ItemEvent } from '../../../src/jobs/state.ts'
import type { ItemRecord, ItemState } from '../../../src/jobs/records.ts'

const NOW = 1_000
const error = new MeshError('TASK_FAILED', 'it threw').toData()

const EVENTS: Record<ItemEvent['kind'], ItemEvent> = {
  dispatched: { kind: 'dispatched', attempt: 3, workerId: 'w' },
  returned: { kind: 'returned', attempt: 2 },
  retried: { kind: 'retried', attempt: 2, error },
  completed: { kind: 'completed', attempt: 2 },
  failed: { kind: 'failed', attempt: 2, error },
  expired: { kind: 'expired', error },
  stopped: { kind: 'stopped', error }
}

/** `=` changes nothing, `!` is a mistake of ours. Attempt 2 was the last one sent. */
const TABLE: Record<ItemState, Record<ItemEvent['kind'], string>> = {
  queued: {
    dispatched: 'running',
    returned: '=',
    retried: '=',
    completed: '=',
    failed: '=',
    expired: 'failed',
    stopped: 'stopped'
  },
  running: {
    dispatched: '!',
    returned: 'queued',
    retried: 'queued',
    completed: 'completed',
    failed: 'failed',
    expired: 'failed',
    stopped: 'stopped'
  },
  held: {
    dispatched: '!',
    returned: '=',
    retried: '=',
    completed: '=',
    failed: '=',
    expired: '!',
    stopped: 'stopped'
  },
  completed: ended(),
  failed: ended(),
  stopped: ended()
}

function ended(): Record<ItemEvent['kind'], string> {
  return {
    dispatched: '=',
    returned: '=',
    retried: '=',
    completed: '=',
    failed: '=',
    expired: '=',
    stopped: '='
  }
}

/** As the table writes it. */
function outcomeOf(item: ItemRecord, event: ItemEvent): string {
  try {
    const next = stepItem(item, event, NOW)
    return next === item ? '=' : next.state
  } catch {
    return '!'
  }
}

const cases = Object.entries(TABLE).flatMap(([state, row]) =>
  Object.entries(row).map(
    ([kind, next]) => [state, kind, next] as [ItemState, keyof typeof EVENTS, string]
  )
)

test.each(cases)('a %s item that is %s becomes %s', (state, kind, next) => {
  const item = buildItem('j-1', 0, { state, attemptCount: 2, failureCount: 1 })
  expect(outcomeOf(item, EVENTS[kind])).toBe(next)
})

/** Failures counted after each of the events, which happens to a running item of none. */
function failures(...kinds: (keyof typeof EVENTS)[]): number[] {
  const item = buildItem('j-1', 0, { state: 'running', attemptCount: 2 })
  return kinds.map((kind) => stepItem(item, EVENTS[kind], NOW).failureCount)
}

describe('a running item', () => {
  const item = buildItem('j-1', 0, {
    state: 'running',
    attemptCount: 2,
    workerId: 'w',
    startedAtMs: 5
  })

  test.each(['returned', 'retried', 'completed', 'failed'] as const)(
    'ignores that an earlier or unheard-of attempt %s',
    (kind) => {
      for (const attempt of [1, 3]) {
        expect(stepItem(item, { ...EVENTS[kind], attempt } as ItemEvent, NOW)).toBe(item)
      }
    }
  )

  test('counts failures that are the attempt’s, and no others', () => {
    expect(failures('retried', 'failed')).toEqual([1, 1])
    expect(failures('returned', 'completed', 'expired')).toEqual([0, 0, 0])
  })

  test('is left as it was: steps make new records', () => {
    const frozen = Object.freeze({ ...item })
    expect(stepItem(frozen, EVENTS.completed, NOW)).toMatchObject({ endedAtMs: NOW, error: null })
  })

  test('keeps the time of its first start', () => {
    const queued = stepItem(item, EVENTS.retried, NOW)
    expect(stepItem(queued, EVENTS.dispatched, NOW).startedAtMs).toBe(5)
  })
})

test('attempts are numbered one after the other', () => {
  const item = buildItem('j-1', 0, { attemptCount: 2 })
  expect(() => stepItem(item, { ...EVENTS.dispatched, attempt: 4 } as ItemEvent, NOW)).toThrow(
    'numbered'
  )
})

test('a job that nothing happened to is the same', () => {
  const job = buildJob('j-1')
  const item = buildItem('j-1', 0)
  expect(stepJob(job, item, item, NOW)).toBe(job)
})

test('a job’s row is made anew from its items', () => {
  const job = buildJob('j-1', { itemCount: 3, state: 'running' })
  const items = [
    buildItem('j-1', 0, { state: 'completed', attemptCount: 1, endedAtMs: 10 }),
    buildItem('j-1', 1, { state: 'failed', attemptCount: 2, endedAtMs: 30, error }),
    buildItem('j-1', 2, { state: 'completed', attemptCount: 1, endedAtMs: 20 })
  ]
  expect(recountJob(job, items)).toMatchObject({
    state: 'failed',
    counts: { queued: 0, running: 0, completed: 2, failed: 1, stopped: 0 },
    attemptCount: 4,
    endedAtMs: 30,
    error
  })
  const open = [...items.slice(0, 2), buildItem('j-1', 2)]
  expect(recountJob(job, open)).toMatchObject({ state: 'running', endedAtMs: null })
})
