/**
 * One attempt that a router has sent here: its task, and who waits for its end. It belongs to that
 * router alone, and outlives the session over which it came.
 */
import { Task } from '../task.ts'
import { journalName } from './journal-entries.ts'
import { traceFields } from '../../model/trace-context.ts'
import type { Assignment, TaskProgress } from '../../model/generated/commands-execute-task.ts'
import type { JournalName } from './journal-entries.ts'
import type { TaskEnd } from '../task.ts'
import type { TaskRequest } from '../task-request.ts'
import type { TraceContext } from '../../model/trace-context.ts'

/** Jobs that one log line names. */
const JOB_IDS_MAX = 20

export class Lease {
  readonly router: string
  readonly assignment: Assignment
  readonly task: Task
  readonly name: JournalName
  /** Of the job and the item: one attempt counts of each. */
  readonly item: string
  /** When it began, with its slot and its inputs in hand, by the monotonic clock. */
  begunAtMs: number | undefined
  /** What the attempt is a part of. */
  trace: TraceContext | undefined
  /** SHA-256 of the task as it came; undefined where that was not one text. */
  taskHash: Promise<string> | undefined
  /** What this worker has signed of its end, in base64; resolves to undefined where that is nothing. */
  receipt: Promise<string | undefined> | undefined
  /** How it ended, once it has. */
  end: TaskEnd | undefined
  endedAtMs = 0
  /** What its result takes in memory. */
  bytes = 0
  /** Its router has said that it needs it no more: it is forgotten when it ends. */
  isUnwanted = false
  /** What the reporter knows of it. */
  readonly reports = {
    /** When there began to be something to tell, by the monotonic clock. */
    sinceMs: 0,
    hasNews: false,
    isUnderWay: false,
    atMs: Number.NEGATIVE_INFINITY,
    progress: undefined as TaskProgress | undefined
  }
  readonly #waiting = new Set<() => void>()

  constructor(router: string, assignment: Assignment, request: TaskRequest) {
    this.router = router
    this.assignment = assignment
    this.item = `${assignment.job_id} ${assignment.item}`
    this.name = journalName({ ...assignment, router })
    this.task = new Task(request)
    this.task.onNews = () => (this.reports.hasNews = true)
  }

  get id(): string {
    return this.assignment.lease_id
  }

  /** What a line of the log says that is about it. */
  get fields(): object {
    const { attempt, item, job_id: jobId } = this.assignment
    return { jobId, item, attempt, peer: this.router, ...traceFields(this.trace) }
  }

  get state(): 'accepted' | 'fetching' | 'running' | 'publishing' | 'ended' {
    if (this.end !== undefined) return 'ended'
    return this.task.phase ?? 'accepted'
  }

  /** Tells all who wait. */
  settle(end: TaskEnd, nowMs: number): void {
    this.end = end
    this.endedAtMs = nowMs
    this.bytes = this.task.log.bytes + (end.output?.length ?? 0)
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }

  /** Resolves with its end. The signal ends the waiting, not the task. @throws the signal's reason */
  async whenEnded(signal: AbortSignal): Promise<TaskEnd> {
    if (this.end !== undefined) return this.end
    signal.throwIfAborted()
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = (): void => resolve()
    this.#waiting.add(wake)
    signal.addEventListener('abort', wake, { once: true })
    await promise
    this.#waiting.delete(wake)
    signal.removeEventListener('abort', wake)
    if (this.end !== undefined) return this.end
    throw signal.reason
  }
}

/** For log lines: few enough to read. */
export function jobIdsOf(leases: readonly Lease[]): string[] {
  return [...new Set(leases.map(({ assignment }) => assignment.job_id))].slice(0, JOB_IDS_MAX)
}
