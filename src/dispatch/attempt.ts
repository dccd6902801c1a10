/**
 * One attempt while it is open: sends the task, waits for the worker's word, and when the way there
 * breaks, waits for the worker to come back and asks again. It ends with a verdict, or is let go of
 * without one. What the verdict means for the item is decided elsewhere.
 */
import { AttemptOrder } from './attempt-order.ts'
import { answerTimeoutMs, assignmentOf } from './assignment.ts'
import { awaitWorker } from './silence.ts'
import { MeshError } from '../core/errors.ts'
import { NO_SPAN } from '../observe/tracing.ts'
import { sleep } from '../core/abort.ts'
import { traceFields } from '../model/trace-context.ts'
import { stepAttempt } from '../jobs/attempt-state.ts'
import { stopAtWorker } from './stop-at-worker.ts'
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
import type { AttemptComponents, AttemptEnd, AttemptInit, SentTask } from './attempt-parts.ts'
import type { AttemptRecord, ItemRecord } from '../jobs/records.ts'
import type { Expectation } from '../selection/select.ts'
import type { FileSource } from '../model/generated/commands-execute-task.ts'
import type { ReportTaskParams } from '../model/generated/commands-report-task.ts'
import type { SessionAnswer } from '../protocol/session.ts'
import type { Span } from '../observe/tracing.ts'
import type { TaskReport } from './task-report.ts'
import type { Ended, Verdict } from './verdict.ts'

/** Of most tasks. */
const NO_SOURCES: readonly FileSource[] = []

const ASK_PERIOD_MS = 100

