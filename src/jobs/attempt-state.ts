/**
 * The life of one attempt, as a pure function: what its worker said or left unsaid goes in, the new
 * record comes out. What may follow what stands in one table; anything else is a mistake of ours and throws.
 */
import { assert } from '../core/assert.ts'
import { causeOf, withTransition } from './records.ts'
import type { AttemptRecord, AttemptRole, AttemptState, Cause, ItemRecord } from './records.ts'
import type { ErrorData } from '../core/errors.ts'
import type { OutputFile } from '../model/job.ts'
import type { TaskProgress } from '../model/generated/commands-execute-task.ts'

const ATTEMPT_ENDS = [
  'refused',
  'completed',
  'failed',
  'timed_out',
  'stopped',
  'lost'
] as const satisfies readonly AttemptState[]

export type AttemptEndState = (typeof ATTEMPT_ENDS)[number]

const NEXT_ATTEMPT: Readonly<Record<AttemptState, readonly AttemptState[]>> = {
  // A task that does much in little time is first heard of when its outputs are taken in.
  offered: ['accepted', 'fetching', 'running', 'publishing', 'unknown', ...ATTEMPT_ENDS],
  accepted: ['fetching', 'running', 'publishing', 'unknown', ...ATTEMPT_ENDS],
  fetching: ['running', 'publishing', 'unknown', ...ATTEMPT_ENDS],
  running: ['publishing', 'unknown', ...ATTEMPT_ENDS],
  publishing: ['unknown', ...ATTEMPT_ENDS],
  unknown: ['accepted', 'fetching', 'running', 'publishing', ...ATTEMPT_ENDS],
  refused: [],
  completed: [],
  failed: [],
  timed_out: [],
  stopped: [],
  lost: []
}

/** States from which a task may have run and ended before it said that it began. */
const BEFORE_RUNNING: readonly AttemptState[] = ['offered', 'fetching']

/** How far a worker says that it is; what it says of the end comes with the result. */
export type ReportedState = 'accepted' | 'fetching' | 'running' | 'publishing'

const REPORTED = {
  accepted: 'ACCEPTED',
  fetching: 'FETCHING',
  running: 'RUNNING',
  publishing: 'PUBLISHING'
} as const satisfies Record<ReportedState, string>

export type AttemptEvent =
  /** The worker says how far it is. */
  | { kind: 'reported'; state: ReportedState; progress?: TaskProgress | undefined }
  | { kind: 'silent'; error: ErrorData }
  | { kind: 'reconnected' }
  | {
      kind: 'ended'
      state: AttemptEndState
      error: ErrorData | null
      usage: AttemptRecord['usage']
      progress?: TaskProgress | undefined
      /** How long the task ran by the worker's clock, where it did. */
      ranMs?: number | undefined
      logFile?: OutputFile | undefined
    }
  /** Its item has a result, or an end, without it; that is nobody's fault. */
  | { kind: 'superseded'; text: string }
  /** Its worker came back with it after it was given up. */
  | { kind: 'late'; text: string }

/** The attempt with which an item is sent to a worker. */
export function newAttempt(
  item: ItemRecord,
  {
    leaseId,
    nowMs,
    role,
    workerId
  }: { leaseId: string; nowMs: number; role: AttemptRole; workerId: string }
): AttemptRecord {
  return {
    jobId: item.jobId,
    itemIndex: item.index,
    number: item.attemptCount,
    leaseId,
    role,
    state: 'offered',
    workerId,
    offeredAtMs: nowMs,
    endedAtMs: null,
    error: null,
    usage: null,
    progress: null,
    logFile: null,
    history: [{ state: 'offered', atMs: nowMs, by: 'router', reason: 'OFFERED' }]
  }
}

