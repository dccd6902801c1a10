/** One attempt: writes down that it begins and why there, sends the task, judges the answer, counts the outcome. */
import { MeshError } from '../core/errors.ts'
import { judgeAnswer, judgeError, outcomeOf } from './verdict.ts'
import type { ActiveJob } from './active-job.ts'
import type { AttemptRecord, AttemptState, ItemRecord } from '../jobs/records.ts'
import type { CandidateSource, SendTask } from './ports.ts'
import type { Clock } from '../core/clock.ts'
import type { DecisionRecord } from '../model/generated/decision.ts'
import type { JobStore, StoreChange } from '../jobs/store.ts'
import type { Logger } from '../observe/logger.ts'
import type { Random } from '../core/random.ts'
import type { AttemptOutcome } from '../reputation/outcomes.ts'
import type { SessionAnswer } from '../protocol/session.ts'
import type { Verdict } from './verdict.ts'

export interface AttemptRunnerComponents {
  clock: Clock
  random: Random
  logger: Logger
  /** Milliseconds since 1970 that never jump. */
  nowMs: () => number
  store: JobStore
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
  number: number
  workerId: string
  decision: DecisionRecord
  signal: AbortSignal
}

export interface AttemptEnd {
  verdict: Verdict
  /** What is to be written about the attempt itself. */
  changes: StoreChange[]
  logs: string
}

/** The worker enforces the run time; this much longer we wait for its word on it. */
const ANSWER_GRACE_MS = 15_000

export class AttemptRunner {
  readonly #components: AttemptRunnerComponents

  constructor(components: AttemptRunnerComponents) {
    this.#components = components
  }

  /** Never rejects: whatever goes wrong is in the verdict. */
  async run(attempt: Attempt): Promise<AttemptEnd> {
    const { clock, logger, nowMs, onOutcome, source } = this.#components
    const offeredAtMs = nowMs()
    const startedAtMs = clock.monotonicMs()
    this.#recordBegin(attempt, offeredAtMs)
    const answer = await this.#send(attempt)
    const verdict = answer instanceof MeshError ? judgeError(answer) : judgeAnswer(answer)
    const report = answer instanceof MeshError ? {} : readReport(answer)
    source.reported(attempt.workerId, report.load)
    const outcome = outcomeOf(verdict, attempt.workerId, clock.monotonicMs() - startedAtMs)
    if (outcome !== undefined) onOutcome(outcome)
    if (verdict.kind === 'failed') {
      const { code, message } = verdict.error
      const fields = { jobId: attempt.item.jobId, item: attempt.item.id, attempt: attempt.number }
      logger.info(
        { ...fields, peer: attempt.workerId, code, why: message.slice(0, 200) },
        'attempt failed'
      )
    }
    const record: AttemptRecord = {
      ...this.#record(attempt, offeredAtMs),
      state: stateOf(verdict),
      endedAtMs: nowMs(),
      error: verdict.kind === 'completed' ? null : verdict.error.toData(),
      usage: report.usage ?? null
    }
    return { verdict, changes: [{ kind: 'attempt', attempt: record }], logs: report.logs ?? '' }
  }

  async #send(attempt: Attempt): Promise<SessionAnswer | MeshError> {
    const { item, job, number, signal, workerId } = attempt
    const { runMs } = job.plan.timeouts
    const assignment = {
      job_id: item.jobId,
      item: item.index,
      attempt: number,
      run_timeout_ms: runMs,
      memory_bytes: job.plan.resources.memoryBytes
    }
    try {
      const text = await this.#components.taskText(item.jobId, item.index)
      const options = { timeoutMs: runMs + ANSWER_GRACE_MS, signal }
      return await this.#components.sendTask(workerId, { assignment, text }, options)
    } catch (cause) {
      return MeshError.from(cause)
    }
  }

  /** Not awaited: the answer counts only once it is stored, and the store keeps the order. */
  #recordBegin(attempt: Attempt, offeredAtMs: number): void {
    const { item, job, number } = attempt
    const decision = { ...attempt.decision, job_id: item.jobId, item: item.index, attempt: number }
    const changes: StoreChange[] = [
      { kind: 'attempt', attempt: this.#record(attempt, offeredAtMs) },
      {
        kind: 'decision',
        jobId: item.jobId,
        itemIndex: item.index,
        attempt: number,
        decision: JSON.stringify(decision)
      },
      { kind: 'item', item },
      { kind: 'job', job: job.record }
    ]
    this.#components.store.apply(changes).catch((cause: unknown) => {
      this.#components.logger.error({ err: cause }, 'the begin of an attempt could not be stored')
    })
  }

  #record(attempt: Attempt, offeredAtMs: number): AttemptRecord {
    return {
      jobId: attempt.item.jobId,
      itemIndex: attempt.item.index,
      number: attempt.number,
      state: 'offered',
      workerId: attempt.workerId,
      offeredAtMs,
      endedAtMs: null,
      error: null,
      usage: null
    }
  }
}

function stateOf(verdict: Verdict): AttemptState {
  switch (verdict.kind) {
    case 'completed':
      return 'completed'
    case 'refused':
      return 'refused'
    case 'failed':
      return verdict.attemptState
  }
}

/** What comes with a worker's answer; each part is believed only if it has the right shape. */
function readReport(answer: SessionAnswer): {
  load?: unknown
  logs?: string
  usage?: AttemptRecord['usage']
} {
  const { load, logs, usage } = answer.result ?? {}
  const {
    wall_ms: wallMs,
    cpu_ms: cpuMs,
    peak_memory_bytes: peakMemoryBytes
  } = (usage ?? {}) as Record<string, unknown>
  return {
    load,
    ...(typeof logs === 'string' ? { logs } : {}),
    usage:
      typeof wallMs === 'number'
        ? {
            wallMs,
            ...(typeof cpuMs === 'number' ? { cpuMs } : {}),
            ...(typeof peakMemoryBytes === 'number' ? { peakMemoryBytes } : {})
          }
        : null
  }
}
