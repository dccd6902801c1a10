/** One attempt: writes down that it begins and why there, sends the task, judges the answer, counts the outcome. */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { readReport } from './task-report.ts'
import { toDecisionText } from './decision-text.ts'
import { attemptEndOf, judgeAnswer, judgeError, outcomeOf } from './verdict.ts'
import type { ActiveJob } from './active-job.ts'
import type { AttemptOutcome } from '../reputation/outcomes.ts'
import type { AttemptRecord, ItemRecord } from '../jobs/records.ts'
import type { CandidateSource, SendTask } from './ports.ts'
import type { Clock } from '../core/clock.ts'
import type { DecisionRecord } from '../model/generated/decision.ts'
import type { JobWriter } from './job-writer.ts'
import type { Logger } from '../observe/logger.ts'
import type { SessionAnswer } from '../protocol/session.ts'
import type { TaskReport } from './task-report.ts'
import type { Verdict } from './verdict.ts'

export interface AttemptRunnerComponents {
  clock: Clock
  logger: Logger
  /** Milliseconds since 1970 that never jump. */
  nowMs: () => number
  writer: JobWriter
  /** Takes what an attempt says about its worker. */
  onOutcome: (outcome: AttemptOutcome) => void
  source: CandidateSource
  sendTask: SendTask
  /** JSON text of one item's task. */
  taskText: (jobId: string, index: number) => Promise<string>
}

/** An attempt that is about to begin. */
export interface Attempt {
  job: ActiveJob
  /** The item as it is now, running. */
  item: ItemRecord
  workerId: string
  decision: DecisionRecord
  signal: AbortSignal
}

export interface AttemptEnd {
  verdict: Verdict
  /** The attempt's own record, ended. */
  record: AttemptRecord
  logs: string
}

/** The worker keeps to the run time and gives back what waits too long; so much longer we wait for its word. */
const ANSWER_GRACE_MS = LIMITS.workerWaitMsMax + 15_000

export class AttemptRunner {
  readonly #components: AttemptRunnerComponents

  constructor(components: AttemptRunnerComponents) {
    this.#components = components
  }

  /** Never rejects: whatever goes wrong is in the verdict. */
  async run(attempt: Attempt): Promise<AttemptEnd> {
    const { clock, nowMs, onOutcome, source } = this.#components
    const { workerId } = attempt
    const startedAtMs = clock.monotonicMs()
    source.began(workerId)
    const offered = this.#recordBegin(attempt)
    const answer = await this.#send(attempt)
    const isError = answer instanceof MeshError
    const verdict = isError ? judgeError(answer) : judgeAnswer(answer)
    const report: Partial<TaskReport> = isError ? {} : readReport(answer)
    // First this task is counted out, as it is in the worker's own figures.
    source.ended(workerId)
    source.reported(workerId, report.load)
    const outcome = outcomeOf(verdict, workerId, clock.monotonicMs() - startedAtMs)
    if (outcome !== undefined) onOutcome(outcome)
    if (verdict.kind === 'failed') this.#log(attempt, verdict.error)
    const record: AttemptRecord = {
      ...offered,
      state: attemptEndOf(verdict),
      endedAtMs: nowMs(),
      error: verdict.kind === 'completed' ? null : verdict.error.toData(),
      usage: report.usage ?? null
    }
    return { verdict, record, logs: report.logs ?? '' }
  }

  async #send(attempt: Attempt): Promise<SessionAnswer | MeshError> {
    const { item, job, signal, workerId } = attempt
    const { runMs } = job.plan.timeouts
    const assignment = {
      job_id: item.jobId,
      item: item.index,
      attempt: item.attemptCount,
      run_timeout_ms: runMs,
      memory_bytes: job.plan.resources.memoryBytes
    }
    try {
      const text = await this.#components.taskText(item.jobId, item.index)
      signal.throwIfAborted()
      const options = { timeoutMs: runMs + ANSWER_GRACE_MS, signal }
      return await this.#components.sendTask(workerId, { assignment, text }, options)
    } catch (cause) {
      return MeshError.from(cause)
    }
  }

  /** Not awaited: the answer counts only once it is stored, and the store keeps the order. */
  #recordBegin({ decision, item, job, workerId }: Attempt): AttemptRecord {
    const { attemptCount, index: itemIndex, jobId } = item
    const record: AttemptRecord = {
      jobId,
      itemIndex,
      number: attemptCount,
      state: 'offered',
      workerId,
      offeredAtMs: this.#components.nowMs(),
      endedAtMs: null,
      error: null,
      usage: null
    }
    const key = { jobId, itemIndex, attempt: attemptCount }
    void this.#components.writer.write(job, [
      { kind: 'attempt', attempt: record },
      { kind: 'decision', ...key, decision: toDecisionText(decision, key) },
      { kind: 'item', item }
    ])
    return record
  }

  #log({ item, workerId }: Attempt, { code, message }: MeshError): void {
    const fields = { jobId: item.jobId, item: item.id, attempt: item.attemptCount, peer: workerId }
    this.#components.logger.info({ ...fields, code, why: message.slice(0, 200) }, 'attempt failed')
  }
}
