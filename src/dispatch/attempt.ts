/**
 * One attempt while it is open: sends the task, waits for the worker's word, and when the way there
 * breaks, waits for the worker to come back and asks again. It ends with a verdict, or is let go of
 * without one. What the verdict means for the item is decided elsewhere.
 */
import { answerTimeoutMs, assignmentOf } from './assignment.ts'
import { MeshError } from '../core/errors.ts'
import { sleep } from '../core/abort.ts'
import { formatDuration } from '../core/units.ts'
import { stepAttempt } from '../jobs/attempt-state.ts'
import { readReport } from './task-report.ts'
import {
  attemptEndOf,
  isLinkLoss,
  judgeAnswer,
  judgeError,
  judgeLoss,
  outcomeOf
} from './verdict.ts'
import type { ActiveJob } from './active-job.ts'
import type { AttemptEvent } from '../jobs/attempt-state.ts'
import type { AttemptOutcome } from '../reputation/outcomes.ts'
import type { AttemptRecord, ItemRecord } from '../jobs/records.ts'
import type { CancelTimer, Clock } from '../core/clock.ts'
import type { CandidateSource, TaskLink } from './ports.ts'
import type { JobLogs } from './views/job-logs.ts'
import type { Logger } from '../observe/logger.ts'
import type { FileSource } from '../model/generated/commands-execute-task.ts'
import type { ReportTaskParams } from '../model/generated/commands-report-task.ts'
import type { SessionAnswer } from '../protocol/session.ts'
import type { TaskReport } from './task-report.ts'
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
}

/** How it ended; undefined when it was let go of. */
export interface AttemptEnd {
  verdict: Verdict
  /** The attempt's own record, ended. */
  record: AttemptRecord
  /** Whether it wrote anything. */
  hasLog: boolean
}

/** Of most tasks. */
const NO_SOURCES: readonly FileSource[] = []

/** The answer to a stop comes once the task is gone; so much longer than it may still go on we wait for it. */
const STOP_GRACE_MS = 30_000
/** A stop may overtake its task, or find no session; so often it is said again while the attempt is open. */
const STOP_PERIOD_MS = 1_000
const ASK_PERIOD_MS = 100

export class Attempt {
  readonly job: ActiveJob
  readonly item: ItemRecord
  readonly #components: AttemptComponents
  readonly #startedAtMs: number
  /** Ends it without a verdict. */
  readonly #letGo = new AbortController()
  #record: AttemptRecord
  #ending: MeshError | undefined
  #killAfterMs: number | undefined
  #isOver = false
  /** Ends the waiting for a silent worker. */
  #patience: AbortController | undefined

  constructor(components: AttemptComponents, init: AttemptInit) {
    this.#components = components
    this.job = init.job
    this.item = init.item
    this.#record = init.record
    this.#startedAtMs = components.clock.monotonicMs()
  }

  get record(): AttemptRecord {
    return this.#record
  }

  /**
   * Sends the task and sees it through. Never rejects: whatever goes wrong is in the verdict.
   * @param recorded resolves when its beginning is on disk; to false if it will never be, and is not sent
   */
  run(recorded: Promise<boolean>): Promise<AttemptEnd | undefined> {
    return this.#live(() => this.#execute(recorded))
  }

