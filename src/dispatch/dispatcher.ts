/**
 * Sees accepted jobs through: takes waiting items in their order, has a worker selected for each, hands
 * the attempt to the runner, and decides from its verdict what comes next. It holds items back while
 * nobody has room, so that they go to whoever has room first.
 */
import { MeshError } from '../core/errors.ts'
import { isTerminal } from '../jobs/records.ts'
import { mayRunAgain, retryDelayMs } from '../jobs/retry.ts'
import { roomOf } from '../selection/room.ts'
import { selectWorker } from '../selection/select.ts'
import { AttemptRunner } from './attempt-runner.ts'
import { Deadlines } from './deadlines.ts'
import { JobWriter } from './job-writer.ts'
import { ReadyQueue } from './ready-queue.ts'
import type { ActiveJob } from './active-job.ts'
import type { Attempt, AttemptEnd, AttemptRunnerComponents } from './attempt-runner.ts'
import type { Candidate } from '../selection/candidate.ts'
import type { ItemEvent } from '../jobs/state.ts'
import type { ItemRecord } from '../jobs/records.ts'
import type { JobStore, StoreChange } from '../jobs/store.ts'
import type { Offered, ReadyEntry } from './ready-queue.ts'
import type { Random } from '../core/random.ts'
import type { Selection } from '../selection/select.ts'
import type { Startable } from '../core/startable.ts'

export interface DispatcherComponents extends Omit<AttemptRunnerComponents, 'writer'> {
  random: Random
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

/** So many entries of ended items may lie in the queue before it is cleaned. */
const STALE_ENTRIES_MAX = 1_000

export class Dispatcher implements Startable {
  readonly #components: DispatcherComponents
  readonly #writer: JobWriter
  readonly #runner: AttemptRunner
  readonly #deadlines: Deadlines
  readonly #jobs = new Map<string, ActiveJob>()
  readonly #queue = new ReadyQueue()
  readonly #attempts = new Set<Promise<void>>()
  #staleCount = 0
  #isPumpPlanned = false
  #isStopped = false

