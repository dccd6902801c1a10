/** What a router keeps of one worker that it has heard of. */
import type { CancelTimer } from '../core/clock.ts'
import type { CapabilityRecord } from './record.ts'
import type { Finding } from './finder.ts'
import type { Availability, Candidate } from '../selection/candidate.ts'
import type { LoadReport, RouterLimits } from '../model/generated/capability-record.ts'
import type { Session } from '../protocol/session.ts'
import type { WorkerLoad } from './worker-load.ts'

export type WorkerState = 'connecting' | 'ready' | 'unreachable'

/** One known worker. Times are monotonic milliseconds. */
export interface WorkerEntry {
  readonly peer: string
  /** `lease`: nobody named it, but a task of ours was left there. */
  readonly foundBy: Finding['by'] | 'lease'
  readonly foundAtMs: number
  state: WorkerState
  session: Session | undefined
  record: CapabilityRecord | undefined
  recordAtMs: number
  /** What its owner lets this router ask of it, by its own word; undefined: anything. */
  limits: RouterLimits | undefined
  /** What it said last, and what this router has there. */
  readonly work: WorkerLoad
  loadAtMs: number
  /** When its candidate was last given what this router has seen of it. */
  standingAtMs: number
  /** It has not answered for so long that it gets nothing new before it is heard of again. */
  isSuspected: boolean
  /** As selection sees it; undefined while its record is not there. */
  candidate: Candidate | undefined
  /** How often it has become ready. */
  readyCount: number
  failures: number
  unreachableSinceMs: number | undefined
  isConnecting: boolean
  cancelRetry: CancelTimer
  /** What others were last told of it; undefined until it was ready once. */
  toldAs: Availability | 'unreachable' | undefined
}

/** Who was found, and how. */
export interface NewWorker extends Pick<Finding, 'peer' | 'record'> {
  by: WorkerEntry['foundBy']
}

/** A worker that was just found and has not answered yet. @param nowMs monotonic */
export function newWorkerEntry(found: NewWorker, work: WorkerLoad, nowMs: number): WorkerEntry {
  return {
    peer: found.peer,
    foundBy: found.by,
    foundAtMs: nowMs,
    state: 'connecting',
    session: undefined,
    record: found.record,
    recordAtMs: nowMs,
    limits: undefined,
    work,
    loadAtMs: 0,
    standingAtMs: nowMs,
    isSuspected: false,
    candidate: undefined,
    readyCount: 0,
    failures: 0,
    unreachableSinceMs: undefined,
    isConnecting: false,
    cancelRetry: () => {},
    toldAs: undefined
  }
}

/** Whether a worker takes what is new, by its last word. */
export function availabilityOf(load: LoadReport | undefined): Availability {
  const { availability = 'open', stopping = false } = load ?? {}
  // An older worker says that it takes nothing, but not why.
  return availability === 'open' && stopping ? 'stopping' : availability
}