/** The attempt after the event; the same object when it changes nothing. */
export function stepAttempt(
  attempt: AttemptRecord,
  event: AttemptEvent,
  nowMs: number
): AttemptRecord {
  const hasEnded = NEXT_ATTEMPT[attempt.state].length === 0
  if (event.kind === 'late') return hasEnded ? lateAttempt(attempt, event.text, nowMs) : attempt
  if (hasEnded) return attempt
  switch (event.kind) {
    case 'reported':
      return reportedAttempt(attempt, event, nowMs)
    case 'silent':
      return attempt.state === 'unknown'
        ? attempt
        : moved(attempt, 'unknown', nowMs, causeOf(event.error))
    case 'reconnected':
      return attempt.state === 'unknown'
        ? moved(attempt, stateBefore(attempt), nowMs, said(attempt, 'RECONNECTED'))
        : attempt
    case 'ended':
      return endedAttempt(attempt, event, nowMs)
    case 'superseded': {
      const cause = { by: 'router', reason: 'COPY_SUPERSEDED', text: event.text } as const
      return { ...moved(attempt, 'stopped', nowMs, cause), endedAtMs: nowMs }
    }
  }
}

function reportedAttempt(
  attempt: AttemptRecord,
  event: Extract<AttemptEvent, { kind: 'reported' }>,
  nowMs: number
): AttemptRecord {
  const progress = event.progress ?? progressAfter(attempt, event.state)
  const isNews = NEXT_ATTEMPT[attempt.state].includes(event.state)
  const reason = attempt.state === 'unknown' ? 'RECONNECTED' : REPORTED[event.state]
  const next = progress === attempt.progress ? attempt : { ...attempt, progress }
  return isNews ? moved(next, event.state, nowMs, said(attempt, reason)) : next
}

/** Where it was when its worker fell silent, as far as anybody knows. */
function stateBefore({ history }: AttemptRecord): ReportedState {
  const last = history.findLast(({ state }) => state !== 'unknown')?.state
  return last === 'fetching' || last === 'publishing' ? last : 'running'
}

/** How far its inputs had come says nothing of the task once it has begun. */
function progressAfter(
  { progress, state }: AttemptRecord,
  next: AttemptState
): AttemptRecord['progress'] {
  const hasBegun = next === 'running' || next === 'publishing' || next === 'completed'
  return state === 'fetching' && hasBegun ? null : progress
}

/** Noted once: a worker that comes and goes says it each time. */
function lateAttempt(attempt: AttemptRecord, text: string, nowMs: number): AttemptRecord {
  const isKnown = attempt.history.some(({ reason }) => reason === 'LATE_RESULT')
  if (isKnown) return attempt
  return moved(attempt, attempt.state, nowMs, said(attempt, 'LATE_RESULT', text))
}

function endedAttempt(
  attempt: AttemptRecord,
  event: Extract<AttemptEvent, { kind: 'ended' }>,
  nowMs: number
): AttemptRecord {
  const { error, ranMs, state, usage } = event
  // A short task has ended before it said that it began; its own measure tells when that was.
  const started =
    BEFORE_RUNNING.includes(attempt.state) && ranMs !== undefined
      ? moved(
          attempt,
          'running',
          Math.max(attempt.offeredAtMs, nowMs - ranMs),
          said(attempt, 'RUNNING')
        )
      : attempt
  const cause = error === null ? said(attempt, 'COMPLETED') : causeOf(error)
  return {
    ...moved(started, state, nowMs, cause),
    endedAtMs: nowMs,
    error,
    usage,
    progress: event.progress ?? progressAfter(attempt, state),
    logFile: event.logFile ?? null
  }
}

function moved(
  attempt: AttemptRecord,
  state: AttemptState,
  atMs: number,
  cause: Cause
): AttemptRecord {
  const isSame = state === attempt.state
  assert(
    isSame || NEXT_ATTEMPT[attempt.state].includes(state),
    `an attempt does not go from ${attempt.state} to ${state}`
  )
  const history = withTransition(attempt.history, { state, atMs: Math.round(atMs), ...cause })
  return { ...attempt, state, history }
}

function said(
  { workerId }: AttemptRecord,
  reason: Extract<Cause['reason'], string>,
  text?: string
): Cause {
  return { by: workerId, reason, ...(text === undefined ? {} : { text }) }
}
