/**
 * The life of a job and of its items, as pure functions: what happened goes in, the new records come
 * out, with what is to be done about it. What may follow what stands in one table; anything else is a
 * mistake of ours and throws. An event of an attempt that is no longer the newest comes too late and
 * changes nothing.
 */
import { assert } from '../core/assert.ts'
import { causeOf, isTerminal, withTransition } from './records.ts'
import type { ErrorData } from '../core/errors.ts'
import type {
  Cause,
  EarlierRun,
  Ending,
  ItemCounts,
  ItemFiles,
  ItemRecord,
  ItemState,
  JobRecord,
  JobState
} from './records.ts'

export type ItemEvent =
  /** A worker was chosen; attempt `attempt` begins. */
  | { kind: 'dispatched'; attempt: number; workerId: string }
  /** The worker refused, or it was cut off by no fault of its own: the item goes back as if nothing had been. */
  | { kind: 'returned'; attempt: number; error: ErrorData }
  /** The attempt failed and another is worth it. */
  | { kind: 'retried'; attempt: number; error: ErrorData }
  | { kind: 'completed'; attempt: number; files?: ItemFiles }
  /** An equal task gave its result before. */
  | { kind: 'reused'; from: EarlierRun; files: ItemFiles }
  /** The attempt failed for good: that ends the item, or it waits for somebody to look. */
  | { kind: 'failed'; attempt: number; error: ErrorData; then: 'failed' | 'held' }
  /** The worker is silent, and the job would rather wait than run twice. The attempt stays open. */
  | { kind: 'awaited'; attempt: number; error: ErrorData }
  /** That worker is back, and still has it. */
  | { kind: 'resumed'; attempt: number; cause: Cause }
  /** An end without an attempt's word: a stop, or a time that is up. A running attempt is ended first. */
  | { kind: 'ended'; ending: Ending }
  | { kind: 'held'; cause: Cause }
  | { kind: 'released'; cause: Cause }

/** What is to be done about a step. */
export type Effect =
  /** The item waits for a worker. */
  | 'enqueue'
  /** Its attempt is to be ended at the worker, for `item.ending`. */
  | 'stop-attempt'
  /** Its attempt is superseded: nobody waits for its word any more. */
  | 'drop-attempt'

export interface Step {
  job: JobRecord
  item: ItemRecord
  effects: readonly Effect[]
}

export interface StepContext {
  nowMs: number
  /** How long the job leaves its results and logs behind, in milliseconds. */
  keep: { resultMs: number; logsMs: number }
}

const NEXT: Readonly<Record<ItemState, readonly ItemState[]>> = {
  queued: ['running', 'completed', 'failed', 'stopped', 'held'],
  running: ['running', 'queued', 'completed', 'failed', 'stopped', 'held'],
  held: ['queued', 'running', 'completed', 'failed', 'stopped', 'held'],
  completed: [],
  failed: [],
  stopped: []
}

/** Job and item after the event; the same objects when it came too late. */
export function step(
  job: JobRecord,
  item: ItemRecord,
  event: ItemEvent,
  context: StepContext
): Step {
  if (isLate(item, event)) return { job, item, effects: [] }
  const next = changed(job, item, event, context.nowMs)
  if (next === item) return { job, item, effects: [] }
  assert(
    NEXT[item.state].includes(next.state),
    `an item does not go from ${item.state} to ${next.state}`
  )
  return {
    job: withItem(
      job,
      { before: item, after: next, cause: causeOfStep(item, next, event) },
      context
    ),
    item: next,
    effects: effectsOf(item, next, event)
  }
}

function isLate(item: ItemRecord, event: ItemEvent): boolean {
  if (isTerminal(item.state)) return true
  if (!('attempt' in event) || event.kind === 'dispatched') return false
  const isOpen = item.state === 'running' || item.state === 'held'
  return !isOpen || event.attempt !== item.attemptCount
}

function changed(job: JobRecord, item: ItemRecord, event: ItemEvent, nowMs: number): ItemRecord {
  switch (event.kind) {
    case 'dispatched':
      return sentOut(item, event, nowMs)
    case 'completed':
      return completed(item, event.files, nowMs)
    case 'reused':
      return reused(item, event, nowMs)
    case 'returned':
      return afterReturn(job, item, nowMs)
    case 'retried':
    case 'failed':
      return afterFailure(job, item, event, nowMs)
    case 'awaited':
      // Nobody holds a job that is to end.
      return item.ending === null ? { ...item, state: 'held', error: event.error } : item
    case 'resumed':
      return item.state === 'held' ? { ...item, state: 'running', error: null } : item
    case 'ended':
      return toEnd(item, event.ending, nowMs)
    case 'held':
      return item.state === 'queued' ? { ...item, state: 'held' } : item
    case 'released':
      return released(item)
  }
}

