/**
 * Sees accepted jobs through: takes waiting items in their order, has a worker selected for each, and has
 * the attempt made. It holds items back while nobody has room, so that they go to whoever has room first.
 */
import { AttemptDesk } from './attempt-desk.ts'
import { causeOf } from '../jobs/records.ts'
import { Deadlines } from './deadlines.ts'
import { ItemQueue } from './item-queue.ts'
import { mayBegin } from './active-item.ts'
import { JobSteps } from './job-steps.ts'
import { JobWriter } from './job-writer.ts'
import { ResultReviews, isChecked, isCopyLacking } from './result-reviews.ts'
import { hasRoom } from '../selection/room.ts'
import { selectWorker } from '../selection/select.ts'
import { TO_BACK_UP, TO_CHECK, TO_RUN } from './wish.ts'
import type { ActiveJob } from './active-job.ts'
import type { Attempt } from './attempt.ts'
import type { AttemptComponents } from './attempt-parts.ts'
import type { AttemptRecord, Cause, Ending, ItemRecord } from '../jobs/records.ts'
import type { Candidate, SelectionRequest } from '../selection/candidate.ts'
import type { FinishedItem } from './job-steps.ts'
import type { ItemPreparation } from './item-preparation.ts'
import type { JobStore } from '../jobs/store.ts'
import type { Offered } from '../jobs/ready-queue.ts'
import type { Random } from '../core/random.ts'
import type { ResultChecks } from './ports.ts'
import type { Selection } from '../selection/select.ts'
import type { Startable } from '../core/startable.ts'
import type { Tracer } from '../observe/tracing.ts'
import type { Turn } from './item-queue.ts'
import type { Wish } from './wish.ts'

export interface DispatcherComponents extends Omit<
  AttemptComponents,
  'onStep' | 'onAwaited' | 'onResumed'
> {
  random: Random
  store: JobStore
  preparation: ItemPreparation
  checks: ResultChecks
  /** How long the text of one of a job's tasks is, on average; undefined where that would have to be looked up. */
  taskBytes: (jobId: string) => number | undefined
  /** Called after each look for a worker for something that waits. */
  onDecided?: (selection: Selection) => void
  /** Called after every change of a job; a change that ends an item only once it is in the store. */
  onChanged: (job: ActiveJob, finished?: FinishedItem) => void
  /** Called when something that waited goes to a worker. */
  onWaited?: (waitedMs: number) => void
  tracer?: Tracer
  /** Called after every change of an attempt's state, and whenever its task says how far it is. */
  onAttempt: (attempt: AttemptRecord, item: ItemRecord, isNewState: boolean) => void
}

/** So that what comes back at once is waited for, and what doesn't costs little. */
const JUDGE_ANEW_MS = 1_000

export class Dispatcher implements Startable {
  readonly #components: DispatcherComponents
  readonly #writer: JobWriter
  readonly #deadlines: Deadlines
  readonly #queue: ItemQueue
  readonly #steps: JobSteps
  readonly #reviews: ResultReviews
  readonly #desk: AttemptDesk
  readonly #jobs = new Map<string, ActiveJob>()
  #isPumpPlanned = false
  #isStopped = false

