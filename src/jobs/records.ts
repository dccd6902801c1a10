/**
 * The three records of a job's life. A job has items (one, or one per entry of `each`); an item has
 * attempts, one per time that it was sent to a worker. Bodies (documents, outputs, logs) are kept
 * apart in the store, so that a queue of many jobs stays small in memory.
 */
import type { ErrorData } from '../core/errors.ts'

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

export type ItemCounts = Record<'queued' | 'running' | 'completed' | 'failed' | 'stopped', number>

export interface JobRecord {
  id: string
  name: string | null
  state: JobState
  engine: string
  priority: number
  labels: Readonly<Record<string, string>>
  /** PeerId or `http` of whoever submitted it. */
  submitter: string
  itemCount: number
  counts: ItemCounts
  /** All attempts of all items. */
  attemptCount: number
  createdAtMs: number
  startedAtMs: number | null
  endedAtMs: number | null
  /** Why it failed or was stopped. */
  error: ErrorData | null
}

export interface ItemRecord {
  jobId: string
  index: number
  /** `each[].id`, or the position as text. */
  id: string
  state: ItemState
  /** Attempts made, refused ones too; the number of the newest. */
  attemptCount: number
  /** Attempts that count against `retry.attempts`: those that began and failed. */
  failureCount: number
  /** The worker of the last attempt. */
  workerId: string | null
  startedAtMs: number | null
  endedAtMs: number | null
  error: ErrorData | null
}

export interface AttemptRecord {
  jobId: string
  itemIndex: number
  /** From 1. Every attempt of an item has its own number, which no other ever gets. */
  number: number
  state: AttemptState
  workerId: string
  offeredAtMs: number
  endedAtMs: number | null
  error: ErrorData | null
  usage: { wallMs: number; cpuMs?: number; peakMemoryBytes?: number } | null
}

export function isTerminal(state: JobState): boolean {
  return state === 'completed' || state === 'failed' || state === 'stopped'
}
