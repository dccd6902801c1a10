/** The life of an item and its job: every state against every event, and what each event leaves behind. */
import { describe, expect, test } from 'vitest'
import { buildItem, buildJob } from '../../conformance/job-store-records.ts'
import { emptyCounts, recountJob, step, withState } from '../../../src/jobs/state.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { NO_FILES } from '../../../src/jobs/records.ts'
import type {
  Cause,
  EarlierRun,
  ItemRecord,
  ItemState,
  JobRecord
} from '../../../src/jobs/records.ts'
import type { ErrorCode } from '../../../src/core/errors.ts'
import type { ItemEvent } from '../../../src/jobs/item-state.ts'
import type { Step } from '../../../src/jobs/state.ts'

const NOW = 1_000
const KEEP = { resultMs: 5_000, logsMs: 2_000 }
const CONTEXT = { nowMs: NOW, keep: KEEP }

const errorOf = (code: ErrorCode) => new MeshError(code, `why ${code}`).toData()
const error = errorOf('TASK_FAILED')
const byUser: Cause = { by: 'http', reason: 'STOP_REQUESTED' }
const stop: ItemEvent = {
  kind: 'ended',
  ending: { state: 'stopped', cause: byUser, error: errorOf('TASK_STOPPED') }
}
const timeUp: ItemEvent = {
  kind: 'ended',
  ending: {
    state: 'failed',
    cause: { by: 'router', reason: 'TOTAL_TIMED_OUT' },
    error: errorOf('TOTAL_TIMED_OUT')
  }
}

const EARLIER: EarlierRun = {
  jobId: 'j-0',
  itemId: 'a',
  attempt: 2,
  workerId: 'w7',
  endedAtMs: 5
}

/** Attempt 2 was the last one sent. */
const EVENTS = {
  dispatched: { kind: 'dispatched', attempt: 3, workerId: 'w' },
  returned: { kind: 'returned', attempt: 2, error: errorOf('WORKER_BUSY') },
  retried: { kind: 'retried', attempt: 2, error },
  completed: { kind: 'completed', attempt: 2 },
  reused: { kind: 'reused', from: EARLIER, files: NO_FILES },
  failed: { kind: 'failed', attempt: 2, error, then: 'failed' },
  'failed for now': { kind: 'failed', attempt: 2, error, then: 'held' },
  awaited: { kind: 'awaited', attempt: 2, error: errorOf('PEER_SILENT') },
  stopped: stop,
  'out of time': timeUp,
  held: { kind: 'held', cause: { by: 'http', reason: 'HELD_BY_USER' } },
  released: { kind: 'released', cause: { by: 'http', reason: 'RELEASED' } }
} as const satisfies Record<string, ItemEvent>

type EventName = keyof typeof EVENTS

/** `=` changes nothing, `!` is a mistake of ours. */
const TABLE: Record<ItemState, Record<EventName, string>> = {
  queued: {
    dispatched: 'running',
    returned: '=',
    retried: '=',
    completed: '=',
    reused: 'completed',
    failed: '=',
    'failed for now': '=',
    awaited: '=',
    stopped: 'stopped',
    'out of time': 'failed',
    held: 'held',
    released: '='
  },
  running: {
    // One more copy of it.
    dispatched: 'running',
    returned: 'queued',
    retried: 'queued',
    completed: 'completed',
    reused: '=',
    failed: 'failed',
    'failed for now': 'held',
    awaited: 'held',
    // Only with the worker's word; until then it says what it will be.
    stopped: 'running',
    'out of time': 'running',
    held: '=',
    released: '='
  },
  held: {
    dispatched: '!',
    // Of the attempt that it may still wait for.
    returned: 'queued',
    retried: 'queued',
    completed: 'completed',
    reused: '=',
    failed: 'failed',
    'failed for now': 'held',
    awaited: 'held',
    stopped: 'stopped',
    'out of time': 'failed',
    held: '=',
    released: 'queued'
  },
  completed: ended(),
  failed: ended(),
  stopped: ended()
}

function ended(): Record<EventName, string> {
  const names = Object.keys(EVENTS) as EventName[]
  return Object.fromEntries(names.map((name) => [name, '='])) as Record<EventName, string>
}