function completed(item: ItemRecord, files: ItemFiles | undefined, nowMs: number): ItemRecord {
  return { ...item, ...files, state: 'completed', ending: null, error: null, endedAtMs: nowMs }
}

/** Whoever held it back meanwhile wants nothing of it to end, either. */
function reused(
  item: ItemRecord,
  { files, from }: Extract<ItemEvent, { kind: 'reused' }>,
  nowMs: number
): ItemRecord {
  if (item.state !== 'queued') return item
  return { ...completed(item, files, nowMs), reusedFrom: from }
}

function released(item: ItemRecord): ItemRecord {
  return item.state === 'held' ? { ...item, state: 'queued', failureCount: 0 } : item
}

function sentOut(
  item: ItemRecord,
  { attempt, workerId }: Extract<ItemEvent, { kind: 'dispatched' }>,
  nowMs: number
): ItemRecord {
  assert(item.state === 'queued', `an item that is ${item.state} is not sent out`)
  assert(attempt === item.attemptCount + 1, 'attempts are numbered one after the other')
  const startedAtMs = item.startedAtMs ?? nowMs
  return { ...item, state: 'running', attemptCount: attempt, workerId, startedAtMs }
}

function toEnd(item: ItemRecord, ending: Ending, nowMs: number): ItemRecord {
  if (item.state !== 'running') return ended(item, ending, nowMs)
  if (item.ending === null) return { ...item, ending }
  // The first word counts: a time-out on the way to a stop is still a stop. A later one may hurry it.
  const { killAfterMs = Infinity } = ending
  if (killAfterMs >= (item.ending.killAfterMs ?? Infinity)) return item
  return { ...item, ending: { ...item.ending, killAfterMs } }
}

function afterReturn(job: JobRecord, item: ItemRecord, nowMs: number): ItemRecord {
  if (item.ending !== null) return ended(item, item.ending, nowMs)
  return { ...item, state: job.isOnHold ? 'held' : 'queued' }
}

function afterFailure(
  job: JobRecord,
  item: ItemRecord,
  event: Extract<ItemEvent, { kind: 'retried' | 'failed' }>,
  nowMs: number
): ItemRecord {
  const { error } = event
  const failed: ItemRecord = {
    ...item,
    failureCount: item.failureCount + 1,
    crashedOn: crashedOn(item, error),
    error
  }
  if (item.ending !== null) return ended(failed, item.ending, nowMs)
  if (event.kind === 'retried') return { ...failed, state: job.isOnHold ? 'held' : 'queued' }
  return event.then === 'held'
    ? { ...failed, state: 'held' }
    : { ...failed, state: 'failed', endedAtMs: nowMs }
}

function ended(item: ItemRecord, ending: Ending, nowMs: number): ItemRecord {
  return { ...item, state: ending.state, ending: null, error: ending.error, endedAtMs: nowMs }
}

function crashedOn(item: ItemRecord, error: ErrorData): readonly string[] {
  const { crashedOn: known, workerId } = item
  const isNew = error.code === 'SANDBOX_CRASHED' && workerId !== null && !known.includes(workerId)
  return isNew ? [...known, workerId] : known
}

function effectsOf(before: ItemRecord, after: ItemRecord, event: ItemEvent): Effect[] {
  const effects: Effect[] = []
  // A held item may have an attempt that is still awaited.
  const isDropped = before.state === 'held' && !('attempt' in event)
  if (isDropped && after.state !== 'held') effects.push('drop-attempt')
  if (after.ending !== null && after.ending !== before.ending) effects.push('stop-attempt')
  if (after.state === 'queued') effects.push('enqueue')
  return effects
}

/** Where an end was asked for, that is why, whatever the attempt said last. */
function causeOfStep(before: ItemRecord, after: ItemRecord, event: ItemEvent): Cause {
  const { ending } = before
  return ending !== null && after.state === ending.state ? ending.cause : causeOfEvent(event)
}

function causeOfEvent(event: ItemEvent): Cause {
  switch (event.kind) {
    case 'dispatched':
      return { by: 'router', reason: 'OFFERED' }
    case 'completed':
      return { by: 'router', reason: 'COMPLETED' }
    case 'reused':
      return { by: 'router', reason: 'RESULT_REUSED', text: describeRun(event.from) }
    case 'returned':
    case 'retried':
    case 'failed':
    case 'awaited':
      return causeOf(event.error)
    case 'ended':
      return event.ending.cause
    case 'resumed':
    case 'held':
    case 'released':
      return event.cause
  }
}