  constructor(components: DispatcherComponents) {
    this.#components = components
    this.#writer = new JobWriter({ ...components, onCaughtUp: () => this.pump() })
    this.#deadlines = new Deadlines({
      ...components,
      outlook: (job) => this.outlook(job),
      onExpired: (job, error) => {
        const data = error.toData()
        void this.endJob(job, { state: 'failed', cause: causeOf(data), error: data })
      }
    })
    this.#queue = new ItemQueue({
      ...components,
      job: (jobId) => this.#jobs.get(jobId),
      onEntered: () => this.pump()
    })
    this.#steps = this.#createSteps(components)
    this.#reviews = new ResultReviews({
      ...components,
      steps: this.#steps,
      onWanted: (job, index, apart) => this.#queue.enter(job, index, { role: 'check', apart }),
      onAgain: (job, index, delayMs) => this.#reviewLater(job, index, delayMs)
    })
    this.#desk = new AttemptDesk({
      ...components,
      deadlines: this.#deadlines,
      queue: this.#queue,
      reviews: this.#reviews,
      steps: this.#steps,
      writer: this.#writer,
      onBegun: (job) => components.onChanged(job),
      onRoom: () => this.pump()
    })
  }

  #createSteps(components: DispatcherComponents): JobSteps {
    return new JobSteps({
      ...components,
      writer: this.#writer,
      onStepped: (job, endedCount) => {
        if (this.#isStopped) return
        this.#deadlines.watch(job)
        this.#queue.ended(endedCount)
      },
      onWaiting: (job, index, delayMs) => {
        this.#later(job, index, delayMs, () => this.#queue.enter(job, index, TO_RUN))
      },
      onReview: (job, index, delayMs) => this.#reviewLater(job, index, delayMs),
      onDropped: (attempts) => this.#desk.release(attempts),
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

  /** Since when the item waits that waits longest; undefined where none does. */
  waitingFromMs(): number | undefined {
    let fromMs = Infinity
    for (const job of this.#jobs.values()) fromMs = Math.min(fromMs, job.waitingFromMs)
    return fromMs === Infinity ? undefined : fromMs
  }

  /** Jobs that have not ended and have begun. */
  get jobCount(): number {
    return this.#jobs.size
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
    this.#queue.close()
    this.#reviews.stop()
    for (const job of this.#jobs.values()) {
      for (const { index } of job.items()) job.item(index)?.cancelDelay?.()
    }
    await this.#desk.letGo()
    this.#jobs.clear()
  }

  /** The job until its end is stored. */
  job(jobId: string): ActiveJob | undefined {
    return this.#jobs.get(jobId)
  }

  /** The attempts of an item that are open, as they are now, the oldest first. */
  liveAttempts(jobId: string, index: number): AttemptRecord[] {
    const attempts = this.#jobs.get(jobId)?.item(index)?.attempts ?? []
    return attempts.map(({ record }) => record)
  }

  /** All attempts that are open, the oldest first. */
  openAttempts(): Iterable<Attempt> {
    return this.#desk.open()
  }

  /**
   * Takes a job that is on disk.
   * @param open attempts that an earlier life of this router left open, by item
   */
  add(
    job: ActiveJob,
    open: ReadonlyMap<number, readonly AttemptRecord[]> = new Map<number, AttemptRecord[]>()
  ): void {
    if (this.#isStopped) return
    this.#jobs.set(job.record.id, job)
    this.#deadlines.begin(job)
    const waiting: number[] = []
    for (const item of job.items()) {
      for (const record of open.get(item.index) ?? []) this.#desk.resume(job, item, record)
      if (item.state === 'queued') waiting.push(item.index)
      this.#completeCopies(job, item.index)
    }
    const { preparation } = this.#components
    if (!preparation.isNeeded(job.plan)) {
      for (const index of waiting) this.#queue.enter(job, index, TO_RUN)
    } else {
      void preparation.prepare(job, waiting, (index, earlier) => {
        if (earlier === undefined) this.#queue.enter(job, index, TO_RUN)
        else if (!this.#isStopped) void this.#steps.reuse(job, index, earlier)
      })
    }
  }

  /**
   * Ends all that has not ended of a job. Resolves once that is stored and the workers of its running
   * tasks have said that they are gone, or were given up.
   */
  async endJob(job: ActiveJob, ending: Ending): Promise<void> {
    const running = job.items().flatMap(({ index }) => job.item(index)?.attempts ?? [])
    await this.#steps.applyToAll(job, { kind: 'ended', ending })
    await this.#desk.ended(running)
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
    // Copies that it lacked meanwhile.
    for (const { index } of job.items()) this.#completeCopies(job, index)
  }

  /**
   * The attempt that holds a lease, if its worker is the one who says so. It is wanted until its end is
   * stored: a worker that forgot it earlier would leave nothing to a router that dies just then.
   */
  attemptOf(peer: string, { lease_id: leaseId }: { lease_id: string }): Attempt | undefined {
    const attempt = this.#desk.byLease(leaseId)
    return attempt?.record.workerId === peer ? attempt : undefined
  }

  /** What selection would do now with an item, or with its next copy; without `index`, with the job's next waiting one. */
  outlook(job: ActiveJob, index = job.firstWaiting()?.index): Selection | undefined {
    const item = index === undefined ? undefined : job.item(index)
    if (item === undefined) return undefined
    const wish = item.record.state === 'queued' ? TO_RUN : item.places[0]?.wish
    if (wish === undefined) return undefined
    return this.#select(job, item.record.index, wish, { draw: 0 })
  }

  /**
   * Sends a backup copy of an item to one of these workers, unless something else waits for a worker.
   * @returns whether it was sent
   */
  backUp(job: ActiveJob, index: number, candidates: readonly Candidate[]): boolean {
    const isBusy = this.#queue.size > 0 || this.#writer.isBehind || job.record.isOnHold
    const item = job.item(index)?.record
    if (this.#isStopped || isBusy || item === undefined || !mayBegin(item, false)) return false
    const draw = this.#components.random.next()
    const selection = this.#select(job, index, TO_BACK_UP, { draw, candidates })
    const { chosenPeerId: workerId } = selection
    if (workerId === undefined) return false
    this.#desk.begin(job, index, { workerId, role: 'backup', selection })
    return true
  }

  /** Looks soon whether anything that waits can go. Cheap to call; many calls in a tick are one look. */
  pump(): void {
    if (this.#isPumpPlanned || this.#isStopped) return
    this.#isPumpPlanned = true
    queueMicrotask(() => {
      this.#isPumpPlanned = false
      if (this.#isStopped || this.#queue.size === 0) return
      const candidates = this.#components.source.candidates()
      // A copy more may be wanted only once this one has begun: it must not be pushed meanwhile.
      const begun: Turn[] = []
      this.#queue.drain((turn) => this.#offer(turn, candidates, begun))
      for (const { index, job } of begun) this.#completeCopies(job, index)
    })
  }

  #offer(turn: Turn, candidates: readonly Candidate[], begun: Turn[]): Offered {
    const { index, job, place } = turn
    // Nearly always it is this that ends a round: all are full, and nothing else need be asked.
    if (this.#writer.isBehind || !candidates.some(hasRoom)) return 'enough'
    const { role } = place.wish
    const item = job.item(index)
    // Its result might have to wait where there is no more room for results that wait.
    const isAdding = role === 'primary' && item !== undefined && isChecked(job.plan, item.record)
    if (isAdding && this.#reviews.isFull) return 'blocked'
    const draw = this.#components.random.next()
    const selection = this.#select(job, index, place.wish, { draw, candidates })
    this.#components.onDecided?.(selection)
    const { chosenPeerId: workerId } = selection
    if (workerId === undefined) {
      if (isOutOfReach(place.wish, selection)) this.#judgeAnew(turn)
      return 'blocked'
    }
    job.leave(index, place)
    this.#desk.begin(job, index, { workerId, role, selection, sinceMs: place.sinceMs })
    begun.push(turn)
    return 'taken'
  }

  #select(
    job: ActiveJob,
    index: number,
    wish: Wish,
    { candidates = this.#components.source.candidates(), draw }: Look
  ): Selection {
    const { nowMs, source, taskBytes } = this.#components
    const request = this.#requestFor(job, index, wish, candidates)
    const { taskType } = request
    return selectWorker(request, candidates, {
      draw,
      nowMs: nowMs(),
      workMs: source.workMs(taskType),
      sendBytes: taskBytes(job.record.id) ?? 0,
      returnBytes: source.answerBytes(taskType)
    })
  }

  /** Workers that vouch for one that has a copy may not check it. */
  #requestFor(
    job: ActiveJob,
    index: number,
    wish: Wish,
    candidates: readonly Candidate[]
  ): SelectionRequest {
    if (wish.role !== 'check') return job.requestFor(index, wish)
    const { checks } = this.#components
    const copies = job.item(index)?.record.copies ?? []
    const taken = copies.flatMap(({ workerId }) => checks.groupsOf(workerId))
    const groups = new Set([...wish.apart.groups, ...taken])
    if (groups.size === 0) return job.requestFor(index, wish)
    const near = candidates.filter(({ peerId }) =>
      checks.groupsOf(peerId).some((group) => groups.has(group))
    )
    return job.requestFor(
      index,
      wish,
      near.map(({ peerId }) => peerId)
    )
  }

  /** Has an item that is to run several times from the start do so: one copy after the other, each away from those before. */
  #completeCopies(job: ActiveJob, index: number): void {
    const item = job.item(index)
    if (item?.record.state !== 'running' || !isCopyLacking(job.plan, item)) return
    this.#queue.enter(job, index, TO_CHECK)
  }

  /** It is given up, for what it waits for may never come: with whoever is there now, others may have to do. */
  #judgeAnew({ index, job, place }: Turn): void {
    job.leave(index, place)
    this.#reviewLater(job, index, JUDGE_ANEW_MS)
  }

  #reviewLater(job: ActiveJob, index: number, delayMs: number): void {
    this.#later(job, index, delayMs, () => void this.#reviews.review(job, index))
  }

  #later(job: ActiveJob, index: number, delayMs: number, then: () => void): void {
    if (this.#isStopped) return
    if (delayMs === 0) return then()
    job.delayed(index, this.#components.clock.after(delayMs, then))
  }
}

/** Whether a copy is to be a trusted worker's, and none that may have it is there any more. */
function isOutOfReach({ apart, role }: Wish, { outlook }: Selection): boolean {
  return role === 'check' && apart.trust === 'trusted_only' && outlook === 'no_worker_fits'
}

interface Look {
  draw: number
  /** By default as they are now. */
  candidates?: readonly Candidate[]
}
