/**
 * The three records of a job's life. A job has items (one, or one per entry of `each`); an item has
 * attempts, one per time that it was sent to a worker. Each carries its own history. Bodies (documents,
 * outputs, logs) are kept apart in the store, so that a queue of many jobs stays small in memory.
 */
import type { Blame, ErrorData } from '../core/errors.ts'
import type { JobSpec, OutputFile } from '../model/job.ts'
import type { ReasonCode } from './reasons.ts'
import type { TraceContext } from '../model/trace-context.ts'
import type { TaskProgress } from '../model/generated/commands-execute-task.ts'

export type JobState =
  | 'pending'
  | 'queued'
  | 'running'
  | 'completed'
  | 'failed'
  | 'stopped'
  | 'held'
export type ItemState = Exclude<JobState, 'pending'>
export type AttemptState =
  | 'offered'
  | 'refused'
  | 'accepted'
  | 'fetching'
  | 'running'
  | 'publishing'
  | 'completed'
  | 'failed'
  | 'timed_out'
  | 'stopped'
  | 'unknown'
  | 'lost'

export type ItemCounts = Record<ItemState, number>

/**
 * Why an attempt was made. `backup`: a copy of one that takes unusually long. `check`: a copy whose result is
 * to be compared with that of others.
 */
export type AttemptRole = 'primary' | 'backup' | 'check'

/** An attempt that its item counts on; several at a time are copies of each other. */
export interface Copy {
  attempt: number
  workerId: string
  /**
   * `out`: its worker's word is waited for. `awaited`: so is its worker, which is silent for longer than the
   * job likes. `unchecked`: its result is here, and not believed yet.
   */
  phase: 'out' | 'awaited' | 'unchecked'
}

/** How an item came to believe its result. */
export interface Verified {
  /**
   * `agreement`: enough workers that do not vouch for each other returned the same, one of them trusted.
   * `majority`: as many did where no trusted worker could be asked. `record`, `chance`: nobody else ran it, as its
   * worker is right nearly always, or as it was not drawn.
   */
  by: 'agreement' | 'majority' | 'record' | 'chance'
  /** Results that were compared. */
  copies: number
  /** How many of them were the same. */
  agreed: number
}

/** Why something changed, and by whom. */
export interface Cause {
  /** `router`, or the PeerId (or `http`) of who asked for it or said it. */
  by: string
  reason: ReasonCode
  blame?: Blame
  text?: string
  hint?: string
}

/** One change of state. */
export interface Transition extends Cause {
  state: JobState | AttemptState
  atMs: number
}

/** An end that was asked for while an attempt runs; it becomes true with the worker's word that the task is gone. */
export interface Ending {
  state: 'failed' | 'stopped'
  cause: Cause
  error: ErrorData
  /** How long the task may still go on; what the job says when absent. */
  killAfterMs?: number
}

/** What a task left that lies in files of the mesh; both are null of most. */
export interface ItemFiles {
  /** What of its files the job asked for. */
  outputs: readonly OutputFile[] | null
  /** In the place of a result that is too long to be kept here. */
  outputFile: OutputFile | null
}

export const NO_FILES: ItemFiles = { outputs: null, outputFile: null }

/** The run that gave an item its result, where that is another item's. */
export interface EarlierRun {
  jobId: string
  itemId: string
  attempt: number
  workerId: string | null
  endedAtMs: number
}