/** One that runs has attempt 2 open, and one that is held waits for its silent worker. */
function itemIn(state: ItemState, more: Partial<ItemRecord> = {}): ItemRecord {
  const phase = state === 'running' ? 'out' : 'awaited'
  const isOpen = state === 'running' || state === 'held'
  const copies: ItemRecord['copies'] = isOpen ? [{ attempt: 2, workerId: 'w', phase }] : null
  const made = { attemptCount: 2, failureCount: 1, workerId: 'w', copies }
  return buildItem('j-1', 0, { state, ...made, ...more })
}

/** A job of two items, of which the second waits. */
function jobOf(item: ItemRecord, more: Partial<JobRecord> = {}): JobRecord {
  const counts = { ...emptyCounts(), queued: 1 }
  counts[item.state] += 1
  return buildJob('j-1', { itemCount: 2, counts, attemptCount: item.attemptCount, ...more })
}

/** A job of this one item, in the state that follows from it. */
function soleJobOf(item: ItemRecord, more: Partial<JobRecord> = {}): JobRecord {
  const counts = { ...emptyCounts(), [item.state]: 1 }
  return buildJob('j-1', { counts, state: item.state, attemptCount: item.attemptCount, ...more })
}

function stepOf(item: ItemRecord, event: ItemEvent): Step {
  return step(soleJobOf(item), item, event, CONTEXT)
}

/** What is counted after each of the events. */
function failures(item: ItemRecord, ...names: EventName[]): number[] {
  return names.map((name) => stepOf(item, EVENTS[name]).item.failureCount)
}

/** As the table writes it. */
function outcomeOf(item: ItemRecord, event: ItemEvent): string {
  try {
    const next = stepOf(item, event).item
    return next === item ? '=' : next.state
  } catch {
    return '!'
  }
}

const cases = Object.entries(TABLE).flatMap(([state, row]) =>
  Object.entries(row).map(([name, next]) => [state, name, next] as [ItemState, EventName, string])
)

test.each(cases)('a %s item that is %s becomes %s', (state, name, next) => {
  expect(outcomeOf(itemIn(state), EVENTS[name])).toBe(next)
})

describe('what an event changes', () => {
  const running = itemIn('running', { startedAtMs: 5, failureCount: 0 })

  test.each(['returned', 'retried', 'completed', 'failed', 'awaited'] as const)(
    'nothing, if an earlier or unheard-of attempt %s',
    (name) => {
      for (const attempt of [1, 3]) {
        const job = soleJobOf(running)
        const late = step(job, running, { ...EVENTS[name], attempt }, CONTEXT)
        expect(late).toEqual({ job, item: running, effects: [] })
        expect(late.job).toBe(job)
        expect(late.item).toBe(running)
      }
    }
  )

  test('failures count that are the attempt’s, and no others', () => {
    expect(failures(running, 'retried', 'failed', 'failed for now')).toEqual([1, 1, 1])
    expect(failures(running, 'returned', 'completed', 'awaited', 'stopped')).toEqual([0, 0, 0, 0])
  })

  test('none of the records it was given', () => {
    const frozen = Object.freeze({ ...running })
    const job = Object.freeze({
      ...soleJobOf(running),
      counts: Object.freeze({ ...emptyCounts(), running: 1 })
    })
    expect(step(job, frozen, EVENTS.completed, CONTEXT).item).toMatchObject({
      endedAtMs: NOW,
      error: null
    })
  })

  test('not the time of the first start', () => {
    const queued = stepOf(running, EVENTS.retried).item
    expect(stepOf(queued, EVENTS.dispatched).item.startedAtMs).toBe(5)
  })

  test('the workers whose sandboxes it broke, each once', () => {
    const crash = errorOf('SANDBOX_CRASHED')
    const crashed = stepOf(running, { kind: 'retried', attempt: 2, error: crash }).item
    expect(crashed.crashedOn).toEqual(['w'])
    const again = stepOf(
      { ...crashed, state: 'running', copies: running.copies },
      { kind: 'retried', attempt: 2, error: crash }
    )
    expect(again.item.crashedOn).toEqual(['w'])
    expect(stepOf(running, EVENTS.retried).item.crashedOn).toEqual([])
  })
})