function describeRun({ attempt, itemId, jobId, workerId }: EarlierRun): string {
  const where = workerId === null ? '' : ` on ${workerId}`
  return `an equal task gave it before: ${jobId}, item ${itemId}, attempt ${attempt}${where}`
}

/** The job after one of its items went from one state to another. */
function withItem(
  job: JobRecord,
  { after, before, cause }: { before: ItemRecord; after: ItemRecord; cause: Cause },
  context: StepContext
): JobRecord {
  const counts = { ...job.counts }
  counts[before.state] -= 1
  counts[after.state] += 1
  const attemptCount = job.attemptCount + after.attemptCount - before.attemptCount
  const state = jobStateOf(counts)
  const error = errorWith(job, counts, after)
  const startedAtMs = job.startedAtMs ?? (after.state === 'running' ? context.nowMs : null)
  const next = { ...job, counts, attemptCount, startedAtMs, error }
  return state === job.state ? next : withState(next, state, endCause(next, state, cause), context)
}

/**
 * The first error of an item that ended in trouble stays; before there is one, that of a held item does
 * as long as one is held. What was released or made good is no longer the job's.
 */
function errorWith(job: JobRecord, counts: ItemCounts, after: ItemRecord): ErrorData | null {
  if (job.counts.failed + job.counts.stopped > 0) return job.error
  if (after.state === 'failed' || after.state === 'stopped') return after.error
  if (counts.held === 0) return null
  return job.error ?? (after.state === 'held' ? after.error : null)
}

/** What ended a job of many items is its first trouble, not whatever its last item did. */
function endCause({ error, itemCount }: JobRecord, state: JobState, cause: Cause): Cause {
  const isOfAll = cause.reason === 'RESULT_REUSED' && itemCount === 1
  if (state === 'completed') return isOfAll ? cause : { by: 'router', reason: 'COMPLETED' }
  if (!isTerminal(state) || error === null || cause.reason === 'STOP_REQUESTED') return cause
  return causeOf(error)
}

/** The job in another state, with its history and the times that follow from it. */
export function withState(
  job: JobRecord,
  state: JobState,
  cause: Cause,
  { keep, nowMs }: StepContext
): JobRecord {
  const hasEnded = isTerminal(state)
  return {
    ...job,
    state,
    queuedAtMs: isBegun(job, state) ? nowMs : job.queuedAtMs,
    dueAtMs: state === 'pending' || state === 'held' ? job.dueAtMs : null,
    endedAtMs: hasEnded ? nowMs : null,
    forgetAtMs: hasEnded ? nowMs + keep.resultMs : null,
    forgetLogsAtMs: hasEnded && keep.logsMs < keep.resultMs ? nowMs + keep.logsMs : null,
    history: withTransition(job.history, { state, atMs: nowMs, ...cause })
  }
}

/** Its time counts from when it may first run, and anew from when it is released, though some of it has ended. */
function isBegun(job: JobRecord, state: JobState): boolean {
  if (job.state === 'held') return state === 'queued' || state === 'running'
  return state === 'queued' && job.queuedAtMs === null
}

/**
 * The job as its items tell it: counts, attempts, state and error made anew. What a restarted router begins
 * with, because the job's row is written more rarely than its items'.
 */
export function recountJob(
  job: JobRecord,
  items: readonly ItemRecord[],
  context: StepContext
): JobRecord {
  const counts = emptyCounts()
  let attemptCount = 0
  for (const item of items) {
    counts[item.state] += 1
    attemptCount += item.attemptCount
  }
  const state = jobStateOf(counts)
  const trouble = items.find((item) => item.error !== null && isTroubled(item.state))
  const error = job.error ?? trouble?.error ?? null
  const next = { ...job, counts, attemptCount, error }
  if (state === job.state) return next
  const cause: Cause = { by: 'router', reason: 'ROUTER_RESTARTED' }
  return withState(next, state, endCause(next, state, cause), context)
}

export function emptyCounts(): ItemCounts {
  return { queued: 0, running: 0, completed: 0, failed: 0, stopped: 0, held: 0 }
}

function isTroubled(state: ItemState): boolean {
  return state === 'failed' || state === 'stopped' || state === 'held'
}

/** A job runs while anything of it does or will; it has failed as soon as it has ended with any failed item. */
function jobStateOf(counts: ItemCounts): JobState {
  if (counts.running > 0) return 'running'
  const endedCount = counts.completed + counts.failed + counts.stopped
  if (counts.queued > 0) return endedCount > 0 ? 'running' : 'queued'
  if (counts.held > 0) return 'held'
  if (counts.failed > 0) return 'failed'
  return counts.stopped > 0 ? 'stopped' : 'completed'
}
