/**
 * Sees accepted jobs through: takes waiting items in their order, has a worker selected for each, opens
 * the attempt, and carries out what its end means. It holds items back while nobody has room, so that
 * they go to whoever has room first.
 */
import { MeshError } from '../core/errors.ts'
import { causeOf } from '../jobs/records.ts'
import { newAttempt } from '../jobs/attempt-state.ts'
import { newLeaseId } from '../core/ids.ts'
import { roomOf } from '../selection/room.ts'
import { selectWorker } from '../selection/select.ts'
import { Attempt } from './attempt.ts'
import { consequenceOf } from './consequence.ts'
import { Deadlines } from './deadlines.ts'
import { JobSteps } from './job-steps.ts'
import { JobWriter } from './job-writer.ts'
import { ReadyQueue } from './ready-queue.ts'
import { Timetable } from '../core/timetable.ts'
import { toDecisionText } from './decision-text.ts'
import type { ActiveJob } from './active-job.ts'
import type { AttemptComponents, AttemptEnd } from './attempt.ts'
import type { AttemptRecord, Cause, Ending, ItemRecord } from '../jobs/records.ts'
import type { Candidate } from '../selection/candidate.ts'
import type { DecisionRecord } from '../model/generated/decision.ts'
import type { FinishedItem } from './job-steps.ts'
import type { ItemPreparation } from './item-preparation.ts'
import type { JobStore, StoreChange } from '../jobs/store.ts'
import type { Offered, ReadyEntry } from './ready-queue.ts'
import type { Random } from '../core/random.ts'
import type { Selection } from '../selection/select.ts'
import type { Startable } from '../core/startable.ts'

export interface DispatcherComponents extends Omit<
  AttemptComponents,
  'onStep' | 'onAwaited' | 'onResumed'
> {
  random: Random
  store: JobStore
  preparation: ItemPreparation
  /** Called after every change of a job; a change that ends an item only once it is in the store. */
  onChanged: (job: ActiveJob, finished?: FinishedItem) => void
  /** Called after every change of an attempt's state, and whenever its task says how far it is. */
  onAttempt: (attempt: AttemptRecord, item: ItemRecord, isNewState: boolean) => void
}

/** A worker that is not asked about an item for a while. */
interface LeftOut {
  job: ActiveJob
  index: number
  workerId: string
}

/** So many entries of ended items may lie in the queue before it is cleaned. */
const STALE_ENTRIES_MAX = 1_000

export class Dispatcher implements Startable {
  readonly #components: DispatcherComponents
  readonly #attemptComponents: AttemptComponents
  readonly #writer: JobWriter
  readonly #deadlines: Deadlines
  readonly #steps: JobSteps
  readonly #jobs = new Map<string, ActiveJob>()
  readonly #queue = new ReadyQueue()
  readonly #leftOut: Timetable<LeftOut>
  readonly #open = new Map<Attempt, Promise<void>>()
  /** Attempts by lease, until their ends are stored. */
  readonly #leases = new Map<string, Attempt>()
  #staleCount = 0
  #isPumpPlanned = false
  #isStopped = false

