/**
 * A router as the mesh has them: the project's own selection, queue, memory of run times, reputation and
 * backup copies, on what a router hears in time. What the simulation adds is only the way there and back.
 */
import { beginAttempt } from './attempt.ts'
import { BackupCopies } from './backup-copies.ts'
import { hasRoom } from '../../selection/room.ts'
import { LateChecks } from './late-checks.ts'
import { noteSend } from './router.ts'
import { Probes } from './probes.ts'
import { ReadyQueue } from '../../jobs/ready-queue.ts'
import { Requests } from './requests.ts'
import { RouterRecord } from './router-record.ts'
import { selectWorker } from '../../selection/select.ts'
import { ServiceTimes } from '../../selection/service-times.ts'
import { WorkerView } from './worker-view.ts'
import type { Answer } from './wire.ts'
import type { Attempt, SimJob } from './attempt.ts'
import type { Expectation } from '../../selection/select.ts'
import type { LoadReport } from './worker.ts'
import type { Offered, ReadyEntry } from '../../jobs/ready-queue.ts'
import type { RouterInit, SimRouter } from './router.ts'

export interface MeshRouterInit extends RouterInit {
  /** Good outcomes that it remembers of each worker from before; 0: it has never heard of any. */
  goodCount: number
}

/** How often what is held looks for room, whatever was heard. */
const HELD_LOOK_MS = 20
const PRIORITY = 50

/** A job that waits for a worker. */
interface Waiting {
  job: SimJob
  /** A worker that lost it. */
  tried: string | undefined
}

/** Where a job goes, and what is expected of that. */
export interface Choice {
  worker: number
  expected: Expectation
}

export class MeshRouter implements SimRouter {
  readonly views: readonly WorkerView[]
  readonly times = new ServiceTimes()
  /** Attempts that may still bring a result. */
  readonly open = new Set<Attempt>()
  readonly #init: MeshRouterInit
  readonly #queue = new ReadyQueue()
  readonly #waiting = new Map<number, Waiting>()
  readonly #requests = new Requests()
  readonly #record: RouterRecord
  readonly #probes: Probes
  readonly #lateChecks: LateChecks
  readonly #backups: BackupCopies

  constructor(init: MeshRouterInit) {
    const { events, fleet, index, workers } = init
    this.#init = init
    this.views = workers.map((worker) => {
      const view = new WorkerView(worker.spec, fleet.routerCount, events)
      view.latencyMs = fleet.latencyMs[index * workers.length + worker.index] as number
      return view
    })
    this.#record = new RouterRecord(this.views, init.goodCount)
    this.#probes = new Probes(init, this.views)
    this.#lateChecks = new LateChecks(init, this.views, (attempt) => this.#giveUp(attempt))
    this.#backups = new BackupCopies(this, init, this.#probes)
    this.#lookAgain()
    this.#backups.start()
  }

  /** Jobs for which no worker has room. */
  get heldCount(): number {
    return this.#waiting.size
  }

  submit(job: SimJob): void {
    this.#probes.onJob()
    this.#hold(job)
    this.#drain()
  }

  done(attempt: Attempt, { ranMs, report }: Answer): void {
    const { events, onDone } = this.#init
    const { job } = attempt
    this.#left(attempt)
    this.#hear(attempt.worker, report)
    this.#learn(attempt, ranMs)
    this.#record.completed(attempt, events.nowMs)
    if (!job.isDone) {
      onDone(job)
      this.#backups.stopOthers(attempt)
    }
    this.#drain()
  }

  refused(attempt: Attempt, report: LoadReport): void {
    this.#init.tally.refusals += 1
    this.#left(attempt)
    this.#hear(attempt.worker, report)
    if (!attempt.job.isDone) this.#hold(attempt.job)
    this.#drain()
  }

  lost(attempt: Attempt): void {
    this.#init.tally.losses += 1
    this.#record.lost(attempt, this.#init.events.nowMs)
    this.#giveUp(attempt)
  }

  reported(worker: number, report: LoadReport): void {
    this.#hear(worker, report)
    this.#drain()
  }

  wentDown(worker: number): void {
    this.#view(worker).isSuspected = true
  }

