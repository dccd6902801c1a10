/**
 * Sees accepted jobs through: takes waiting items in their order, has a worker selected for each, hands
 * the attempt to the runner, and decides from its verdict what comes next. It holds items back while
 * nobody has room, so that they go to whoever has room first.
 */
import { MeshError } from '../core/errors.ts'
import { isTerminal } from '../jobs/records.ts'
import { retryDelayMs } from '../jobs/retry.ts'
import { selectWorker } from '../selection/select.ts'
import { AttemptRunner } from './attempt-runner.ts'
import { ReadyQueue } from './ready-queue.ts'
import type { ActiveJob } from './active-job.ts'
import type { Attempt, AttemptRunnerComponents } from './attempt-runner.ts'
import type { CandidateSource } from './ports.ts'
import type { ItemRecord } from '../jobs/records.ts'
import type { JobStore, StoreChange } from '../jobs/store.ts'
import type { Selection } from '../selection/select.ts'
import type { Startable } from '../core/startable.ts'
import type { Verdict } from './verdict.ts'

export interface DispatcherComponents extends AttemptRunnerComponents {
  source: CandidateSource
  store: JobStore
  /** Called after every change of a job; a change that ends an item only once it is in the store. */
  onChanged: (job: ActiveJob, finished?: FinishedItem) => void
}

/** An item that has just ended, with what it gave. */
export interface FinishedItem {
  item: ItemRecord
  output: string | null
  logs: string
}

/** A refusal should not bring the same item back in the same breath; it doubles up to a second. */
const REFUSED_DELAY_MS = 10
const REFUSED_DELAY_MS_MAX = 1_000

export class Dispatcher implements Startable {
  readonly #components: DispatcherComponents
  readonly #runner: AttemptRunner
  readonly #jobs = new Map<string, ActiveJob>()
  readonly #queue = new ReadyQueue()
  #runningCount = 0
  #isPumpPlanned = false
  #isStopped = false

  constructor(components: DispatcherComponents) {
    this.#components = components
    this.#runner = new AttemptRunner(components)
  }

  get queuedCount(): number {
    return this.#queue.size
  }

  get runningCount(): number {
    return this.#runningCount
  }

  async start(): Promise<void> {}

  /** Starts nothing new; running attempts are cut off, and a restarted router takes their items up again. */
  async stop(): Promise<void> {
    this.#isStopped = true
    const error = new MeshError('STOPPING', 'the router is stopping')
    for (const job of this.#jobs.values()) {
      job.cancelTotalTimer()
      job.cancelQueueTimer()
      for (const { index } of job.items()) job.item(index)?.controller?.abort(error)
    }
    this.#jobs.clear()
  }

  /** The job if it has not ended. */
  job(jobId: string): ActiveJob | undefined {
    return this.#jobs.get(jobId)
  }

