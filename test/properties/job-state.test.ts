/** Any story of a job's items keeps its counts, its state, its history and its end true. */
/* oxlint-disable vitest/no-conditional-expect -- what must be true depends on what happened */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { buildAttempt, buildItem, buildJob } from '../conformance/job-store-records.ts'
import { emptyCounts, recountJob, step } from '../../src/jobs/state.ts'
import { stepAttempt } from '../../src/jobs/attempt-state.ts'
import { NO_FILES, isTerminal } from '../../src/jobs/records.ts'
import { MeshError } from '../../src/core/errors.ts'
import type { AttemptEvent } from '../../src/jobs/attempt-state.ts'
import type { ItemEvent, Step } from '../../src/jobs/state.ts'
import type { AttemptRecord, ItemRecord, JobRecord } from '../../src/jobs/records.ts'

const errorOf = (text: string) => new MeshError('TASK_FAILED', text).toData()
const CAUSE = { by: 'http', reason: 'STOP_REQUESTED' } as const
const EARLIER = { jobId: 'j-0', itemId: '0', attempt: 1, workerId: null, endedAtMs: 1 } as const
const KEEP = { resultMs: 1_000, logsMs: 500 }

const KINDS = [
  'dispatched',
  // More often than the rest, or nothing would ever run for long.
  'dispatched',
  'returned',
  'retried',
  'completed',
  'reused',
  'failed',
  'awaited',
  'ended',
  'held',
  'released'
] as const

const happening = fc.record({
  item: fc.nat(11),
  kind: fc.constantFrom(...KINDS),
  /** Of the attempt, behind the newest. */
  lag: fc.constantFrom(0, 0, 0, 1, -1),
  isHard: fc.boolean()
})

type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never

interface World {
  job: JobRecord
  items: ItemRecord[]
}

function newWorld(itemCount: number): World {
  const items = Array.from({ length: itemCount }, (_, index) => buildItem('j-1', index))
  const counts = { ...emptyCounts(), queued: itemCount }
  return { job: buildJob('j-1', { itemCount, counts, attemptCount: 0, history: [] }), items }
}

/** What could truly be told of an item: only a waiting one is sent out. */
function eventFor(item: ItemRecord, { isHard, kind, lag }: Happening): ItemEvent | undefined {
  const attempt = item.attemptCount - lag
  const error = errorOf(`attempt ${attempt} of item ${item.index}`)
  switch (kind) {
    case 'dispatched':
      if (item.state !== 'queued') return undefined
      return { kind, attempt: item.attemptCount + 1, workerId: `w${item.index % 3}` }
    case 'completed':
      return { kind, attempt }
    case 'reused':
      return { kind, from: EARLIER, files: NO_FILES }
    case 'failed':
      return { kind, attempt, error, then: isHard ? 'failed' : 'held' }
    case 'returned':
    case 'retried':
    case 'awaited':
      return { kind, attempt, error }
    case 'ended':
      return { kind, ending: { state: isHard ? 'failed' : 'stopped', cause: CAUSE, error } }
    case 'held':
    case 'released':
      return { kind, cause: CAUSE }
  }
}

/** Lives a story; every step is shown with the world before it. */
function live(
  itemCount: number,
  story: readonly Happening[],
  onStep: (before: World, after: Step, event: ItemEvent) => void
): World {
  let world = newWorld(itemCount)
  for (const [nowMs, happened] of story.entries()) {
    const index = happened.item % itemCount
    const item = world.items[index] as ItemRecord
    const job = { ...world.job, isOnHold: happened.lag === 1 }
    const event = eventFor(item, happened)
    if (event === undefined) continue
    const after = step(job, item, event, { nowMs, keep: KEEP })
    onStep({ ...world, job }, after, event)
    world = { job: after.job, items: world.items.with(index, after.item) }
  }
  return world
}

const stories = fc.array(happening, { maxLength: 120 })
const itemCounts = fc.integer({ min: 1, max: 12 })

function check(onStep: (before: World, after: Step, event: ItemEvent) => void): void {
  fc.assert(
    fc.property(itemCounts, stories, (itemCount, story) => {
      live(itemCount, story, onStep)
    })
  )
}

test('counts, state and attempts are always what the items say', () => {
  check(({ items }, { item, job }) => {
    const after = items.with(item.index, item)
    const counts = emptyCounts()
    for (const { state } of after) counts[state] += 1
    expect(job.counts).toEqual(counts)
    expect(job.attemptCount).toBe(after.reduce((sum, { attemptCount }) => sum + attemptCount, 0))
    const context = { nowMs: 1_000, keep: KEEP }
    // A row made anew has nothing to correct.
    expect(recountJob(job, after, context).state).toBe(job.state)
    expect(recountJob({ ...job, state: 'pending' }, after, context).state).toBe(job.state)
    expect(isTerminal(job.state)).toBe(after.every(({ state }) => isTerminal(state)))
    expect(job.state === 'completed').toBe(after.every(({ state }) => state === 'completed'))
  })
})

test('an item that has ended never changes, nor does a job', () => {
  check(({ items, job: before }, { effects, item, job }) => {
    const old = items[item.index] as ItemRecord
    if (isTerminal(old.state)) {
      expect(item).toBe(old)
      expect(job).toBe(before)
      expect(effects).toEqual([])
    }
    if (isTerminal(before.state)) expect(job).toBe(before)
  })
})

