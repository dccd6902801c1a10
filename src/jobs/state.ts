/**
 * The life of an item and of its job, as pure functions: what happened goes in, the new records come
 * out. What may follow what stands in one table; anything else is a mistake of ours and throws.
 * An event of an attempt that is no longer the newest comes too late and changes nothing.
 */
import { assert } from '../core/assert.ts'
import { isTerminal } from './records.ts'
import type { ErrorData } from '../core/errors.ts'
import type { ItemCounts, ItemRecord, ItemState, JobRecord } from './records.ts'

export type ItemEvent =
  /** A worker was chosen; attempt `attempt` begins. */
  | { kind: 'dispatched'; attempt: number; workerId: string }
  /** The worker refused, or worker or router stopped: the item goes back as if nothing had been. */
  | { kind: 'returned'; attempt: number }
  /** The attempt failed and another is worth it. */
  | { kind: 'retried'; attempt: number; error: ErrorData }
  | { kind: 'completed'; attempt: number }
  /** The attempt failed for good. */
  | { kind: 'failed'; attempt: number; error: ErrorData }
  /** The item ends without a newest attempt's word: its time is up. */
  | { kind: 'expired'; error: ErrorData }
  | { kind: 'stopped'; error: ErrorData }

const NEXT: Readonly<Record<ItemState, readonly ItemState[]>> = {
  queued: ['running', 'failed', 'stopped', 'held'],
  running: ['queued', 'completed', 'failed', 'stopped', 'held'],
  held: ['queued', 'stopped'],
  completed: [],
  failed: [],
  stopped: []
}

/** The item after the event; the same object when the event came too late. */
export function stepItem(item: ItemRecord, event: ItemEvent, nowMs: number): ItemRecord {
  if (isTerminal(item.state)) return item
  if ('attempt' in event && event.kind !== 'dispatched') {
    const isLate = item.state !== 'running' || event.attempt !== item.attemptCount
    if (isLate) return item
  }
  const next = changed(item, event, nowMs)
  assert(
    NEXT[item.state].includes(next.state),
    `an item does not go from ${item.state} to ${next.state}`
  )
  return next
}

function changed(item: ItemRecord, event: ItemEvent, nowMs: number): ItemRecord {
  switch (event.kind) {
    case 'dispatched':
      assert(event.attempt === item.attemptCount + 1, 'attempts are numbered one after the other')
      return {
        ...item,
        state: 'running',
        attemptCount: event.attempt,
        workerId: event.workerId,
        startedAtMs: item.startedAtMs ?? nowMs
      }
    case 'returned':
      return { ...item, state: 'queued' }
    case 'retried':
      return { ...item, state: 'queued', failureCount: item.failureCount + 1, error: event.error }
    case 'completed':
      return { ...item, state: 'completed', error: null, endedAtMs: nowMs }
    case 'failed':
      return {
        ...item,
        state: 'failed',
        failureCount: item.failureCount + 1,
        error: event.error,
        endedAtMs: nowMs
      }
    case 'expired':
      return { ...item, state: 'failed', error: event.error, endedAtMs: nowMs }
    case 'stopped':
      return { ...item, state: 'stopped', error: event.error, endedAtMs: nowMs }
  }
}

/** The job after one of its items went from one state to another. */
export function stepJob(
  job: JobRecord,
  before: ItemRecord,
  after: ItemRecord,
  nowMs: number
): JobRecord {
  if (before === after) return job
  const counts = { ...job.counts }
  counts[countOf(before.state)] -= 1
  counts[countOf(after.state)] += 1
  const attemptCount = job.attemptCount + after.attemptCount - before.attemptCount
  const state = jobState(counts)
  const hasEnded = isTerminal(state)
  return {
    ...job,
    counts,
    attemptCount,
    state,
    startedAtMs: job.startedAtMs ?? (after.state === 'running' ? nowMs : null),
    endedAtMs: hasEnded ? nowMs : null,
    error: job.error ?? (after.state === 'failed' || after.state === 'stopped' ? after.error : null)
  }
}

/**
 * The job as its items tell it: counts, attempts, state and error made anew. What a restarted router begins
 * with, because the job's row is written more rarely than its items'.
 */
export function recountJob(job: JobRecord, items: readonly ItemRecord[]): JobRecord {
  const counts: ItemCounts = { queued: 0, running: 0, completed: 0, failed: 0, stopped: 0 }
  let attemptCount = 0
  for (const item of items) {
    counts[countOf(item.state)] += 1
    attemptCount += item.attemptCount
  }
  const state = jobState(counts)
  const ended = items.filter((item) => item.state === 'failed' || item.state === 'stopped')
  return {
    ...job,
    counts,
    attemptCount,
    state,
    endedAtMs: isTerminal(state)
      ? items.reduce((latestMs, item) => Math.max(latestMs, item.endedAtMs ?? 0), 0)
      : null,
    error: job.error ?? ended[0]?.error ?? null
  }
}

function countOf(state: ItemState): keyof ItemCounts {
  return state === 'held' ? 'queued' : state
}

/** A job has failed as soon as it has ended with any failed item; it runs while anything of it does. */
function jobState(counts: ItemCounts): JobRecord['state'] {
  if (counts.running > 0) return 'running'
  if (counts.queued > 0) return counts.completed + counts.failed > 0 ? 'running' : 'queued'
  if (counts.failed > 0) return 'failed'
  return counts.stopped > 0 ? 'stopped' : 'completed'
}