  /** Takes a job that is on disk. */
  add(job: ActiveJob): void {
    const { clock } = this.#components
    this.#jobs.set(job.record.id, job)
    const leftMs = job.record.createdAtMs + job.plan.timeouts.totalMs - this.#components.nowMs()
    job.cancelTotalTimer = clock.after(Math.max(leftMs, 0), () => {
      const message = `the job was not done within its total time of ${job.plan.timeouts.totalMs} ms`
      void this.#end(
        job,
        'expired',
        new MeshError('TOTAL_TIMED_OUT', message, { path: 'timeouts.total' })
      )
    })
    this.#watchQueueTime(job)
    for (const item of job.items()) this.#enqueue(job, item.index)
    this.pump()
  }

  /** Ends a job for its owner's sake; resolves once its running tasks were told. */
  async stopJob(job: ActiveJob, reason: string): Promise<void> {
    await this.#end(job, 'stopped', new MeshError('TASK_STOPPED', reason))
  }

  /** What selection would do with a job's next waiting item now. */
  outlook(job: ActiveJob): Selection | undefined {
    const waiting = job.items().find((item) => item.state === 'queued')
    if (waiting === undefined) return undefined
    const { nowMs, source } = this.#components
    return selectWorker(job.requestFor(waiting.index), source.candidates(), 0, nowMs())
  }

  /** Looks soon whether anything that waits can go. Cheap to call; many calls in a tick are one look. */
  pump(): void {
    if (this.#isPumpPlanned || this.#isStopped) return
    this.#isPumpPlanned = true
    queueMicrotask(() => {
      this.#isPumpPlanned = false
      this.#dispatchAll()
    })
  }

  #dispatchAll(): void {
    if (this.#queue.size === 0) return
    const candidates = this.#components.source.candidates()
    for (const lane of this.#queue.lanes()) {
      for (
        let entry = this.#queue.peek(lane);
        entry !== undefined;
        entry = this.#queue.peek(lane)
      ) {
        const job = this.#jobs.get(entry.jobId)
        const isWaiting = job?.item(entry.itemIndex)?.record.state === 'queued'
        if (job === undefined || !isWaiting) {
          this.#queue.pop(lane)
          continue
        }
        const { nowMs, random } = this.#components
        const request = job.requestFor(entry.itemIndex)
        const selection = selectWorker(request, candidates, random.next(), nowMs())
        const workerId = selection.chosenPeerId
        if (workerId === undefined) break
        this.#queue.pop(lane)
        const decision = selection.explain()
        const chosen = candidates.find((candidate) => candidate.peerId === workerId)
        if (chosen !== undefined) chosen.ownTasks += 1
        void this.#attempt(job, entry.itemIndex, { workerId, decision })
      }
    }
  }

  async #attempt(
    job: ActiveJob,
    index: number,
    choice: Pick<Attempt, 'workerId' | 'decision'>
  ): Promise<void> {
    const { nowMs, onChanged, source } = this.#components
    const number = (job.item(index)?.record.attemptCount ?? 0) + 1
    const event = { kind: 'dispatched', attempt: number, workerId: choice.workerId } as const
    const item = job.apply(index, event, nowMs())
    if (item === undefined) return
    const controller = new AbortController()
    job.began(index, controller)
    source.began(choice.workerId)
    this.#runningCount += 1
    job.cancelQueueTimer()
    const attempt = { job, item, number, ...choice, signal: controller.signal }
    onChanged(job)
    try {
      const { verdict, changes, logs } = await this.#runner.run(attempt)
      this.#runningCount -= 1
      source.ended(choice.workerId)
      if (!this.#isStopped) await this.#conclude(attempt, verdict, { changes, logs })
    } finally {
      this.pump()
    }
  }

  /** Turns a verdict into the item's next state, writes it, and tells. */
  async #conclude(
    attempt: Attempt,
    verdict: Verdict,
    done: { changes: StoreChange[]; logs: string }
  ): Promise<void> {
    const { job, number } = attempt
    const { nowMs } = this.#components
    const index = attempt.item.index
    if (verdict.kind === 'completed') {
      const item = job.apply(index, { kind: 'completed', attempt: number }, nowMs())
      return await this.#record(job, item, { ...done, output: verdict.output })
    }
    const error = verdict.error.toData()
    if (verdict.kind === 'refused') {
      if (verdict.error.code !== 'WORKER_BUSY') job.addTried(index, attempt.workerId)
      const item = job.apply(index, { kind: 'returned', attempt: number }, nowMs())
      if (item !== undefined) this.#enqueueLater(job, index, this.#refusedDelayMs(job, index))
      return await this.#record(job, item, { ...done, output: null })
    }
    job.addTried(index, attempt.workerId)
    const { failureCount } = attempt.item
    const delayMs = retryDelayMs(
      job.plan.retry,
      { error, failureCount },
      this.#components.random.next()
    )
    const kind = delayMs === undefined ? 'failed' : 'retried'
    const item = job.apply(index, { kind, attempt: number, error }, nowMs())
    if (item !== undefined && delayMs !== undefined) this.#enqueueLater(job, index, delayMs)
    await this.#record(job, item, { ...done, output: null })
  }

  /** Ends all that has not ended of a job. */
  async #end(job: ActiveJob, kind: 'stopped' | 'expired', error: MeshError): Promise<void> {
    if (job.hasEnded) return
    const changes: StoreChange[] = []
    const ended: ItemRecord[] = []
    for (const { index } of job.items()) {
      const controller = job.item(index)?.controller
      const item = job.apply(index, { kind, error: error.toData() }, this.#components.nowMs())
      controller?.abort(error)
      if (item === undefined) continue
      ended.push(item)
      changes.push({ kind: 'item', item })
    }
    await this.#write([...changes, { kind: 'job', job: job.record }])
    this.#forget(job)
    for (const item of ended) this.#components.onChanged(job, { item, output: null, logs: '' })
  }

  async #record(
    job: ActiveJob,
    item: ItemRecord | undefined,
    done: { changes: StoreChange[]; logs: string; output: string | null }
  ): Promise<void> {
    const { changes, logs, output } = done
    // A late end changes nothing but the attempt's own record.
    if (item === undefined) return await this.#write(changes)
    changes.push({ kind: 'item', item }, { kind: 'job', job: job.record })
    const hasEnded = isTerminal(item.state)
    if (hasEnded)
      changes.push({ kind: 'output', jobId: item.jobId, itemIndex: item.index, output, logs })
    if (job.hasEnded) this.#forget(job)
    else this.#watchQueueTime(job)
    await this.#write(changes)
    this.#components.onChanged(job, hasEnded ? { item, output, logs } : undefined)
  }

  async #write(changes: readonly StoreChange[]): Promise<void> {
    try {
      await this.#components.store.apply(changes)
    } catch (cause) {
      // The work goes on from memory; what is lost is only what a restart would need.
      this.#components.logger.error({ err: cause }, 'a change could not be stored')
    }
  }

  /** While nothing of a job runs, its queue time counts. */
  #watchQueueTime(job: ActiveJob): void {
    job.cancelQueueTimer()
    if (job.record.counts.running > 0) return
    const { queueMs } = job.plan.timeouts
    job.cancelQueueTimer = this.#components.clock.after(queueMs, () => {
      const why = this.outlook(job)?.summarise() ?? 'it waits for its next attempt'
      const message = `nothing of the job could run for ${queueMs} ms: ${why}`
      const error = new MeshError('QUEUE_TIMED_OUT', message, {
        path: 'timeouts.queue',
        hint: 'see `taskmesh job plan` for what is missing, or wait longer with timeouts.queue'
      })
      void this.#end(job, 'expired', error)
    })
  }

  #refusedDelayMs(job: ActiveJob, index: number): number {
    const count = job.addRefusal(index)
    return count === 0 ? 0 : Math.min(REFUSED_DELAY_MS_MAX, REFUSED_DELAY_MS * 2 ** count)
  }

  #enqueueLater(job: ActiveJob, index: number, delayMs: number): void {
    if (delayMs === 0) return this.#enqueue(job, index)
    this.#components.clock.after(delayMs, () => {
      this.#enqueue(job, index)
      this.pump()
    })
  }

  #enqueue(job: ActiveJob, index: number): void {
    this.#queue.push(job.laneOf(index), {
      jobId: job.record.id,
      itemIndex: index,
      priority: job.plan.priority,
      order: job.order
    })
  }

  #forget(job: ActiveJob): void {
    job.cancelTotalTimer()
    job.cancelQueueTimer()
    this.#jobs.delete(job.record.id)
  }
}
