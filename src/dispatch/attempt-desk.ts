/**
 * Opens attempts, follows them to their ends, and carries out what these mean. A worker's words about a task
 * find its attempt here, by its lease.
 */
import { consequenceOf } from './consequence.ts'
import { Attempt } from './attempt.ts'
import { beginAttempt, endAttempt, storingResult, traceQueue } from './attempt-traces.ts'
import { MeshError } from '../core/errors.ts'
import { isChecked } from './result-reviews.ts'
import { newAttempt } from '../jobs/attempt-state.ts'
import { newLeaseId } from '../core/ids.ts'
import { NO_TRACER } from '../observe/tracing.ts'
import { toDecisionText } from './decision-text.ts'
import type { ActiveItem } from './active-item.ts'
import type { ActiveJob } from './active-job.ts'
import type { AttemptComponents, AttemptEnd, AttemptInit } from './attempt-parts.ts'
import type { AttemptRecord, AttemptRole, ItemRecord } from '../jobs/records.ts'
import type { Deadlines } from './deadlines.ts'
import type { ItemQueue } from './item-queue.ts'
import type { JobSteps } from './job-steps.ts'
import type { JobWriter } from './job-writer.ts'
import type { Random } from '../core/random.ts'
import type { ResultReviews } from './result-reviews.ts'
import type { Selection } from '../selection/select.ts'
import type { Tracer } from '../observe/tracing.ts'

export interface AttemptDeskComponents extends Omit<
  AttemptComponents,
  'onStep' | 'onAwaited' | 'onResumed'
> {
  random: Random
  deadlines: Deadlines
  queue: Pick<ItemQueue, 'leaveOut'>
  reviews: Pick<ResultReviews, 'keep'>
  steps: JobSteps
  writer: JobWriter
  /** @default traces go nowhere */
  tracer?: Tracer
  /** Called when something that waited goes to a worker. */
  onWaited?: (waitedMs: number) => void
  /** Called when an attempt has begun. */
  onBegun: (job: ActiveJob) => void
  /** Called when a worker may have room again. */
  onRoom: () => void
  /** Called after every change of an attempt's state, and whenever its task says how far it is. */
  onAttempt: (attempt: AttemptRecord, item: ItemRecord, isNewState: boolean) => void
}

/** A worker that was chosen for an item. */
export interface Chosen {
  workerId: string
  role: AttemptRole
  selection: Selection
  /** When it came into the queue; undefined where it did not wait. */
  sinceMs?: number
}

export class AttemptDesk {
  readonly #components: AttemptDeskComponents
  readonly #attemptComponents: AttemptComponents
  readonly #tracer: Tracer
  readonly #open = new Map<Attempt, Promise<void>>()
  /** By lease, until their ends are stored. */
  readonly #leases = new Map<string, Attempt>()

