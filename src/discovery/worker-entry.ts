/** What a router keeps of one worker that it has heard of. */
import type { CancelTimer } from '../core/clock.ts'
import type { CapabilityRecord } from './record.ts'
import type { Finding } from './finder.ts'
import type { LoadReport } from '../model/generated/capability-record.ts'
import type { Session } from '../protocol/session.ts'

export type WorkerState = 'connecting' | 'ready' | 'unreachable'

/** One known worker. Times are monotonic milliseconds. */
export interface WorkerEntry {
  readonly peer: string
  readonly foundBy: Finding['by']
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
  /** How often it has become ready. */
  readyCount: number
  failures: number
  unreachableSinceMs: number | undefined
  isConnecting: boolean
  cancelRetry: CancelTimer
}

/** A worker that was just found and has not answered yet. @param nowMs monotonic */
export function newWorkerEntry(finding: Finding, nowMs: number): WorkerEntry {
  return {
    peer: finding.peer,
    foundBy: finding.by,
    foundAtMs: nowMs,
    state: 'connecting',
    session: undefined,
    record: finding.record,
    recordAtMs: nowMs,
    load: undefined,
    loadAtMs: 0,
    ownTasks: 0,
    otherTasks: 0,
    readyCount: 0,
    failures: 0,
    unreachableSinceMs: undefined,
    isConnecting: false,
    cancelRetry: () => {}
  }
}