  /** Takes up an attempt that an earlier life of this router began. */
  resume(): Promise<AttemptEnd | undefined> {
    const error = new MeshError('STOPPING', 'the router ended while the task ran')
    // From here on the worker's reports count on; before it is known how far, they are asked for again.
    this.#components.logs.resume(this.#key()).catch((cause: unknown) => {
      this.#components.logger.warn({ ...this.#fields(), err: cause }, 'log not resumed')
    })
    // As if the link had ended: its worker is waited for, and asked.
    return this.#live(() => Promise.resolve(error))
  }

  /**
   * Has the worker end the task; the verdict comes with its word. Said again, it only hurries it.
   * @param killAfterMs how long it may still go on; what the job says when undefined
   */
  end(error: MeshError, killAfterMs?: number): void {
    if (this.#ending !== undefined && killAfterMs === undefined) return
    this.#ending ??= error
    this.#killAfterMs = killAfterMs
    // Of a silent worker only what is left of the patience is waited for, and then nobody holds the job.
    if (this.#patience === undefined) void this.#stopAtWorker(this.#ending)
  }

  /** Lets go of it; the task goes on at the worker until its lease ends or somebody asks for it. */
  letGo(): void {
    this.#letGo.abort(new MeshError('STOPPING', 'nobody waits for it any more'))
  }

  /** Gives it up for good. @returns its record, ended */
  abandon(): AttemptRecord {
    this.letGo()
    this.#components.logs.end(this.#key())
    const message = 'its worker was not waited for any longer'
    const error = new MeshError('TASK_SUPERSEDED', message).toData()
    const event = { kind: 'ended', state: 'lost', error, usage: null } as const
    this.#record = stepAttempt(this.#record, event, this.#components.nowMs())
    return this.#record
  }

  /** Takes the worker's own news. @returns number of the log entry that is to come next */
  report(news: {
    state: ReportTaskParams['state']
    log?: TaskReport['log']
    progress?: TaskReport['progress']
  }): number {
    const { log, progress, state } = news
    if (state !== 'ended' && state !== 'lost') {
      this.#step({ kind: 'reported', state, progress })
    }
    const { logs } = this.#components
    const key = this.#key()
    // Its log is complete, however late this comes.
    if (this.#record.endedAtMs !== null) return (log?.from ?? 0) + (log?.entries.length ?? 0)
    return log === undefined ? logs.next(key) : logs.append(key, log.from, log.entries)
  }

  async #live(begin: () => Promise<SessionAnswer | MeshError>): Promise<AttemptEnd | undefined> {
    const { workerId } = this.#record
    const { source } = this.#components
    const { gpuCount } = this.job.plan.resources
    source.began(workerId, gpuCount)
    let answer = await begin()
    let askedAtMs = -Infinity
    while (answer instanceof MeshError && isLinkLoss(answer) && !this.#letGo.signal.aborted) {
      // oxlint-disable-next-line no-await-in-loop -- one thing after the other is the point
      const lost: MeshError | undefined = await this.#silence(answer)
      if (lost !== undefined) {
        this.#isOver = true
        source.ended(workerId, gpuCount)
        return this.#conclude(judgeLoss(lost), {})
      }
      // oxlint-disable-next-line no-await-in-loop
      askedAtMs = await this.#pauseSince(askedAtMs)
      // oxlint-disable-next-line no-await-in-loop
      answer = await this.#attach()
    }
    this.#isOver = true
    // First this task is counted out, as it is in the worker's own figures.
    source.ended(workerId, gpuCount)
    if (this.#letGo.signal.aborted) return undefined
    if (answer instanceof MeshError) {
      // Its time is long over, and the worker does not say so: it shall not run on for nobody.
      if (answer.code === 'RESPONSE_TIMED_OUT') void this.#stopAtWorker(answer)
      return this.#conclude(this.#judge(answer), {})
    }
    const report = readReport(answer)
    source.reported(workerId, report.load)
    return this.#conclude(this.#judgeAnswer(answer), report)
  }

  /** Gives the time. A way that breaks as soon as it is there is not tried without a pause. */
  async #pauseSince(askedAtMs: number): Promise<number> {
    const { clock } = this.#components
    const { signal } = this.#letGo
    const isTooSoon = clock.monotonicMs() - askedAtMs < ASK_PERIOD_MS
    if (isTooSoon) await sleep(clock, ASK_PERIOD_MS, { signal }).catch(() => {})
    return clock.monotonicMs()
  }

  async #execute(recorded: Promise<boolean>): Promise<SessionAnswer | MeshError> {
    const { link, sourcesOf, taskText } = this.#components
    const { jobId, index } = this.item
    try {
      const { signal } = this.#letGo
      const isRecorded = await recorded
      const text = await taskText(jobId, index)
      const hasInputs = this.job.plan.hasInputs
      const sources = hasInputs ? await sourcesOf(jobId, index) : NO_SOURCES
      signal.throwIfAborted()
      if (!isRecorded) throw new MeshError('STORE_FAILED', 'its beginning could not be stored')
      if (this.#ending !== undefined) throw this.#ending
      const options = { timeoutMs: answerTimeoutMs(this.job.plan), signal }
      const assignment = assignmentOf(this.job, this.#record, {
        sources,
        nowMs: this.#components.nowMs()
      })
      return await link.execute(this.#record.workerId, { assignment, text }, options)
    } catch (cause) {
      return MeshError.from(cause)
    }
  }

  async #attach(): Promise<SessionAnswer | MeshError> {
    const { link, logs } = this.#components
    const { leaseId, workerId } = this.#record
    try {
      const logFrom = await logs.resume(this.#key())
      const { signal } = this.#letGo
      signal.throwIfAborted()
      const timeoutMs = answerTimeoutMs(this.job.plan)
      const answer = link.attach(workerId, { leaseId, logFrom }, { timeoutMs, signal })
      if (this.#ending !== undefined) void this.#stopAtWorker(this.#ending)
      return await answer
    } catch (cause) {
      return MeshError.from(cause)
    }
  }

  /** Waits until the worker is back, then gives nothing; or what it was lost by. */
  async #silence(error: MeshError): Promise<MeshError | undefined> {
    const { source } = this.#components
    this.#step({ kind: 'silent', error: error.toData() })
    const patience = new AbortController()
    this.#patience = patience
    const cancelPatience = this.#endPatience(patience, error)
    const signal = AbortSignal.any([patience.signal, this.#letGo.signal])
    try {
      await source.whenReady(this.#record.workerId, { signal })
      this.#step({ kind: 'reconnected' })
      return undefined
    } catch (cause) {
      return this.#letGo.signal.aborted ? undefined : MeshError.from(cause)
    } finally {
      cancelPatience()
      this.#patience = undefined
    }
  }

  /** Once the worker was waited for as long as the job says. */
  #endPatience(patience: AbortController, error: MeshError): CancelTimer {
    const { clock, onAwaited } = this.#components
    const { then, waitMs } = this.job.plan.onDisconnect
    return clock.after(waitMs, () => {
      const message = `nothing was heard of it for ${formatDuration(waitMs)}: ${error.message}`
      const lost = new MeshError(error.code === 'STOPPING' ? 'PEER_SILENT' : error.code, message)
      if (then === 'reroute' || this.#ending !== undefined) patience.abort(lost)
      else onAwaited(this, lost)
    })
  }

  /** Until the worker has heard it, or the attempt is over: the verdict comes as the answer to the task itself. */
  async #stopAtWorker({ message }: MeshError): Promise<void> {
    const { clock } = this.#components
    const { signal } = this.#letGo
    do {
      // oxlint-disable-next-line no-await-in-loop -- said again only after it was not heard
      if (await this.#sayStop(message.slice(0, 500))) return
      // oxlint-disable-next-line no-await-in-loop
      await sleep(clock, STOP_PERIOD_MS, { signal }).catch(() => {})
    } while (!this.#isOver && !signal.aborted && this.#patience === undefined)
  }

  /** @returns false if it is worth saying again: the worker does not have the task yet, or there was no room */
  async #sayStop(reason: string): Promise<boolean> {
    const { link, logger } = this.#components
    const { leaseId, workerId } = this.#record
    const { signal } = this.#letGo
    const killAfterMs = this.#killAfterMs
    const timeoutMs = STOP_GRACE_MS + (killAfterMs ?? this.job.plan.timeouts.stopMs)
    try {
      return await link.stop(workerId, { leaseId, reason, killAfterMs }, { timeoutMs, signal })
    } catch (cause) {
      logger.debug({ ...this.#fields(), err: cause }, 'stop not delivered')
      const failure = MeshError.from(cause)
      // Where the link is gone, the attempt itself learns it and asks again once the worker is back.
      return isLinkLoss(failure) || !failure.retryable
    }
  }

  /** A worker that ended the task by itself has given up waiting for this router; that is nobody's stop. */
  #judgeAnswer(answer: SessionAnswer): Verdict {
    const isGivenUp = answer.error?.code === 'TASK_STOPPED' && this.#ending === undefined
    return isGivenUp ? judgeLoss(answer.error as MeshError) : judgeAnswer(answer)
  }

  /** An error instead of an answer; a task that was to end before it was sent has ended now. */
  #judge(error: MeshError): Verdict {
    if (error !== this.#ending) return judgeError(error)
    return { kind: 'returned', error, hasBegun: false }
  }

  #conclude(verdict: Verdict, report: Partial<TaskReport>): AttemptEnd {
    const { clock, logs, onOutcome } = this.#components
    const { workerId } = this.#record
    const { log, logDroppedBytes, logFile, progress, ranMs, usage = null } = report
    if (log !== undefined) logs.append(this.#key(), log.from, log.entries)
    const hasLog = logs.end(this.#key(), logDroppedBytes)
    const outcome = outcomeOf(verdict, workerId, clock.monotonicMs() - this.#startedAtMs)
    if (outcome !== undefined) onOutcome(outcome)
    if (verdict.kind === 'failed') this.#log(verdict.error)
    const error = verdict.kind === 'completed' ? null : verdict.error.toData()
    const state = attemptEndOf(verdict)
    const event = { kind: 'ended', state, error, usage, progress, ranMs, logFile } as const
    this.#record = stepAttempt(this.#record, event, this.#components.nowMs())
    return { verdict, record: this.#record, hasLog }
  }

  #step(event: AttemptEvent): void {
    const next = stepAttempt(this.#record, event, this.#components.nowMs())
    if (next === this.#record) return
    const { state } = this.#record
    this.#record = next
    this.#components.onStep(this, next.state !== state)
    if (state === 'unknown') this.#components.onResumed(this)
  }

  #key(): { jobId: string; itemIndex: number; attempt: number } {
    const { itemIndex, jobId, number } = this.#record
    return { jobId, itemIndex, attempt: number }
  }

  #fields(): object {
    const { jobId, number, workerId } = this.#record
    return { jobId, item: this.item.id, attempt: number, peer: workerId }
  }

  #log({ code, message }: MeshError): void {
    const fields = { ...this.#fields(), code, why: message.slice(0, 200) }
    this.#components.logger.info(fields, 'attempt failed')
  }
}