test('an end stands in the history once, and last, with the times that follow from it', () => {
  check((_, { job }) => {
    const ends = job.history.filter(({ state }) => isTerminal(state as JobRecord['state']))
    expect(ends).toHaveLength(isTerminal(job.state) ? 1 : 0)
    if (!isTerminal(job.state)) {
      return expect([job.endedAtMs, job.forgetAtMs]).toEqual([null, null])
    }
    expect(job.history.at(-1)).toBe(ends[0])
    expect(job.endedAtMs).toBe(ends[0]?.atMs)
    expect(job.forgetAtMs).toBe((job.endedAtMs ?? 0) + KEEP.resultMs)
  })
})

test('the numbers of attempts and the times of starts never go back', () => {
  check(({ items, job: before }, { item, job }, { kind }) => {
    const old = items[item.index] as ItemRecord
    expect(item.attemptCount - old.attemptCount).toBe(kind === 'dispatched' ? 1 : 0)
    expect(job.attemptCount).toBeGreaterThanOrEqual(before.attemptCount)
    if (old.startedAtMs !== null) expect(item.startedAtMs).toBe(old.startedAtMs)
    if (before.startedAtMs !== null) expect(job.startedAtMs).toBe(before.startedAtMs)
    for (const workerId of old.crashedOn) expect(item.crashedOn).toContain(workerId)
  })
})

test('an end that was asked for stays until it is true, unless the task was faster', () => {
  check(({ items }, { effects, item }, event) => {
    const { ending } = items[item.index] as ItemRecord
    if (item.ending !== null) expect(item.state).toBe('running')
    expect(effects.includes('stop-attempt')).toBe(ending === null && item.ending !== null)
    if (ending === null) return
    const isKept = item.ending === ending
    const isTrue = item.state === ending.state && item.error === ending.error
    const isFaster = item.state === 'completed' && event.kind === 'completed'
    expect([isKept, isTrue, isFaster].filter(Boolean)).toHaveLength(1)
  })
})

test('what waits is put into the queue, what runs was taken from it', () => {
  check(({ items }, { effects, item }) => {
    const old = items[item.index] as ItemRecord
    expect(effects.includes('enqueue')).toBe(old.state !== 'queued' && item.state === 'queued')
    if (item.state === 'running' && old.state !== 'running') expect(old.state).toBe('queued')
  })
})

test('a job in trouble says of which of its items, one without trouble says nothing', () => {
  check(({ items }, { item, job }) => {
    const after = items.with(item.index, item)
    const ended = after.filter(({ state }) => state === 'failed' || state === 'stopped')
    const isHeld = after.some(({ state }) => state === 'held')
    const errors = ended.length > 0 ? ended.map(({ error }) => error) : [null]
    expect(isHeld && ended.length === 0 ? [job.error] : errors).toContainEqual(job.error)
  })
})

test('a history keeps its beginning and its end, however long it gets', () => {
  fc.assert(
    fc.property(fc.array(happening, { minLength: 300, maxLength: 600 }), (story) => {
      // One item that is never ended, so that it goes back and forth.
      const lasting = story.filter(
        ({ kind }) => kind === 'dispatched' || kind === 'returned' || kind === 'retried'
      )
      const { job } = live(1, lasting, (before, after) => {
        expect(after.job.history.length).toBeLessThanOrEqual(64)
        const isNews = after.job.state !== before.job.state
        if (isNews) expect(after.job.history.at(-1)?.state).toBe(after.job.state)
        const first = before.job.history[0] ?? after.job.history[0]
        expect(after.job.history[0]).toBe(first)
      })
      const times = job.history.map(({ atMs }) => atMs)
      expect(times).toEqual(times.toSorted((left, right) => left - right))
    }),
    { numRuns: 30 }
  )
})

const attemptEvent: fc.Arbitrary<AttemptEvent> = fc.oneof(
  fc.record({
    kind: fc.constant('reported' as const),
    state: fc.constantFrom('accepted' as const, 'running' as const)
  }),
  fc.constant<AttemptEvent>({ kind: 'silent', error: errorOf('silent') }),
  fc.constant<AttemptEvent>({ kind: 'reconnected' }),
  fc.constant<AttemptEvent>({ kind: 'late', text: 'too late' }),
  fc.record({
    kind: fc.constant('ended' as const),
    state: fc.constantFrom(
      'refused' as const,
      'completed' as const,
      'failed' as const,
      'lost' as const
    ),
    error: fc.constantFrom(null, errorOf('ended')),
    usage: fc.constant(null),
    ranMs: fc.option(fc.nat(500), { nil: undefined })
  })
)

test('an attempt ends once, and then only learns that its worker came back late', () => {
  fc.assert(
    fc.property(fc.array(attemptEvent, { maxLength: 60 }), (story) => {
      let attempt: AttemptRecord = buildAttempt('j-1', 0, 1, { offeredAtMs: 0 })
      for (const [nowMs, event] of story.entries()) {
        const after = stepAttempt(attempt, event, nowMs)
        if (attempt.endedAtMs !== null && after !== attempt) {
          expect(event.kind).toBe('late')
          expect({ ...after, history: [] }).toEqual({ ...attempt, history: [] })
        }
        expect(after.history.length).toBeLessThanOrEqual(64)
        const times = after.history.map(({ atMs }) => atMs)
        expect(times).toEqual(times.toSorted((left, right) => left - right))
        const lateCount = after.history.filter(({ reason }) => reason === 'LATE_RESULT').length
        expect(lateCount).toBeLessThanOrEqual(1)
        attempt = after
      }
    })
  )
})