export interface JobRecord {
  id: string
  name: string | null
  state: JobState
  engine: string
  priority: number
  /** Whose share of the mesh it takes. */
  share: string
  labels: Readonly<Record<string, string>>
  /** PeerId or `http` of whoever submitted it. */
  submitter: string
  /** Unique among the submitter's jobs. */
  key: string | null
  /** The schedule that made it, or the job that it is a rerun of. */
  parentId: string | null
  /** Ids of jobs that must be completed before it begins. */
  needs: readonly string[]
  /** Of a pending job: when it begins; of one with `cron`, when it fires next. */
  dueAtMs: number | null
  /** The document without its bodies. */
  spec: JobSpec
  itemCount: number
  counts: ItemCounts
  /** All attempts of all items. */
  attemptCount: number
  createdAtMs: number
  /** When it left `pending`; its total time counts from here. */
  queuedAtMs: number | null
  startedAtMs: number | null
  endedAtMs: number | null
  /** Once it has ended: when it may be forgotten with all that it left, and when its logs alone. */
  forgetAtMs: number | null
  forgetLogsAtMs: number | null
  /** True while its owner lets nothing of it begin. */
  isOnHold: boolean
  /** Why it failed, was stopped or is held. */
  error: ErrorData | null
  history: readonly Transition[]
  /** What all that becomes of it is a part of, by W3C Trace Context; absent where nobody traces it. */
  trace?: TraceContext
}

export interface ItemRecord extends ItemFiles {
  jobId: string
  index: number
  /** `each[].id`, the worker's PeerId for `ops: every`, or the position as text. */
  id: string
  state: ItemState
  /** The only worker that may run it, for `ops: every`. */
  pinnedTo: string | null
  /** Attempts made, refused ones too; the number of the newest. */
  attemptCount: number
  /** Attempts that count against `retry.attempts`: those that began and failed. */
  failureCount: number
  /** Workers on which its sandbox broke; two of them make it the job's fault. */
  crashedOn: readonly string[]
  /** Attempts that it counts on, oldest first; null where there are none. */
  copies: readonly Copy[] | null
  /** The attempt whose result it has; null where it has none, or not one of its own. */
  resultAttempt: number | null
  /** The worker whose result it has; before that, that of the oldest open attempt, or of the last one. */
  workerId: string | null
  startedAtMs: number | null
  endedAtMs: number | null
  ending: Ending | null
  error: ErrorData | null
  /** Whose result it has, where it was never run itself. */
  reusedFrom: EarlierRun | null
  /** Why its result is believed; absent where the job does not ask, and of what has no result. */
  verified?: Verified
}

export interface AttemptRecord {
  jobId: string
  itemIndex: number
  /** From 1. */
  number: number
  /** Random, so that no other attempt ever has it, even if a crash of the router made it give a number twice. */
  leaseId: string
  /** Absent in attempts stored by older versions, which knew primary ones only. */
  role?: AttemptRole
  state: AttemptState
  workerId: string
  offeredAtMs: number
  endedAtMs: number | null
  error: ErrorData | null
  usage: {
    wallMs: number
    cpuMs?: number
    peakMemoryBytes?: number
    bytesIn?: number
    bytesOut?: number
  } | null
  /** What the task last said of itself. */
  progress: TaskProgress | null
  /** All of its log, where that was longer than what is kept here. */
  logFile: OutputFile | null
  history: readonly Transition[]
}

/** The attempt that stands for an item: the one that gave its result, or else the newest; 0 before the first. */
export function shownAttempt({ attemptCount, resultAttempt }: ItemRecord): number {
  // Items stored by older versions do not name it: theirs was always the newest.
  return resultAttempt ?? attemptCount
}

export function isTerminal(state: JobState): boolean {
  return state === 'completed' || state === 'failed' || state === 'stopped'
}

/** Nothing more happens to it unless somebody does something. */
export function isAtRest(state: JobState): boolean {
  return isTerminal(state) || state === 'held'
}

/** A history longer than this loses its middle: how it began and what was last stay. */
const HISTORY_MAX = 64

export function withTransition(
  history: readonly Transition[],
  transition: Transition
): readonly Transition[] {
  if (history.length < HISTORY_MAX) return [...history, transition]
  const half = HISTORY_MAX / 2
  return [...history.slice(0, half), ...history.slice(half + 1), transition]
}

/** A failure as a cause. */
export function causeOf(error: ErrorData, by = 'router'): Cause {
  return {
    by,
    reason: error.code,
    blame: error.blame,
    text: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint })
  }
}
