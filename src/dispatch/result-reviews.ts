/**
 * Results that their items do not take before they were checked: asks whose is right whenever something new is
 * known of an item, and carries out the answer. Results stay in memory until then, at their bound at most; a
 * restarted router has none of them, and gathers the item's votes anew.
 */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { TO_CHECK } from './wish.ts'
import type { ActiveItem } from './active-item.ts'
import type { ActiveJob } from './active-job.ts'
import type { Apart } from './wish.ts'
import type { AttemptOutcome } from '../reputation/outcomes.ts'
import type { CheckAnswer, CheckQuestion, ResultChecks, UncheckedResult } from './ports.ts'
import type { ItemRecord } from '../jobs/records.ts'
import type { JobPlan } from '../model/job.ts'
import type { JobSteps } from './job-steps.ts'
import type { Logger } from '../observe/logger.ts'

export interface ResultReviewsComponents {
  checks: ResultChecks
  steps: Pick<JobSteps, 'advance'>
  logger: Logger
  /** Takes what a check says about a worker. */
  onOutcome: (outcome: AttemptOutcome) => void
  /** One more copy is wanted. */
  onWanted: (job: ActiveJob, index: number, apart: Apart) => void
  /** The item is to be looked at again after a while. */
  onAgain: (job: ActiveJob, index: number, delayMs: number) => void
}

/** Whoever judges failed at it: such as a comparison that is a task itself. */
const AGAIN_MS = 1_000

type Accepted = Extract<CheckAnswer, { kind: 'accept' }>

export class ResultReviews {
  readonly #components: ResultReviewsComponents
  readonly #controller = new AbortController()
  readonly #asking = new WeakSet<ActiveItem>()
  /** Those of which more has become known since it was asked. */
  readonly #stale = new WeakSet<ActiveItem>()
  /** Jobs with results that wait, and the bytes of these at most. */
  readonly #jobs = new Set<ActiveJob>()
  #bytes = 0

  constructor(components: ResultReviewsComponents) {
    this.#components = components
  }

  stop(): void {
    this.#controller.abort(new MeshError('STOPPING', 'the router is stopping'))
    this.#jobs.clear()
  }

  /** Whether no more results should come that would have to wait here. */
  get isFull(): boolean {
    if (this.#bytes > LIMITS.uncheckedBytesMax) this.#recount()
    return this.#bytes > LIMITS.uncheckedBytesMax
  }

  /** Keeps the result of an attempt that ends just now. */
  keep(job: ActiveJob, index: number, result: UncheckedResult): void {
    job.addResult(index, result)
    this.#jobs.add(job)
    this.#bytes += result.output?.length ?? 0
  }

  /** Something new is known of an item's results. Never rejects. */
  async review(job: ActiveJob, index: number): Promise<void> {
    const item = job.item(index)
    if (item === undefined || item.results.length === 0) return
    if (this.#asking.has(item)) {
      this.#stale.add(item)
      return
    }
    this.#asking.add(item)
    const answer = await this.#ask(questionOf(job, item))
    this.#asking.delete(item)
    const isStale = this.#stale.delete(item)
    if (this.#controller.signal.aborted || job.item(index) !== item) return
    if (isStale) await this.review(job, index)
    else if (answer === undefined) this.#components.onAgain(job, index, AGAIN_MS)
    else await this.#carryOut(job, item, answer)
  }

  async #ask(question: CheckQuestion): Promise<CheckAnswer | undefined> {
    const { checks, logger } = this.#components
    const { signal } = this.#controller
    try {
      return await checks.review(question, { signal })
    } catch (cause) {
      const fields = { jobId: question.jobId, item: question.item.id, err: cause }
      if (!signal.aborted) logger.warn(fields, 'results could not be checked')
      return undefined
    }
  }

  async #carryOut(job: ActiveJob, item: ActiveItem, answer: CheckAnswer): Promise<void> {
    const { onWanted, steps } = this.#components
    const { index } = item.record
    switch (answer.kind) {
      case 'accept':
        return await this.#accept(job, item, answer)
      case 'more':
        for (const apart of answer.copies) onWanted(job, index, apart)
        return undefined
      case 'wait':
        return undefined
      case 'undecided': {
        const then = job.plan.retry.then === 'hold' ? 'held' : 'failed'
        await steps.advance(job, index, { kind: 'undecided', error: answer.error.toData(), then })
      }
    }
  }

  async #accept(
    job: ActiveJob,
    { record, results }: ActiveItem,
    { attempt, right, verified, wrong }: Accepted
  ): Promise<void> {
    const { logger, steps } = this.#components
    const accepted = results.find((result) => result.attempt === attempt)
    if (accepted === undefined) {
      logger.error({ jobId: record.jobId, item: record.id, attempt }, 'a check named no result')
      return
    }
    for (const result of results) {
      if (right.includes(result.attempt)) this.#tell(job, record, { ...result, kind: 'right' })
      if (wrong.includes(result.attempt)) this.#tell(job, record, { ...result, kind: 'wrong' })
    }
    const { files, hasLog, output } = accepted
    const event = { kind: 'completed', attempt, files, verified } as const
    await steps.advance(job, record.index, event, { output, hasLog })
  }

  #tell(
    { plan }: ActiveJob,
    { index: itemIndex, jobId }: ItemRecord,
    { attempt, kind, workerId }: { attempt: number; kind: 'right' | 'wrong'; workerId: string }
  ): void {
    const name = { jobId, itemIndex, attempt }
    this.#components.onOutcome({ kind, workerId, taskType: plan.taskType, attempt: name })
  }

  #recount(): void {
    this.#bytes = 0
    for (const job of this.#jobs) {
      const bytes = job.uncheckedBytes
      this.#bytes += bytes
      if (bytes === 0) this.#jobs.delete(job)
    }
  }
}

/** Whether an item's results are checked: not where another copy could run nowhere, or would be one of too many. */
export function isChecked({ engine, verify }: JobPlan, { pinnedTo }: ItemRecord): boolean {
  return verify.mode !== 'none' && engine !== 'storage' && pinnedTo === null
}

/** Copies that an item with so many of them lacks from the start. */
export function isCopyLacking(plan: JobPlan, { places, record }: ActiveItem): boolean {
  if (plan.verify.mode !== 'quorum' || !isChecked(plan, record)) return false
  return (record.copies?.length ?? 0) + places.length < plan.verify.copies
}

function questionOf(
  job: ActiveJob,
  { attempts, places, record, results }: ActiveItem
): CheckQuestion {
  return {
    jobId: record.jobId,
    plan: job.plan,
    item: record,
    results: results.toSorted((left, right) => left.attempt - right.attempt),
    openCount: attempts.length + places.length,
    request: job.requestFor(record.index, TO_CHECK)
  }
}
