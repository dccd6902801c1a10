/**
 * What says something about a worker: how its attempts ended, what verification found, and that it gave
 * false bytes. Only what the worker itself did wrong counts against it: not a full queue, a lost link, a
 * stop on request or a fault of the job, so that one broken job cannot ruin everybody who tried it.
 */
import { NO_EVIDENCE, badLeftAfter } from './score.ts'
import type { Blame, ErrorCode } from '../core/errors.ts'
import type { Evidence } from './score.ts'

/** Which attempt an outcome is about. */
export interface AttemptName {
  jobId: string
  itemIndex: number
  attempt: number
}

/** What any outcome may say beside how it was. */
interface About {
  workerId: string
  /** As `model/task-type.ts` has it; what is counted by type needs it. */
  taskType?: string | undefined
  /** Without it nothing is known of other attempts of the same item. */
  attempt?: AttemptName | undefined
  /** Base64 of what the worker has signed. */
  receipt?: string | undefined
}

export type AttemptOutcome = About &
  (
    | {
        kind: 'completed'
        latencyMs?: number | undefined
        /** How long it was expected to take. */
        promisedMs?: number | undefined
      }
    | { kind: 'failed'; blame: Blame; code: ErrorCode }
    /** Its result was verified. */
    | { kind: 'right' | 'wrong' }
    /** A task that it failed with an error of the task's own was completed by another worker. */
    | { kind: 'outdone' }
    /** A piece or a list of pieces that it gave of a file was not what its hash says. */
    | { kind: 'lied' }
    /** A fault that was counted is taken back: it was not the worker's. */
    | { kind: 'cleared'; of: ServiceFault; blamedAtMs: number }
  )

/** Names under which outcomes are counted. */
export const SUCCESSES = ['completed', 'late'] as const
export const SERVICE_FAULTS = ['lost', 'crashed', 'invalid', 'failed', 'outdone', 'lied'] as const
export const FAULTS = [...SERVICE_FAULTS, 'wrong'] as const
export const COUNTERS = [...SUCCESSES, ...FAULTS, 'right', 'cleared'] as const
export type ServiceFault = (typeof SERVICE_FAULTS)[number]
export type Counter = (typeof COUNTERS)[number]

/** What one outcome adds, and the words for it. */
export interface Change extends Evidence {
  counter: Counter
  /** The count that goes back by one. */
  uncounts?: ServiceFault
  text: string
}

/** A task done in time. */
export const GOOD_WEIGHT = 1
/** A task lost counts double: it cost a retry and somebody's patience. */
export const BAD_WEIGHT = 2
/** A result that came so many times later than promised is a quarter of a fault: by then it may be of no use. */
export const LATE_FACTOR = 5
export const LATE_BAD_WEIGHT = 0.25
/** A short task is late by hiccups of anybody's machine; by less than this nobody is hurt. */
export const LATE_MS_MIN = 1_000
/** Others could do what it failed: something is wrong with its machine, though not with its word. */
export const OUTDONE_WEIGHT = 1
/** No accident on the way gives false bytes: its disk fails, or it wants to harm. What it computes is in doubt too. */
export const LIE_WEIGHT = 4

/** What each fault of service adds to the bad. A wrong result counts apart: it was delivered. */
export const FAULT_WEIGHTS: Readonly<Record<ServiceFault, number>> = {
  lost: BAD_WEIGHT,
  crashed: BAD_WEIGHT,
  invalid: BAD_WEIGHT,
  failed: BAD_WEIGHT,
  outdone: OUTDONE_WEIGHT,
  lied: LIE_WEIGHT
}

/** Codes by which a worker declines or is told to stop. They are no fault, whoever gets the blame. */
const DECLINES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'WORKER_BUSY',
  'WORKER_STOPPING',
  'WORKER_CORDONED',
  'OWNER_REFUSED',
  'ENGINE_UNAVAILABLE',
  'RESOURCES_UNAVAILABLE',
  'TASK_STOPPED',
  'TASK_SUPERSEDED',
  'TASK_UNKNOWN',
  'STOPPING'
])

/** The worker or the way to it went away, or its sandbox did: what a poisonous task does to whoever runs it. */
const FAULT_OF_CODE: Partial<Record<ErrorCode, ServiceFault>> = {
  PEER_GONE: 'lost',
  PEER_SILENT: 'lost',
  RESPONSE_TIMED_OUT: 'lost',
  SESSION_CLOSED: 'lost',
  SESSION_CONGESTED: 'lost',
  TASK_LOST: 'lost',
  SANDBOX_CRASHED: 'crashed',
  TASK_OUT_OF_MEMORY: 'crashed',
  FRAME_INVALID: 'invalid',
  RESPONSE_INVALID: 'invalid',
  RESULT_INVALID: 'invalid'
}

/** Undefined when the outcome says nothing about the worker. */
export function changeOf(outcome: AttemptOutcome, nowMs: number): Change | undefined {
  switch (outcome.kind) {
    case 'completed':
      return changeOfResult(outcome)
    case 'failed':
      return changeOfFailure(outcome.blame, outcome.code)
    case 'right':
      return { ...NO_EVIDENCE, right: 1, streak: 1, counter: 'right', text: 'verified right' }
    case 'wrong':
      return { ...NO_EVIDENCE, wrong: 1, counter: 'wrong', text: 'returned a wrong result' }
    case 'outdone':
      return fault('outdone', 'failed a task that another worker completed')
    case 'lied':
      return fault('lied', 'gave false bytes of a file')
    case 'cleared':
      return {
        ...NO_EVIDENCE,
        // Faults fade in proportion, so what is left of one can be taken back at any time.
        bad: -FAULT_WEIGHTS[outcome.of] * badLeftAfter(nowMs - outcome.blamedAtMs),
        counter: 'cleared',
        uncounts: outcome.of,
        text: `cleared of a fault: ${outcome.of}`
      }
  }
}

/** Which fault an error that blames the worker is; undefined when it is none. */
export function faultOf(blame: Blame, code: ErrorCode): ServiceFault | undefined {
  return blame !== 'worker' || DECLINES.has(code) ? undefined : (FAULT_OF_CODE[code] ?? 'failed')
}

/** Whether a result came too late for what was promised. */
export function isLate({
  latencyMs,
  promisedMs
}: Pick<Extract<AttemptOutcome, { kind: 'completed' }>, 'latencyMs' | 'promisedMs'>): boolean {
  if (latencyMs === undefined || promisedMs === undefined) return false
  return latencyMs > LATE_FACTOR * promisedMs && latencyMs - promisedMs > LATE_MS_MIN
}

function changeOfResult(outcome: Extract<AttemptOutcome, { kind: 'completed' }>): Change {
  if (!isLate(outcome)) {
    return { ...NO_EVIDENCE, good: GOOD_WEIGHT, counter: 'completed', text: 'completed a task' }
  }
  return {
    ...NO_EVIDENCE,
    good: GOOD_WEIGHT - LATE_BAD_WEIGHT,
    bad: LATE_BAD_WEIGHT,
    counter: 'late',
    text: 'completed a task late'
  }
}

function changeOfFailure(blame: Blame, code: ErrorCode): Change | undefined {
  const counter = faultOf(blame, code)
  return counter === undefined ? undefined : fault(counter, `failed a task: ${code}`)
}

function fault(counter: ServiceFault, text: string): Change {
  return { ...NO_EVIDENCE, bad: FAULT_WEIGHTS[counter], counter, text }
}
