/**
 * Rivals: routers that choose at once and send at once, as published policies do. Each is one function of
 * what such a router knows; who is down, or lost the job before, is left out for all of them.
 */
import { UNEXPECTED, beginAttempt } from './attempt.ts'
import { noteSend } from './router.ts'
import { weightedScore } from '../../selection/scores.ts'
import { PRESETS } from '../../selection/weights.ts'
import { WorkerView } from './worker-view.ts'
import type { Answer } from './wire.ts'
import type { Attempt, SimJob } from './attempt.ts'
import type { PolicyName } from './scenario.ts'
import type { RouterInit, SimRouter } from './router.ts'

/** Nobody is there: it is tried again a while later. */
const RETRY_MS = 100
/** What C3 forgets of the past with each answer. */
const C3_ALPHA = 0.3
const C3_UNKNOWN_MS = 1e6

/** What a rival keeps of one worker. */
export interface RivalView {
  index: number
  isDown: boolean
  inFlight: number
  /** Moving averages over its answers, as C3 has them; 0: none yet. */
  responseMs: number
  queued: number
  ranMs: number
}

type Rival = Exclude<PolicyName, 'mesh' | 'omniscient'>

export class PlainRouter implements SimRouter {
  readonly #init: RouterInit
  readonly #policy: Rival
  readonly #views: RivalView[]
  #turn: number

  constructor(policy: Rival, init: RouterInit) {
    this.#init = init
    this.#policy = policy
    this.#turn = Math.floor(init.random.next() * init.workers.length)
    this.#views = init.workers.map(({ index }) => ({
      index,
      isDown: false,
      inFlight: 0,
      responseMs: 0,
      queued: 0,
      ranMs: 0
    }))
  }

  submit(job: SimJob): void {
    this.#route(job)
  }

  done(attempt: Attempt, { ranMs, report }: Answer): void {
    const view = this.#view(attempt)
    view.inFlight -= 1
    const responseMs = this.#init.events.nowMs - attempt.sentMs
    const weight = view.responseMs === 0 ? 1 : C3_ALPHA
    view.responseMs += weight * (responseMs - view.responseMs)
    view.queued += weight * (report.queued + report.running - view.queued)
    view.ranMs += weight * (ranMs - view.ranMs)
    this.#init.onDone(attempt.job)
  }

  refused(): void {}

  lost(attempt: Attempt): void {
    this.#init.tally.losses += 1
    this.#view(attempt).inFlight -= 1
    this.#route(attempt.job, attempt.worker)
  }

  reported(): void {}

  wentDown(worker: number): void {
    ;(this.#views[worker] as RivalView).isDown = true
  }

  cameUp(worker: number): void {
    ;(this.#views[worker] as RivalView).isDown = false
  }

  #route(job: SimJob, except?: number): void {
    const { events, index: router, tally, wire } = this.#init
    const worker = this.#choose(job, except) ?? this.#choose(job)
    if (worker === undefined) return events.after(RETRY_MS, () => this.#route(job))
    const sent = { job, router, worker, sentMs: events.nowMs, number: 0, expected: UNEXPECTED }
    const attempt = beginAttempt(sent)
    this.#view(attempt).inFlight += 1
    noteSend(tally, attempt)
    wire.dispatch(attempt)
  }

  #choose(job: SimJob, except?: number): number | undefined {
    const mayTake = (view: RivalView): boolean => {
      const { spec } = this.#init.workers[view.index] as RouterInit['workers'][number]
      return !view.isDown && view.index !== except && spec.memoryMb >= job.memoryMb
    }
    switch (this.#policy) {
      case 'round-robin':
        return this.#next(mayTake)
      case 'random':
        return this.#least(mayTake, () => 0)
      case 'least-loaded':
        return this.#least(mayTake, (view) => this.#fullness(view))
      case 'c3':
        return this.#least(mayTake, (view) => this.#c3Rank(view))
      case 'best-score':
        return this.#least(mayTake, (view) => -this.#score(view))
    }
  }

  #next(mayTake: (view: RivalView) => boolean): number | undefined {
    for (const _ of this.#views) {
      this.#turn = (this.#turn + 1) % this.#views.length
      if (mayTake(this.#views[this.#turn] as RivalView)) return this.#turn
    }
    return undefined
  }

  /** Of several with the same rank, one by chance. */
  #least(
    mayTake: (view: RivalView) => boolean,
    rankOf: (view: RivalView) => number
  ): number | undefined {
    let chosen: number | undefined
    let least = Infinity
    let count = 0
    for (const view of this.#views) {
      if (!mayTake(view)) continue
      const rank = rankOf(view)
      if (rank > least) continue
      count = rank < least ? 1 : count + 1
      least = rank
      if (this.#init.random.next() * count < 1) chosen = view.index
    }
    return chosen
  }

  #fullness({ inFlight, index }: RivalView): number {
    const { advertisedSpeed, slots } = this.#spec(index)
    return (inFlight + 1) / (slots * advertisedSpeed)
  }

  /** C3 (NSDI 2015), its queue estimate divided by slots: as published it takes every machine for one slot. */
  #c3Rank({ inFlight, index, queued, ranMs, responseMs }: RivalView): number {
    if (responseMs === 0) return inFlight * C3_UNKNOWN_MS
    const { fleet } = this.#init
    const waiting = 1 + (inFlight * fleet.routerCount + queued) / this.#spec(index).slots
    return responseMs - ranMs + waiting ** 3 * ranMs
  }

  /** The reference's: the best sum of advertised free capacity, nearness and reputation. */
  #score({ index }: RivalView): number {
    return weightedScore(this.#advertised(index), PRESETS.balanced)
  }

  #advertised(index: number): WorkerView {
    const { fleet, workers } = this.#init
    const { advert, spec } = workers[index] as RouterInit['workers'][number]
    const view = (this.#adverts[index] ??= new WorkerView(spec, fleet.routerCount))
    view.latencyMs = fleet.latencyMs[this.#init.index * workers.length + index] as number
    view.cpuUsage = Math.min(100, (100 * advert.occupied) / spec.slots)
    view.memoryAvailableMb = spec.memoryMb - advert.memoryTakenMb
    return view
  }

  readonly #adverts: WorkerView[] = []

  #spec(index: number): RouterInit['workers'][number]['spec'] {
    return (this.#init.workers[index] as RouterInit['workers'][number]).spec
  }

  #view({ worker }: Attempt): RivalView {
    return this.#views[worker] as RivalView
  }
}
