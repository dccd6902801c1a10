/** Any story of a job's items keeps its counts, its state, its history and its end true. */
/* oxlint-disable vitest/no-conditional-expect -- what must be true depends on what happened */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { buildAttempt, buildItem, buildJob } from '../conformance/job-store-records.ts'
import { emptyCounts, recountJob, step } from '../../src/jobs/state.ts'
import { mayBegin } from '../../src/dispatch/active-item.ts'
import { openCopies, recoverItem, uncheckedCopies } from '../../src/jobs/item-state.ts'
import { stepAttempt } from '../../src/jobs/attempt-state.ts'
import { NO_FILES, isTerminal } from '../../src/jobs/records.ts'
import { MeshError } from '../../src/core/errors.ts'
import type { AttemptEvent } from '../../src/jobs/attempt-state.ts'
import type { ItemEvent } from '../../src/jobs/item-state.ts'
import type { Step } from '../../src/jobs/state.ts'
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
  'delivered',
  'undecided',
  'reused',
  'failed',
  'awaited',
  'resumed',
  'ended',
  'held',
  'released'
] as const

const happening = fc.record({
  item: fc.nat(11),
  kind: fc.constantFrom(...KINDS),
  /** Of the attempt, behind the newest: copies of it may be open. */
  lag: fc.constantFrom(0, 0, 0, 1, 1, 2, -1),
  isOnHold: fc.constantFrom(false, false, false, true),
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

function mayHappen(item: ItemRecord, kind: Happening['kind']): boolean {
  if (kind === 'dispatched') return mayBegin(item, item.state === 'queued')
  return kind !== 'undecided' || uncheckedCopies(item).length > 0
}

/** What could truly be told of an item: only a waiting one is sent out, or a running one once more. */
function eventFor(item: ItemRecord, happened: Happening): ItemEvent | undefined {
  const { isHard, kind } = happened
  if (!mayHappen(item, kind)) return undefined
  const attempt = item.attemptCount - happened.lag
  const error = errorOf(`attempt ${attempt} of item ${item.index}`)
  const then = isHard ? 'failed' : 'held'
  const next = { attempt: item.attemptCount + 1, workerId: `w${item.attemptCount % 3}` }
  const ending = { state: isHard ? 'failed' : 'stopped', cause: CAUSE, error } as const
  const events: Record<Happening['kind'], ItemEvent> = {
    dispatched: { kind: 'dispatched', ...next },
    returned: { kind: 'returned', attempt, error },
    retried: { kind: 'retried', attempt, error },
    completed: { kind: 'completed', attempt },
    delivered: { kind: 'delivered', attempt },
    undecided: { kind: 'undecided', error, then },
    reused: { kind: 'reused', from: EARLIER, files: NO_FILES },
    failed: { kind: 'failed', attempt, error, then },
    awaited: { kind: 'awaited', attempt, error },
    resumed: { kind: 'resumed', attempt, cause: CAUSE },
    ended: { kind: 'ended', ending },
    held: { kind: 'held', cause: CAUSE },
    released: { kind: 'released', cause: CAUSE }
  }
  return events[kind]
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
    const job = { ...world.job, isOnHold: happened.isOnHold }
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
    expect(effects.includes('stop-attempts')).toBe(ending === null && item.ending !== null)
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
    const isBack = item.state === 'running' && old.state === 'held'
    // A silent worker is back, or what is here may be checked again.
    if (isBack) expect(item.copies).not.toBeNull()
  })
})

test('an item takes one result, of an attempt that it counted on', () => {
  check(({ items }, { item }, event) => {
    const old = items[item.index] as ItemRecord
    if (item.state !== 'completed' || old.state === 'completed' || event.kind === 'reused') return
    const attempt = item.resultAttempt
    expect(event).toMatchObject({ kind: 'completed', attempt })
    expect(old.copies).toContainEqual(expect.objectContaining({ attempt }))
  })
})

test('a copy that fails while another is out changes nothing but what is known of it', () => {
  check(({ items }, { effects, item }, event) => {
    const old = items[item.index] as ItemRecord
    const isMiss = event.kind === 'returned' || event.kind === 'retried' || event.kind === 'failed'
    if (!isMiss || item === old) return
    const others = openCopies(old).filter(({ attempt }) => attempt !== event.attempt)
    if (!others.some(({ phase }) => phase === 'out')) return
    expect(item).toMatchObject({ state: 'running', failureCount: old.failureCount })
    expect(item.error).toBe(old.error)
    expect(openCopies(item)).toEqual(others)
    expect(effects).not.toContain('enqueue')
  })
})

test('an item runs while a copy is out, and counts on none once it has ended or waits', () => {
  check((_, { effects, item }) => {
    const copies = item.copies ?? []
    const isOut = copies.some(({ phase }) => phase === 'out')
    if (isOut) expect(item.state).toBe('running')
    if (item.state === 'queued' || isTerminal(item.state)) expect(item.copies).toBeNull()
    if (item.state === 'running') expect(copies.length).toBeGreaterThan(0)
    if (item.ending !== null) expect(isOut).toBe(true)
    const numbers = copies.map(({ attempt }) => attempt)
    expect(new Set(numbers).size).toBe(numbers.length)
    for (const number of numbers) expect(number).toBeLessThanOrEqual(item.attemptCount)
    if (effects.includes('review')) expect(uncheckedCopies(item)).not.toEqual([])
  })
})

test('a restarted router goes on with the attempts that are open, and with no results', () => {
  check((_, { item }) => {
    const open = openCopies(item).map(({ attempt, workerId }) =>
      buildAttempt('j-1', item.index, attempt, { workerId })
    )
    const again = recoverItem(item, open, { isOnHold: false, nowMs: 1_000 })
    expect(uncheckedCopies(again)).toEqual([])
    if (isTerminal(item.state)) return expect(again).toBe(item)
    expect(openCopies(again).map(({ attempt }) => attempt)).toEqual(
      open.map(({ number }) => number)
    )
    const isLeft = item.state === 'running' && open.length === 0
    expect(again.state).toBe(isLeft ? 'queued' : item.state)
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