test('attempts are numbered one after the other', () => {
  const item = itemIn('queued')
  for (const attempt of [1, 2, 4]) {
    const event = { ...EVENTS.dispatched, attempt }
    expect(() => stepOf(item, event)).toThrow('numbered')
  }
})

describe('an end that was asked for while it runs', () => {
  const asked = stepOf(itemIn('running'), stop)

  test('has the attempt ended, and is kept until then', () => {
    expect(asked.effects).toEqual(['stop-attempts'])
    expect(asked.item).toMatchObject({ state: 'running', endedAtMs: null })
    expect(asked.item.ending?.state).toBe('stopped')
    expect(asked.job.state).toBe('running')
  })

  test('is the first one that was asked for', () => {
    const later = stepOf(asked.item, timeUp)
    expect(later.item).toBe(asked.item)
    expect(later.effects).toEqual([])
  })

  test.each(['returned', 'retried', 'failed', 'failed for now'] as const)(
    'comes true when the attempt is %s',
    (name) => {
      const { item, job, effects } = stepOf(asked.item, EVENTS[name])
      expect(item).toMatchObject({
        state: 'stopped',
        ending: null,
        error: { code: 'TASK_STOPPED' }
      })
      expect(job).toMatchObject({ state: 'stopped', error: { code: 'TASK_STOPPED' } })
      expect(job.history.at(-1)).toMatchObject({ state: 'stopped' })
      expect(effects).toEqual([])
    }
  )

  test('is not kept back by a worker that is silent', () => {
    const silent = stepOf(asked.item, EVENTS.awaited)
    expect(silent.item).toBe(asked.item)
  })

  test('comes also where nobody can say whose result is right, though copies are out', () => {
    const event: ItemEvent = { kind: 'undecided', error: errorOf('VERIFY_UNDECIDED'), then: 'held' }
    const { item, job } = stepOf(asked.item, event)
    expect(item).toMatchObject({ state: 'stopped', copies: null, ending: null })
    expect(job.state).toBe('stopped')
  })

  test('loses to a result', () => {
    const { item, job } = stepOf(asked.item, EVENTS.completed)
    expect(item).toMatchObject({ state: 'completed', ending: null, error: null })
    expect(job).toMatchObject({ state: 'completed', error: null })
  })
})

describe('a job on hold', () => {
  const item = itemIn('running')
  const job = soleJobOf(item, { isOnHold: true })

  test.each(['returned', 'retried'] as const)('keeps back what is %s', (name) => {
    const after = step(job, item, EVENTS[name], CONTEXT)
    expect([after.item.state, after.job.state, after.effects]).toEqual(['held', 'held', []])
  })

  test('lets what runs complete', () => {
    expect(step(job, item, EVENTS.completed, CONTEXT).job.state).toBe('completed')
  })

  test('goes on with all its attempts once it is released', () => {
    const released = stepOf(itemIn('held', { failureCount: 2 }), EVENTS.released)
    expect(released.item).toMatchObject({ state: 'queued', failureCount: 0 })
    expect(released.item.copies).toBeNull()
    expect(released.effects).toEqual(['enqueue'])
  })
})

test('an attempt that is still awaited is dropped by whoever decides without it', () => {
  const held = stepOf(itemIn('running'), EVENTS.awaited).item
  expect(held.copies).toMatchObject([{ attempt: 2, phase: 'awaited' }])
  expect(stepOf(held, stop)).toMatchObject({ item: { copies: null }, effects: [] })
  expect(stepOf(held, EVENTS.completed).effects).toEqual([])
  expect(stepOf(held, EVENTS.returned).effects).toEqual(['enqueue'])
})

