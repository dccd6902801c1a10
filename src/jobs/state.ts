/**
 * The life of a job with its items, as pure functions: what happened to an item goes in, the new records come
 * out, with what is to be done about it. Which state an item may come to from which stands in one table;
 * anything else is a mistake of ours and throws. What happens to the item itself is in `item-state.ts`.
 */
import { assert } from '../core/assert.ts'
import { causeOf, isTerminal, withTransition } from './records.ts'
import { stepItem, uncheckedCopies } from './item-state.ts'
import type { ErrorData } from '../core/errors.ts'
import type { ItemEvent } from './item-state.ts'
import type {
  Cause,
  EarlierRun,
  ItemCounts,
  ItemRecord,
  ItemState,
  JobRecord,
  JobState
} from './records.ts'

/** What is to be done about a step. */
export type Effect =
  /** The item waits for a worker. */
  | 'enqueue'
  /** Its attempts are to be ended at their workers, for `item.ending`. */
  | 'stop-attempts'
  /** What is known of its results has changed: are they right, or are more copies wanted? */
  | 'review'

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
  const next = stepItem(item, event, { isOnHold: job.isOnHold, nowMs: context.nowMs })
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

function effectsOf(before: ItemRecord, after: ItemRecord, event: ItemEvent): Effect[] {
  const effects: Effect[] = []
  if (after.ending !== null && after.ending !== before.ending) effects.push('stop-attempts')
  if (after.state === 'queued') effects.push('enqueue')
  // A copy that has only just begun says nothing of the results.
  if (uncheckedCopies(after).length > 0 && event.kind !== 'dispatched') effects.push('review')
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
    case 'delivered':
      // Its item comes to another state only where no other copy may begin now.
      return { by: 'router', reason: 'HELD_BY_USER' }
    case 'completed':
      return { by: 'router', reason: 'COMPLETED' }
    case 'reused':
      return { by: 'router', reason: 'RESULT_REUSED', text: describeRun(event.from) }
    case 'returned':
    case 'retried':
    case 'failed':
    case 'undecided':
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