  constructor(components: DispatcherComponents) {
    this.#components = components
    this.#attemptComponents = {
      ...components,
      onStep: (attempt, isNewState) => this.#onStep(attempt, isNewState),
      // The job would rather wait than run twice, so that somebody has to look.
      onAwaited: (attempt, error) => {
        const { number } = attempt.record
        const event = { kind: 'awaited', attempt: number, error: error.toData() } as const
        void this.#steps.applyToOpen(attempt, event)
      },
      onResumed: (attempt) => {
        const { number, workerId } = attempt.record
        const cause = { by: workerId, reason: 'RECONNECTED' } as const
        void this.#steps.applyToOpen(attempt, { kind: 'resumed', attempt: number, cause })
      }
    }
    this.#writer = new JobWriter({ ...components, onCaughtUp: () => this.pump() })
    this.#deadlines = new Deadlines({
      ...components,
      outlook: (job) => this.outlook(job),
      onExpired: (job, error) => {
        const data = error.toData()
        void this.endJob(job, { state: 'failed', cause: causeOf(data), error: data })
      }
    })
    this.#leftOut = new Timetable({
      ...components,
      onDue: ({ index, job, workerId }) => {
        if (job.letIn(index, workerId)) this.#enqueue(job, index)
      }
    })
    this.#steps = new JobSteps({
      ...components,
      writer: this.#writer,
      onStepped: (job, endedCount) => this.#onStepped(job, endedCount),
      onWaiting: (job, index, delayMs) => this.#enqueueLater(job, index, delayMs),
      // A worker that is there ends what it runs for nobody; one that is not hears so when it is back.
      onDropped: (attempts) => {
        for (const { record } of attempts) {
          this.#leases.delete(record.leaseId)
          components.link.release(record.workerId, record.leaseId)
        }
      },
      onEndStored: (job) => this.#jobs.delete(job.record.id)
    })
  }

  /** Items of all jobs that wait for a worker, that are with one, and that wait for somebody to look. */
  counts(): Record<'queued' | 'running' | 'held', number> {
    const sum = { queued: 0, running: 0, held: 0 }
    for (const { record } of this.#jobs.values()) {
      sum.queued += record.counts.queued
      sum.running += record.counts.running
      sum.held += record.counts.held
    }
    return sum
  }

  async start(): Promise<void> {}

  /**
   * Starts nothing new. Running tasks go on at their workers, under their leases; a restarted router asks
   * for their results.
   */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#writer.stop()
    this.#deadlines.clear()
    this.#leftOut.clear()
    for (const job of this.#jobs.values()) {
      for (const { index } of job.items()) job.item(index)?.cancelDelay?.()
    }
    for (const attempt of this.#open.keys()) attempt.letGo()
    await Promise.allSettled(this.#open.values())
    this.#jobs.clear()
  }

  /** The job until its end is stored. */
  job(jobId: string): ActiveJob | undefined {
    return this.#jobs.get(jobId)
  }

  /** The attempt of an item that is open, as it is now. */
  liveAttempt(jobId: string, index: number): AttemptRecord | undefined {
    return this.#jobs.get(jobId)?.item(index)?.attempt?.record
  }

  /**
   * Takes a job that is on disk.
   * @param open attempts that an earlier life of this router left open, by item
   */
  add(job: ActiveJob, open: ReadonlyMap<number, AttemptRecord> = new Map()): void {
    if (this.#isStopped) return
    this.#jobs.set(job.record.id, job)
    this.#deadlines.begin(job)
    const waiting: number[] = []
    for (const item of job.items()) {
      const record = open.get(item.index)
      if (record !== undefined) this.#resume(job, item, record)
      else if (item.state === 'queued') waiting.push(item.index)
    }
    const { preparation } = this.#components
    if (!preparation.isNeeded(job.plan)) for (const index of waiting) this.#enqueue(job, index)
    else {
      void preparation.prepare(job, waiting, (index, earlier) => {
        if (earlier === undefined) this.#enqueue(job, index)
        else if (!this.#isStopped) void this.#steps.reuse(job, index, earlier)
      })
    }
  }

  /**
   * Ends all that has not ended of a job. Resolves once that is stored and the workers of its running
   * tasks have said that they are gone, or were given up.
   */
  async endJob(job: ActiveJob, ending: Ending): Promise<void> {
    const running = job.items().flatMap(({ index }) => job.item(index)?.attempt ?? [])
    await this.#steps.applyToAll(job, { kind: 'ended', ending })
    await Promise.all(running.map(async (attempt) => await this.#open.get(attempt)))
  }

  /** Lets nothing more of a job begin. What runs goes on to its end. */
  async holdJob(job: ActiveJob, cause: Cause): Promise<void> {
    job.setOnHold(true)
    await this.#steps.applyToAll(job, { kind: 'held', cause })
  }

  /** Lets what is held of a job go again, with all its attempts before it. */
  async releaseJob(job: ActiveJob, cause: Cause): Promise<void> {
    job.setOnHold(false)
    job.waitingSinceMs = this.#components.nowMs()
    await this.#steps.applyToAll(job, { kind: 'released', cause })
  }

  /**
   * The attempt that holds a lease, if its worker is the one who says so. It is wanted until its end is
   * stored: a worker that forgot it earlier would leave nothing to a router that dies just then.
   */
  attemptOf(peer: string, { lease_id: leaseId }: { lease_id: string }): Attempt | undefined {
    const attempt = this.#leases.get(leaseId)
    return attempt?.record.workerId === peer ? attempt : undefined
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
    const nowMs = this.#components.nowMs()
    this.#queue.drain((entry, lane) => this.#offer({ entry, lane }, candidates), nowMs)
  }

  #offer(
    { entry, lane }: { entry: ReadyEntry; lane: string },
    candidates: readonly Candidate[]
  ): Offered {
    const job = this.#waitingJob(entry, lane)
    if (job === undefined) return 'gone'
    // Nearly always it is this that ends a round: all are full, and nothing else need be asked.
    if (this.#writer.isBehind || !candidates.some(hasRoom)) return 'enough'
    const { nowMs, random } = this.#components
    const { itemIndex } = entry
    const selection = selectWorker(job.requestFor(itemIndex), candidates, random.next(), nowMs())
    const chosen = candidates.find(({ peerId }) => peerId === selection.chosenPeerId)
    if (chosen === undefined) return 'blocked'
    // The record is of what was seen, so it is made before the figures change.
    const decision = selection.explain()
    chosen.ownTasks += 1
    chosen.ownGpus += job.plan.resources.gpuCount
    this.#begin(job, itemIndex, chosen.peerId, decision)
    return 'taken'
  }

  /** @param lane where the entry stands; its item may stand in another by now */
  #waitingJob({ itemIndex, jobId }: ReadyEntry, lane: string): ActiveJob | undefined {
    const job = this.#jobs.get(jobId)
    return job?.item(itemIndex)?.lane === lane ? job : undefined
  }

  #begin(job: ActiveJob, index: number, workerId: string, decision: DecisionRecord): void {
    const { nowMs, random } = this.#components
    const number = (job.item(index)?.record.attemptCount ?? 0) + 1
    const applied = job.apply(index, { kind: 'dispatched', attempt: number, workerId }, nowMs())
    if (applied === undefined) return
    const { item } = applied
    const record = newAttempt(item, { leaseId: newLeaseId(random), workerId, nowMs: nowMs() })
    const key = { jobId: item.jobId, itemIndex: index, attempt: number }
    const changes: StoreChange[] = [
      { kind: 'attempt', attempt: record },
      { kind: 'decision', ...key, decision: toDecisionText(decision, key) },
      { kind: 'item', item }
    ]
    // It is sent only once a restart would know of it: measured, that costs some 5 % of the pace, and without
    // it a router killed in that moment would run elsewhere what is done already.
    const recorded = this.#writer.writeSurely(job, () => changes)
    const attempt = new Attempt(this.#attemptComponents, { job, item, record })
    this.#follow(attempt, attempt.run(recorded))
    this.#components.onAttempt(record, item, true)
  }

  #resume(job: ActiveJob, item: ItemRecord, record: AttemptRecord): void {
    const attempt = new Attempt(this.#attemptComponents, { job, item, record })
    this.#follow(attempt, attempt.resume())
    if (item.ending !== null) {
      attempt.end(MeshError.fromData(item.ending.error), item.ending.killAfterMs)
    }
  }

  #follow(attempt: Attempt, ended: Promise<AttemptEnd | undefined>): void {
    const { item, job } = attempt
    job.began(item.index, attempt)
    this.#deadlines.watch(job)
    const followed = this.#conclude(attempt, ended)
    this.#open.set(attempt, followed)
    this.#leases.set(attempt.record.leaseId, attempt)
    void followed.finally(() => this.#open.delete(attempt))
    this.#components.onChanged(job)
  }

  async #conclude(attempt: Attempt, ended: Promise<AttemptEnd | undefined>): Promise<void> {
    const end = await ended
    if (end === undefined) return
    const { job } = attempt
    const { attemptCount, index } = attempt.item
    // The next task goes out while the store is still busy with this one.
    this.pump()
    const { link, onAttempt, random } = this.#components
    const item = job.item(index)
    // Superseded: only the attempt's own record still changes.
    if (item?.attempt !== attempt || item.record.attemptCount !== attemptCount) {
      await this.#writer.writeSurely(job, () => [{ kind: 'attempt', attempt: end.record }])
      this.#leases.delete(end.record.leaseId)
      return
    }
    const { retry } = job.plan
    const context = { retry, refusalCount: item.refusalCount, draw: random.next() }
    const consequence = consequenceOf(end.verdict, item.record, context)
    const { delayMs, event, isWorkerAvoided, isWorkerLeftOut } = consequence
    if (isWorkerAvoided) job.addTried(index, end.record.workerId)
    if (event.kind === 'returned') {
      job.addRefusal(index, event.error.message)
      if (isWorkerLeftOut) this.#leaveOut(attempt, event.error.message)
    }
    job.dropAttempt(index)
    onAttempt(end.record, item.record, true)
    const isStored = await this.#steps.advance(job, index, event, { end, delayMs })
    if (!isStored) return
    const { leaseId, state, workerId } = end.record
    this.#leases.delete(leaseId)
    if (state !== 'refused') link.release(workerId, leaseId)
  }

  #leaveOut({ item: { index }, job, record: { workerId } }: Attempt, words: string): void {
    const leftOut = { job, index, workerId }
    const cancel = (): void => this.#leftOut.delete(leftOut)
    const forMs = job.leaveOut(index, { workerId, words: words.slice(0, 200), cancel })
    this.#leftOut.set(leftOut, this.#components.nowMs() + forMs)
  }

  #onStep(attempt: Attempt, isNewState: boolean): void {
    const { record } = attempt
    if (isNewState) void this.#writer.write(attempt.job, this.#steps.rowsOf(attempt))
    this.#components.onAttempt(record, attempt.item, isNewState)
  }

  /** Items have changed, and so many of them ended without having been sent. */
  #onStepped(job: ActiveJob, endedCount: number): void {
    if (this.#isStopped) return
    this.#deadlines.watch(job)
    this.#cleanQueue(endedCount)
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
    const lane = job.enqueued(index)
    // It may have been held while it waited for its time.
    if (lane === undefined) return
    this.#queue.push(lane, {
      jobId: job.record.id,
      itemIndex: index,
      priority: job.plan.priority,
      share: job.record.share,
      order: job.order,
      waitingSinceMs: job.waitingSinceMs
    })
    this.pump()
  }

  /** Items that ended without being sent leave their entries behind; those go once they are many. */
  #cleanQueue(endedCount: number): void {
    this.#staleCount += endedCount
    if (this.#staleCount <= Math.max(STALE_ENTRIES_MAX, this.#queue.size / 2)) return
    this.#staleCount = 0
    this.#queue.prune((entry, lane) => this.#waitingJob(entry, lane) !== undefined)
  }
}

/** The least that a task can want. */
const NO_NEED = { memoryMb: 0, gpuCount: 0 }

function hasRoom(candidate: Candidate): boolean {
  const room = roomOf(candidate, NO_NEED)
  return candidate.availability === 'open' && (room === 'run' || room === 'queue')
}