describe('a job’s row', () => {
  test('is the same when nothing happened', () => {
    const item = itemIn('queued')
    const job = jobOf(item)
    expect(step(job, item, EVENTS.completed, CONTEXT).job).toBe(job)
  })

  test('counts its items and attempts, and says when it began', () => {
    const item = itemIn('queued')
    const { job } = step(jobOf(item), item, EVENTS.dispatched, CONTEXT)
    expect(job).toMatchObject({
      state: 'running',
      startedAtMs: NOW,
      attemptCount: 3,
      counts: { queued: 1, running: 1 }
    })
    expect(job.history.at(-1)).toEqual({
      state: 'running',
      atMs: NOW,
      by: 'router',
      reason: 'OFFERED'
    })
  })

  test.each<[Partial<Record<ItemState, number>>, string]>([
    [{ queued: 1 }, 'queued'],
    [{ queued: 1, held: 1 }, 'queued'],
    [{ queued: 1, completed: 1 }, 'running'],
    [{ queued: 1, failed: 1 }, 'running'],
    [{ running: 1, held: 1, failed: 1 }, 'running'],
    [{ held: 1, completed: 1 }, 'held'],
    [{ held: 1, failed: 1 }, 'held'],
    [{ completed: 2 }, 'completed'],
    [{ completed: 1, stopped: 1 }, 'stopped'],
    [{ completed: 1, stopped: 1, failed: 1 }, 'failed']
  ])('of items %j is %s', (counts, state) => {
    const states = Object.entries(counts) as [ItemState, number][]
    const items = states.flatMap(([name, count]) =>
      Array.from({ length: count }, () => itemIn(name, { error }))
    )
    // Neither running nor queued, so that it always has to be found anew.
    const job = buildJob('j-1', { state: 'pending', itemCount: items.length })
    expect(recountJob(job, items, CONTEXT)).toMatchObject({ state, counts })
  })

  test('says until when it is kept, once it has ended', () => {
    const { job } = stepOf(itemIn('running'), EVENTS.completed)
    expect(job).toMatchObject({ endedAtMs: NOW, forgetAtMs: 6_000, forgetLogsAtMs: 3_000 })
    const long = { nowMs: NOW, keep: { resultMs: 5_000, logsMs: 5_000 } }
    const { job: whole } = step(
      soleJobOf(itemIn('running')),
      itemIn('running'),
      EVENTS.completed,
      long
    )
    expect(whole).toMatchObject({ forgetAtMs: 6_000, forgetLogsAtMs: null })
  })

  test('keeps the moment in which it left `pending`', () => {
    const pending = buildJob('j-1', { state: 'pending', queuedAtMs: null, dueAtMs: 400 })
    const queued = withState(pending, 'queued', { by: 'router', reason: 'TIME_CAME' }, CONTEXT)
    expect(queued).toMatchObject({ state: 'queued', queuedAtMs: NOW, dueAtMs: null })
    const later = { nowMs: NOW + 1, keep: KEEP }
    const again = withState(queued, 'queued', { by: 'router', reason: 'RELEASED' }, later)
    expect(again.queuedAtMs).toBe(NOW)
  })

  test('counts its time anew once something held may go on, whatever else of it has ended', () => {
    const held = itemIn('held')
    const counts = { ...emptyCounts(), completed: 1, held: 1 }
    const times = { queuedAtMs: 100, startedAtMs: 200 }
    const job = buildJob('j-1', { state: 'held', ...times, itemCount: 2, counts })
    const { job: next } = step(job, held, EVENTS.released, CONTEXT)
    expect(next).toMatchObject({ state: 'running', queuedAtMs: NOW })
    const { job: stopped } = step(job, held, EVENTS.stopped, CONTEXT)
    expect(stopped).toMatchObject({ state: 'stopped', queuedAtMs: 100 })
  })
})