  cameUp(worker: number): void {
    this.#view(worker).restarted()
    this.#drain()
  }

  /** Where a job would go now. @param tried a worker that lost it */
  choose(job: SimJob, among: readonly WorkerView[], tried?: string): Choice | undefined {
    const { request } = this.#requests.of(job, tried)
    const { events, random } = this.#init
    const workMs = this.times.workMs(job.taskType)
    const circumstances = { draw: random.next(), nowMs: events.nowMs, workMs }
    const { chosenPeerId, expected } = selectWorker(request, among, circumstances)
    if (chosenPeerId === undefined || expected === undefined) return undefined
    return { worker: this.#record.indexOf(chosenPeerId), expected }
  }

  /** Sends a job, or one more copy of it. */
  send(job: SimJob, { expected, worker }: Choice): Attempt {
    const { events, index: router, tally, wire } = this.#init
    const view = this.#view(worker)
    const work = { expectedMs: expected.runMs, gpuCount: 0 }
    const number = view.sends.send(work, events.nowMs)
    const attempt = beginAttempt({ job, router, worker, sentMs: events.nowMs, number, expected })
    view.inFlight += 1
    this.open.add(attempt)
    noteSend(tally, attempt)
    wire.dispatch(attempt)
    return attempt
  }

  /** It is awaited no more, and its worker is told. */
  stop(attempt: Attempt): void {
    this.#left(attempt)
    this.#init.wire.stop(attempt)
  }

  #hold(job: SimJob, tried?: string): void {
    this.#waiting.set(job.id, { job, tried })
    this.#queue.push(this.#requests.of(job, tried).lane, {
      jobId: '',
      itemIndex: 0,
      place: 0,
      priority: PRIORITY,
      order: job.id,
      share: '',
      waitingSinceMs: job.arrivedMs,
      workMs: this.times.workMs(job.taskType)
    })
  }

  #drain(): void {
    if (this.#queue.size === 0) return
    this.#queue.drain((entry) => this.#offer(entry), this.#init.events.nowMs)
  }

  #offer({ order }: ReadyEntry): Offered {
    const waiting = this.#waiting.get(order)
    if (waiting === undefined) return 'gone'
    if (!this.views.some(hasRoom)) return 'enough'
    const choice = this.choose(waiting.job, this.views, waiting.tried)
    if (choice === undefined) return 'blocked'
    if (!this.#record.isProven(choice.worker)) this.#init.tally.explorations += 1
    this.#waiting.delete(order)
    this.#lateChecks.watch(this.send(waiting.job, choice))
    return 'taken'
  }

  #learn({ job, worker }: Attempt, ranMs: number): void {
    const view = this.#view(worker)
    const { cpuSpeed, peerId, slowdown } = view
    this.times.record({ taskType: job.taskType, workerId: peerId, ranMs, cpuSpeed, slowdown })
    view.slowness = this.times.slownessOf(peerId)
    view.updateSpeed()
  }

  #hear(worker: number, report: LoadReport): void {
    const view = this.#view(worker)
    if (!view.report(report)) return
    if (this.#init.workers[worker]?.isUp === true) view.isSuspected = false
  }

  /** Nothing more is expected of an attempt; unless another one goes on, its job begins anew. */
  #giveUp(attempt: Attempt): void {
    if (!this.open.has(attempt)) return
    this.#left(attempt)
    const { job } = attempt
    if (job.isDone || this.#backups.hasOther(attempt)) return
    this.#hold(job, this.#view(attempt.worker).peerId)
    this.#drain()
  }

  #left(attempt: Attempt): void {
    if (!this.open.delete(attempt)) return
    const view = this.#view(attempt.worker)
    view.inFlight -= 1
    view.sends.dropped(attempt.number)
  }

  /** Looks again at what is held, asking a few whose figures are old. */
  #lookAgain(): void {
    this.#init.events.after(HELD_LOOK_MS, () => {
      if (this.#waiting.size > 0) {
        this.#probes.refresh('unheard')
        this.#drain()
      }
      this.#lookAgain()
    })
  }

  #view(worker: number): WorkerView {
    return this.views[worker] as WorkerView
  }
}
