/** What a router keeps of one worker that it has heard of. */
import type { CancelTimer } from '../core/clock.ts'
import type { CapabilityRecord } from './record.ts'
import type { Finding } from './finder.ts'
import type { Availability } from '../selection/candidate.ts'
import type { LoadReport } from '../model/generated/capability-record.ts'
import type { Session } from '../protocol/session.ts'

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
  load: LoadReport | undefined
  loadAtMs: number
  /** Tasks that this router has there now. */
  ownTasks: number
  /** Tasks of others, by its last report. */
  otherTasks: number
  /** GPUs that those tasks have. */
  ownGpus: number
  otherGpus: number
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
export function newWorkerEntry(found: NewWorker, nowMs: number): WorkerEntry {
  return {
    peer: found.peer,
    foundBy: found.by,
    foundAtMs: nowMs,
    state: 'connecting',
    session: undefined,
    record: found.record,
    recordAtMs: nowMs,
    load: undefined,
    loadAtMs: 0,
    ownTasks: 0,
    otherTasks: 0,
    ownGpus: 0,
    otherGpus: 0,
    readyCount: 0,
    failures: 0,
    unreachableSinceMs: undefined,
    isConnecting: false,
    cancelRetry: () => {},
    toldAs: undefined
  }
}

/** Whether it takes what is new, by its last word. */
export function availabilityOf({ load }: Pick<WorkerEntry, 'load'>): Availability {
  const { availability = 'open', stopping = false } = load ?? {}
  // An older worker says that it takes nothing, but not why.
  return availability === 'open' && stopping ? 'stopping' : availability
}