describe('a job’s error', () => {
  test('is its first item’s that failed, and ends its history', () => {
    const first = itemIn('running')
    const second = itemIn('running', { index: 1 })
    const job = soleJobOf(first, { itemCount: 2, counts: { ...emptyCounts(), running: 2 } })
    const failed = step(job, first, EVENTS.failed, CONTEXT)
    expect(failed.job).toMatchObject({ state: 'running', error: { code: 'TASK_FAILED' } })
    const both = step(failed.job, second, EVENTS.completed, CONTEXT)
    expect(both.job).toMatchObject({ state: 'failed', error: { code: 'TASK_FAILED' } })
    expect(both.job.history.at(-1)).toMatchObject({ state: 'failed', reason: 'TASK_FAILED' })
  })

  test('is gone with the trouble', () => {
    const held = stepOf(itemIn('running'), EVENTS['failed for now'])
    expect(held.job).toMatchObject({ state: 'held', error: { code: 'TASK_FAILED' } })
    const released = step(held.job, held.item, EVENTS.released, CONTEXT)
    expect(released.job).toMatchObject({ state: 'queued', error: null })
  })

  test.each<[EventName, ErrorCode]>([
    ['failed', 'TASK_FAILED'],
    ['stopped', 'TASK_STOPPED'],
    ['out of time', 'TOTAL_TIMED_OUT']
  ])('is what ended it, not why it was held before: %s', (name, code) => {
    const held = stepOf(itemIn('running'), EVENTS.awaited)
    expect(held.job.error?.code).toBe('PEER_SILENT')
    const { item, job } = step(held.job, held.item, EVENTS[name], CONTEXT)
    expect([item.error?.code, job.error?.code]).toEqual([code, code])
  })

  test('is not taken from one that failed by one that is held', () => {
    const first = itemIn('running')
    const second = itemIn('running', { index: 1 })
    const job = soleJobOf(first, { itemCount: 2, counts: { ...emptyCounts(), running: 2 } })
    const failed = step(job, first, EVENTS.failed, CONTEXT)
    const held = step(failed.job, second, EVENTS.awaited, CONTEXT)
    expect(held.job).toMatchObject({ state: 'held', error: { code: 'TASK_FAILED' } })
  })
})

describe('a job made anew from its items', () => {
  const job = buildJob('j-1', { itemCount: 3, state: 'running', startedAtMs: 7 })
  const items = [
    itemIn('completed', { attemptCount: 1, endedAtMs: 10 }),
    itemIn('failed', { index: 1, attemptCount: 2, endedAtMs: 30, error }),
    itemIn('completed', { index: 2, attemptCount: 1, endedAtMs: 20 })
  ]

  test('has ended when all of them have', () => {
    expect(recountJob(job, items, CONTEXT)).toMatchObject({
      state: 'failed',
      counts: { ...emptyCounts(), completed: 2, failed: 1 },
      attemptCount: 4,
      endedAtMs: NOW,
      forgetAtMs: NOW + KEEP.resultMs,
      error
    })
  })

  test('goes on while one has not, with the history it had', () => {
    const open = [...items.slice(0, 2), itemIn('queued', { index: 2 })]
    const recounted = recountJob(job, open, CONTEXT)
    expect(recounted).toMatchObject({ state: 'running', endedAtMs: null })
    expect(recounted.history).toBe(job.history)
  })

  test('says that a restart found it, where its row was behind', () => {
    const waiting = recountJob(job, [itemIn('queued')], CONTEXT)
    expect(waiting.history.at(-1)).toMatchObject({ state: 'queued', reason: 'ROUTER_RESTARTED' })
  })
})

describe('results that are files, or another run’s', () => {
  const file = { name: 'thumbs', file: 'sha256:ab', size: 3, kind: 'file' } as const
  const files = { outputs: [file], outputFile: { ...file, name: 'output.json' } }

  test('what an item left comes with its end', () => {
    const { item } = stepOf(itemIn('running'), { ...EVENTS.completed, files })
    expect(item).toMatchObject({ state: 'completed', ...files, reusedFrom: null })
  })

  test('an item that takes an earlier result was never sent, and says whose it is', () => {
    const waiting = itemIn('queued', { attemptCount: 0, workerId: null })
    const { item, job } = stepOf(waiting, { ...EVENTS.reused, files })
    expect(item).toMatchObject({ state: 'completed', ...files, reusedFrom: EARLIER })
    expect(item).toMatchObject({ attemptCount: 0, workerId: null, endedAtMs: NOW })
    expect(job).toMatchObject({ state: 'completed', attemptCount: 0, startedAtMs: null })
    expect(job.history.at(-1)).toMatchObject({
      reason: 'RESULT_REUSED',
      by: 'router',
      text: 'an equal task gave it before: j-0, item a, attempt 2 on w7'
    })
  })

  test('of several items one does not speak for the job', () => {
    const counts = { ...emptyCounts(), queued: 1, completed: 1 }
    const job = buildJob('j-1', { state: 'running', itemCount: 2, counts })
    const { job: next } = step(job, itemIn('queued'), EVENTS.reused, CONTEXT)
    expect(next.history.at(-1)).toMatchObject({ state: 'completed', reason: 'COMPLETED' })
  })
})