export class Attempt {
  readonly job: ActiveJob
  readonly item: ItemRecord
  /** Its part in the job's trace. */
  readonly span: Span
  /** When it began, by the clock that never jumps. */
  readonly startedAtMs: number
  readonly #components: AttemptComponents
  #heardAtMs: number
  readonly #sent: SentTask | undefined
  readonly #order: AttemptOrder
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
    this.#sent = init.sent
    this.span = init.span ?? NO_SPAN
    this.#order = new AttemptOrder(components, init.job, init.record)
    this.startedAtMs = components.clock.monotonicMs()
    this.#heardAtMs = this.startedAtMs
  }

  get record(): AttemptRecord {
    return this.#record
  }

  /** What selection expected of it; not known of one that an earlier life of this router began. */
  get expected(): Expectation | undefined {
    return this.#sent?.expected
  }

  /** When its worker last said something of it, by the same clock; before it did, when it began. */
  get heardAtMs(): number {
    return this.#heardAtMs
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

  /**
   * Gives it up for good. @returns its record, ended
   * @param superseded why its item does without it; undefined where its worker was waited for in vain
   */
  abandon(superseded?: string): AttemptRecord {
    this.letGo()
    this.#components.logs.end(this.#key())
    const message = 'its worker was not waited for any longer'
    const error = new MeshError('TASK_SUPERSEDED', message).toData()
    const event: AttemptEvent =
      superseded === undefined
        ? { kind: 'ended', state: 'lost', error, usage: null }
        : { kind: 'superseded', text: superseded }
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
    this.#heardAtMs = this.#components.clock.monotonicMs()
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
    let answer = await begin()
    let askedAtMs = -Infinity
    while (answer instanceof MeshError && isLinkLoss(answer) && !this.#letGo.signal.aborted) {
      // oxlint-disable-next-line no-await-in-loop -- one thing after the other is the point
      const lost: MeshError | undefined = await this.#silence(answer)
      if (lost !== undefined) {
        this.#isOver = true
        this.#countOut()
        return this.#conclude(judgeLoss(lost), {})
      }
      // oxlint-disable-next-line no-await-in-loop
      askedAtMs = await this.#pauseSince(askedAtMs)
      // oxlint-disable-next-line no-await-in-loop
      answer = await this.#attach()
    }
    this.#isOver = true
    if (this.#letGo.signal.aborted) {
      this.#countOut()
      return undefined
    }
    if (answer instanceof MeshError) {
      // Its time is long over, and the worker does not say so: it shall not run on for nobody.
      if (answer.code === 'RESPONSE_TIMED_OUT') void this.#stopAtWorker(answer)
      this.#countOut()
      return this.#conclude(this.#judge(answer), {})
    }
    const report = readReport(answer)
    // First this task is counted out, as it is in the worker's own figures.
    this.#countOut(answer.error === undefined ? { ranMs: report.ranMs, answer } : {})
    source.reported(workerId, report.load)
    return this.#conclude(this.#judgeAnswer(answer), report, answer)
  }

  #countOut({ answer, ranMs }: { ranMs?: number | undefined; answer?: SessionAnswer } = {}): void {
    if (this.#sent === undefined) return
    const { number } = this.#sent
    const { taskType } = this.job.plan
    const answerBytes = answer && (answer.bulk?.length ?? 0)
    this.#components.source.ended(this.#record.workerId, { number, taskType, ranMs, answerBytes })
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
    const { link, sourcesOf } = this.#components
    const { jobId, index } = this.item
    try {
      const { signal } = this.#letGo
      // It is signed while the store is busy with its beginning.
      const [isRecorded, { order, text }] = await Promise.all([recorded, this.#order.issue()])
      const hasInputs = this.job.plan.hasInputs
      const sources = hasInputs ? await sourcesOf(jobId, index) : NO_SOURCES
      signal.throwIfAborted()
      if (!isRecorded) throw new MeshError('STORE_FAILED', 'its beginning could not be stored')
      if (this.#ending !== undefined) throw this.#ending
      const options = { timeoutMs: answerTimeoutMs(this.job.plan), signal }
      const assignment = assignmentOf(this.job, this.#record, {
        sources,
        nowMs: this.#components.nowMs(),
        sent: this.#sent,
        order
      })
      const task = { assignment, text, trace: this.span.context }
      return await link.execute(this.#record.workerId, task, options)
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
    this.#step({ kind: 'silent', error: error.toData() })
    const patience = new AbortController()
    this.#patience = patience
    const { signal } = this.#letGo
    const lost = await awaitWorker(this.#components, {
      workerId: this.#record.workerId,
      error,
      policy: this.job.plan.onDisconnect,
      patience,
      letGo: signal,
      isEnding: () => this.#ending !== undefined,
      onAwaited: (awaited) => this.#components.onAwaited(this, awaited)
    })
    if (lost === undefined && !signal.aborted) this.#step({ kind: 'reconnected' })
    this.#patience = undefined
    return lost
  }

  /** The verdict comes as the answer to the task itself. */
  async #stopAtWorker({ message }: MeshError): Promise<void> {
    const { leaseId, workerId } = this.#record
    await stopAtWorker(this.#components, {
      workerId,
      leaseId,
      reason: message.slice(0, 500),
      killAfterMs: () => this.#killAfterMs,
      stopMs: this.job.plan.timeouts.stopMs,
      isOpen: () => !this.#isOver && this.#patience === undefined,
      signal: this.#letGo.signal,
      fields: this.#fields()
    })
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

  #conclude(verdict: Verdict, report: Partial<TaskReport>, answer?: SessionAnswer): AttemptEnd {
    const { logs, onOutcome } = this.#components
    const { log, logDroppedBytes, logFile, progress, ranMs, receipt, usage = null } = report
    if (log !== undefined) logs.append(this.#key(), log.from, log.entries)
    const hasLog = logs.end(this.#key(), logDroppedBytes)
    const outcome = outcomeOf(verdict, this.#ended())
    const proof = answer && receipt ? this.#order.prove({ answer, receipt }) : undefined
    // No answer waits for its proof, but what is learnt of it does.
    if (outcome !== undefined && proof === undefined) onOutcome(outcome)
    else if (outcome !== undefined)
      void proof?.then((found) => onOutcome({ ...outcome, receipt: found?.receipt }))
    if (verdict.kind === 'failed') this.#log(verdict.error)
    const error = verdict.kind === 'completed' ? null : verdict.error.toData()
    const state = attemptEndOf(verdict)
    const event = { kind: 'ended', state, error, usage, progress, ranMs, logFile } as const
    this.#record = stepAttempt(this.#record, event, this.#components.nowMs())
    return { verdict, record: this.#record, hasLog, proof }
  }

  #ended(): Ended {
    const { number: attempt, workerId } = this.#record
    const { index: itemIndex, jobId } = this.item
    const latencyMs = this.#components.clock.monotonicMs() - this.startedAtMs
    const took = { latencyMs, promisedMs: this.#sent?.expected.totalMs }
    const { taskType } = this.job.plan
    return { workerId, taskType, attempt: { jobId, itemIndex, attempt }, took }
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
    const where = { jobId, item: this.item.id, attempt: number, peer: workerId }
    return { ...where, ...traceFields(this.span.context) }
  }

  #log({ code, message }: MeshError): void {
    const fields = { ...this.#fields(), code, why: message.slice(0, 200) }
    this.#components.logger.info(fields, 'attempt failed')
  }
}
