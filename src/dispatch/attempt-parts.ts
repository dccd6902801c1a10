/** What an attempt needs of others, what it begins with, and how it ends. */
import type { ActiveJob } from './active-job.ts'
import type { Attempt } from './attempt.ts'
import type { AttemptOutcome } from '../reputation/outcomes.ts'
import type { AttemptRecord, ItemRecord } from '../jobs/records.ts'
import type { CandidateSource, OrderDesk, TaskLink } from './ports.ts'
import type { Clock } from '../core/clock.ts'
import type { Expectation } from '../selection/select.ts'
import type { FileSource } from '../model/generated/commands-execute-task.ts'
import type { JobLogs } from './views/job-logs.ts'
import type { Logger } from '../observe/logger.ts'
import type { MeshError } from '../core/errors.ts'
import type { Proof } from '../receipts/proof.ts'
import type { Span } from '../observe/tracing.ts'
import type { Verdict } from './verdict.ts'

export interface AttemptComponents {
  clock: Clock
  logger: Logger
  /** Milliseconds since 1970 that never jump. */
  nowMs: () => number
  /** Takes what an attempt says about its worker. */
  onOutcome: (outcome: AttemptOutcome) => void
  /** Called after each change of the record before its end; a new state is worth a write, progress is not. */
  onStep: (attempt: Attempt, isNewState: boolean) => void
  /** The worker is silent for too long, and the job would rather wait than run twice. */
  onAwaited: (attempt: Attempt, error: MeshError) => void
  /** The worker is back, and still has it. */
  onResumed: (attempt: Attempt) => void
  logs: JobLogs
  source: CandidateSource
  link: TaskLink
  orders: OrderDesk
  /** JSON text of one item's task. */
  taskText: (jobId: string, index: number) => Promise<string>
  /** Peers that have some of what one item's task needs. */
  sourcesOf: (jobId: string, index: number) => Promise<FileSource[]>
}

export interface AttemptInit {
  job: ActiveJob
  /** The item as it is now, running. */
  item: ItemRecord
  record: AttemptRecord
  /** Absent for one that an earlier life of this router has sent. */
  sent?: SentTask
  /** Its part in the job's trace. @default it has none */
  span?: Span
}

/** What the router counts of a task that it has sent. */
export interface SentTask {
  /** Among all that went to that worker. */
  number: number
  expected: Expectation
}

/** How it ended; undefined when it was let go of. */
export interface AttemptEnd {
  verdict: Verdict
  /** The attempt's own record, ended. */
  record: AttemptRecord
  /** Whether it wrote anything. */
  hasLog: boolean
  /** Comes later than all else; absent where the worker has signed nothing. */
  proof: Promise<Proof | undefined> | undefined
}