  constructor(components: AttemptDeskComponents) {
    this.#components = components
    const { steps } = components
    this.#tracer = components.tracer ?? NO_TRACER
    this.#attemptComponents = {
      ...components,
      onStep: (attempt, isNewState) => this.#onStep(attempt, isNewState),
      // The job would rather wait than run twice, so that somebody has to look.
      onAwaited: ({ item, job, record }, error) => {
        const event = { kind: 'awaited', attempt: record.number, error: error.toData() } as const
        void steps.advance(job, item.index, event)
      },
      onResumed: ({ item, job, record: { number, workerId } }) => {
        const cause = { by: workerId, reason: 'RECONNECTED' } as const
        void steps.advance(job, item.index, { kind: 'resumed', attempt: number, cause })
      }
    }
  }

  /** Attempts that are open, the oldest first. */
  open(): Iterable<Attempt> {
    return this.#open.keys()
  }

  /** Those that hold a lease, until their ends are stored. */
  byLease(leaseId: string): Attempt | undefined {
    return this.#leases.get(leaseId)
  }

  /** Sends an item to the worker that was chosen. */
  begin(job: ActiveJob, index: number, { role, selection, sinceMs, workerId }: Chosen): void {
    const { nowMs, onAttempt, random, steps, writer } = this.#components
    // The record is of what was seen, so it is made before the figures change.
    const decision = selection.explain()
    const number = (job.item(index)?.record.attemptCount ?? 0) + 1
    const applied = job.apply(index, { kind: 'dispatched', attempt: number, workerId }, nowMs())
    if (applied === undefined) return
    const { item } = applied
    const record = newAttempt(item, {
      leaseId: newLeaseId(random),
      role,
      workerId,
      nowMs: nowMs()
    })
    const key = { jobId: item.jobId, itemIndex: index, attempt: number }
    const text = toDecisionText(decision, key)
    const sent = this.#send(job, workerId, selection)
    if (sinceMs !== undefined) {
      this.#components.onWaited?.(record.offeredAtMs - sinceMs)
      traceQueue(this.#tracer, job, record, sinceMs)
    }
    const span = beginAttempt(this.#tracer, job, record)
    const attempt = new Attempt(this.#attemptComponents, { job, item, record, span, ...sent })
    job.began(index, attempt)
    // It is sent only once a restart would know of it: measured, that costs some 5 % of the pace, and without
    // it a router killed in that moment would run elsewhere what is done already.
    const recorded = writer.writeSurely(job, () => [
      { kind: 'decision', ...key, atMs: decision.at_ms, decision: text },
      ...steps.rowsOf(attempt)
    ])
    this.#follow(attempt, attempt.run(recorded))
    onAttempt(record, item, true)
  }

  /** Takes up an attempt that an earlier life of this router left open. */
  resume(job: ActiveJob, item: ItemRecord, record: AttemptRecord): void {
    const span = beginAttempt(this.#tracer, job, record)
    const attempt = new Attempt(this.#attemptComponents, { job, item, record, span })
    job.began(item.index, attempt)
    this.#follow(attempt, attempt.resume())
    if (item.ending !== null) {
      attempt.end(MeshError.fromData(item.ending.error), item.ending.killAfterMs)
    }
  }

  /** Nobody waits for these any more, and that is stored: a worker ends what it runs for nobody. */
  release(attempts: readonly Attempt[]): void {
    for (const { record } of attempts) {
      this.#leases.delete(record.leaseId)
      // One that is away hears so when it is back.
      this.#components.link.release(record.workerId, record.leaseId)
    }
  }

  /** Resolves once these have ended, and what follows is stored. */
  async ended(attempts: readonly Attempt[]): Promise<void> {
    await Promise.all(attempts.map(async (attempt) => await this.#open.get(attempt)))
  }

  /** Lets go of all; their tasks go on at the workers. */
  async letGo(): Promise<void> {
    for (const attempt of this.#open.keys()) attempt.letGo()
    await Promise.allSettled(this.#open.values())
  }

  #send({ plan }: ActiveJob, workerId: string, { expected }: Selection): Pick<AttemptInit, 'sent'> {
    if (expected === undefined) return {}
    const task = { expectedMs: expected.runMs, gpuCount: plan.resources.gpuCount }
    return { sent: { number: this.#components.source.sent(workerId, task), expected } }
  }

  #follow(attempt: Attempt, end: Promise<AttemptEnd | undefined>): void {
    this.#components.deadlines.watch(attempt.job)
    const followed = this.#conclude(attempt, end)
    this.#open.set(attempt, followed)
    this.#leases.set(attempt.record.leaseId, attempt)
    void followed.finally(() => this.#open.delete(attempt))
    this.#components.onBegun(attempt.job)
  }

  async #conclude(attempt: Attempt, ended: Promise<AttemptEnd | undefined>): Promise<void> {
    const end = await ended
    endAttempt(attempt.span, end?.record ?? attempt.record)
    if (end === undefined) return
    const { link, onAttempt, onRoom, steps, writer } = this.#components
    const { job } = attempt
    const { index } = attempt.item
    const { leaseId, state, workerId } = end.record
    // The next task goes out while the store is still busy with this one.
    onRoom()
    const item = job.item(index)
    // Its item does without it: only the attempt's own record still changes.
    if (item?.attempts.includes(attempt) !== true) {
      await writer.writeSurely(job, () => [{ kind: 'attempt', attempt: end.record }])
      this.#leases.delete(leaseId)
      return
    }
    const { delayMs, event } = this.#consequence(attempt, item, end)
    onAttempt(end.record, item.record, true)
    const output = end.verdict.kind === 'completed' ? end.verdict.output : null
    const happening = { ended: end.record, delayMs, output, hasLog: end.hasLog }
    const storing = storingResult(this.#tracer, attempt)
    const isStored = await steps.advance(job, index, event, happening)
    storing.end(isStored ? {} : { error: 'STORE_FAILED' })
    if (!isStored) return
    this.#leases.delete(leaseId)
    if (state !== 'refused') link.release(workerId, leaseId)
  }

  #consequence(
    { job, record: { number, workerId } }: Attempt,
    { record, refusalCount }: ActiveItem,
    { hasLog, verdict }: AttemptEnd
  ): Pick<ReturnType<typeof consequenceOf>, 'delayMs' | 'event'> {
    const { queue, random, reviews } = this.#components
    const { index } = record
    const consequence = consequenceOf(verdict, record, {
      retry: job.plan.retry,
      attempt: number,
      workerId,
      isChecked: isChecked(job.plan, record),
      refusalCount,
      draw: random.next()
    })
    const { event, isWorkerAvoided, isWorkerLeftOut } = consequence
    if (isWorkerAvoided) job.addTried(index, workerId)
    if (event.kind === 'returned') {
      const words = event.error.message
      job.addRefusal(index, words)
      if (isWorkerLeftOut) queue.leaveOut(job, index, { workerId, words })
    }
    if (event.kind === 'delivered' && verdict.kind === 'completed') {
      const { files, output } = verdict
      reviews.keep(job, index, { attempt: number, workerId, output, files, hasLog })
    }
    return consequence
  }

  #onStep(attempt: Attempt, isNewState: boolean): void {
    const { onAttempt, steps, writer } = this.#components
    if (isNewState) void writer.write(attempt.job, steps.rowsOf(attempt))
    onAttempt(attempt.record, attempt.item, isNewState)
  }
}