  constructor(components: DispatcherComponents) {
    this.#components = components
    this.#writer = new JobWriter(components)
    this.#runner = new AttemptRunner({ ...components, writer: this.#writer })
    this.#deadlines = new Deadlines({
      ...components,
      outlook: (job) => this.outlook(job),
      onExpired: (job, error) => void this.#end(job, { kind: 'expired', error: error.toData() })
    })
  }

  /** Items of all jobs that wait, and that are with a worker. */
  counts(): { queued: number; running: number } {
    let [queued, running] = [0, 0]
    for (const { record } of this.#jobs.values()) {
      queued += record.counts.queued
      running += record.counts.running
    }
    return { queued, running }
  }

  async start(): Promise<void> {}

  /** Starts nothing new; running attempts are called back, and a restarted router takes their items up again. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#writer.stop()
    const error = new MeshError('STOPPING', 'the router is stopping')
    for (const job of this.#jobs.values()) {
      this.#cancelTimers(job)
      for (const { index } of job.items()) job.item(index)?.controller?.abort(error)
    }
    await Promise.allSettled(this.#attempts)
    this.#jobs.clear()
  }

  /** The job until its end is stored. */
  job(jobId: string): ActiveJob | undefined {
    return this.#jobs.get(jobId)
  }

  /** Takes a job that is on disk. */
  add(job: ActiveJob): void {
    if (this.#isStopped) return
    this.#jobs.set(job.record.id, job)
    this.#deadlines.begin(job)
    for (const item of job.items()) this.#enqueue(job, item.index)
  }

  /** Ends a job for its owner's sake; resolves once that is stored and its running tasks were told. */
  async stopJob(job: ActiveJob, reason: string): Promise<void> {
    const error = new MeshError('TASK_STOPPED', reason)
    await this.#end(job, { kind: 'stopped', error: error.toData() })
  }

  /** What selection would do now with an item; without `index`, with the job's next waiting one. */
  outlook(job: ActiveJob, index = job.firstWaiting()?.index): Selection | undefined {
    if (index === undefined || job.item(index)?.record.state !== 'queued') return undefined
    const { nowMs, source } = this.#components
    return selectWorker(job.requestFor(index), source.candidates(), 0, nowMs())
  }

  /** Looks soon whether anything that waits can go. Cheap to call; many calls in a tick are one look. */
  pump(): void {
    if (this.#isPumpPlanned || this.#isStopped) return
    this.#isPumpPlanned = true
    queueMicrotask(() => {
      this.#isPumpPlanned = false
      if (!this.#isStopped && this.#queue.size > 0) this.#dispatchAll()
    })
  }

  #dispatchAll(): void {
    const candidates = this.#components.source.candidates()
    this.#queue.drain((entry) => this.#offer(entry, candidates))
  }

  #offer(entry: ReadyEntry, candidates: readonly Candidate[]): Offered {
    const job = this.#waitingJob(entry)
    if (job === undefined) return 'taken'
    // Nearly always it is this that ends a round: all are full, and nothing else need be asked.
    if (!candidates.some(hasRoom)) return 'enough'
    const { nowMs, random } = this.#components
    const { itemIndex } = entry
    const selection = selectWorker(job.requestFor(itemIndex), candidates, random.next(), nowMs())
    const chosen = candidates.find(({ peerId }) => peerId === selection.chosenPeerId)
    if (chosen === undefined) return 'blocked'
    // The record is of what was seen, so it is made before the figures change.
    const decision = selection.explain()
    chosen.ownTasks += 1
    this.#begin(job, itemIndex, { workerId: chosen.peerId, decision })
    return 'taken'
  }

  #waitingJob({ itemIndex, jobId }: ReadyEntry): ActiveJob | undefined {
    const job = this.#jobs.get(jobId)
    return job?.item(itemIndex)?.record.state === 'queued' ? job : undefined
  }

  #begin(job: ActiveJob, index: number, choice: Pick<Attempt, 'workerId' | 'decision'>): void {
    const { nowMs, onChanged } = this.#components
    const { workerId } = choice
    const attempt = (job.item(index)?.record.attemptCount ?? 0) + 1
    const item = job.apply(index, { kind: 'dispatched', attempt, workerId }, nowMs())
    if (item === undefined) return
    const controller = new AbortController()
    job.began(index, controller)
    job.cancelQueueTimer()
    const attempted = this.#attempt({ job, item, ...choice, signal: controller.signal })
    this.#attempts.add(attempted)
    void attempted.finally(() => this.#attempts.delete(attempted))
    onChanged(job)
  }

  async #attempt(attempt: Attempt): Promise<void> {
    const end = await this.#runner.run(attempt)
    // The next task goes out while the store is still busy with this one.
    this.pump()
    await this.#conclude(attempt, end)
  }

  /** Turns a verdict into what happens to the item, and when it may go again. */
  async #conclude(attempt: Attempt, end: AttemptEnd): Promise<void> {
    const { job, workerId } = attempt
    const { attemptCount: number, failureCount, index } = attempt.item
    const { verdict } = end
    if (verdict.kind === 'completed') {
      return await this.#advance(job, index, { kind: 'completed', attempt: number }, end)
    }
    const { retry } = job.plan
    const failure = { attempt: number, error: verdict.error.toData() }
    if (verdict.kind === 'returned') {
      if (verdict.hasBegun && !mayRunAgain(retry)) {
        return await this.#advance(job, index, { kind: 'failed', ...failure }, end)
      }
      const isBusy = verdict.error.code === 'WORKER_BUSY'
      // `never` is about workers that had the task, not about those that would not take it.
      if (!isBusy && retry.sameWorker === 'avoid') job.addTried(index, workerId)
      const delayMs = refusedDelayMs(job.addRefusal(index))
      const event = { kind: 'returned', attempt: number } as const
      return await this.#advance(job, index, event, { ...end, delayMs })
    }
    job.addTried(index, workerId)
    const draw = this.#components.random.next()
    const delayMs = retryDelayMs(retry, { blames: verdict.blames, failureCount }, draw)
    const kind = delayMs === undefined ? 'failed' : 'retried'
    await this.#advance(job, index, { kind, ...failure }, { ...end, delayMs })
  }

  /** Lets it happen, writes it, and tells. */
  async #advance(
    job: ActiveJob,
    index: number,
    event: ItemEvent,
    end: AttemptEnd & { delayMs?: number | undefined }
  ): Promise<void> {
    const { nowMs, onChanged } = this.#components
    const changes: StoreChange[] = [{ kind: 'attempt', attempt: end.record }]
    const item = job.apply(index, event, nowMs())
    // A late end changes nothing but the attempt's own record.
    if (item === undefined) return await this.#writer.write(job, changes)
    if (event.kind !== 'returned') job.waitingSinceMs = nowMs()
    if (job.hasEnded) this.#cancelTimers(job)
    else if (!this.#isStopped) this.#deadlines.watchQueue(job)
    changes.push({ kind: 'item', item })
    if (!isTerminal(item.state)) {
      this.#enqueueLater(job, index, end.delayMs ?? 0)
      await this.#writer.write(job, changes)
      return onChanged(job)
    }
    const output = end.verdict.kind === 'completed' ? end.verdict.output : null
    const { jobId } = item
    changes.push({ kind: 'output', jobId, itemIndex: index, output, logs: end.logs })
    if (await this.#writeEnd(job, changes)) onChanged(job, { item, output, logs: end.logs })
  }

  /** Ends all that has not ended of a job. */
  async #end(
    job: ActiveJob,
    event: Extract<ItemEvent, { kind: 'expired' | 'stopped' }>
  ): Promise<void> {
    if (job.hasEnded) return
    const { nowMs, onChanged } = this.#components
    const ended: ItemRecord[] = []
    for (const { index } of job.items()) {
      const controller = job.item(index)?.controller
      const item = job.apply(index, event, nowMs())
      if (item !== undefined) ended.push(item)
      controller?.abort(MeshError.fromData(event.error))
    }
    this.#cancelTimers(job)
    this.#cleanQueue(ended.length)
    const changes = ended.map((item): StoreChange => ({ kind: 'item', item }))
    if (!(await this.#writeEnd(job, changes))) return
    for (const item of ended) onChanged(job, { item, output: null, logs: '' })
  }

  #enqueueLater(job: ActiveJob, index: number, delayMs: number): void {
    if (this.#isStopped) return
    if (delayMs === 0) return this.#enqueue(job, index)
    const cancel = this.#components.clock.after(delayMs, () => {
      this.#enqueue(job, index)
    })
    job.delayed(index, cancel)
  }

  #enqueue(job: ActiveJob, index: number): void {
    this.#queue.push(job.laneOf(index), {
      jobId: job.record.id,
      itemIndex: index,
      priority: job.plan.priority,
      order: job.order
    })
    this.pump()
  }

  /** Items that ended without being sent leave their entries behind; those go once they are many. */
  #cleanQueue(endedCount: number): void {
    this.#staleCount += endedCount
    if (this.#staleCount <= Math.max(STALE_ENTRIES_MAX, this.#queue.size / 2)) return
    this.#staleCount = 0
    this.#queue.prune((entry) => this.#waitingJob(entry) !== undefined)
  }

  #cancelTimers(job: ActiveJob): void {
    this.#deadlines.cancel(job)
    for (const { index } of job.items()) job.item(index)?.cancelDelay?.()
  }

  /** Says whether it is stored. A job stays known here until its own end is. */
  async #writeEnd(job: ActiveJob, changes: readonly StoreChange[]): Promise<boolean> {
    const isLast = job.hasEnded
    const isStored = await this.#writer.writeEnd(job, changes)
    if (isStored && isLast) {
      job.markEndStored()
      this.#jobs.delete(job.record.id)
    }
    return isStored
  }
}

function hasRoom(candidate: Candidate): boolean {
  const room = roomOf(candidate, 0)
  return !candidate.isStopping && (room === 'run' || room === 'queue')
}

/** At once after the first refusal, as others may be free. */
function refusedDelayMs(earlierCount: number): number {
  if (earlierCount === 0) return 0
  return Math.min(REFUSED_DELAY_MS_MAX, REFUSED_DELAY_MS * 2 ** Math.min(earlierCount, 10))
}
