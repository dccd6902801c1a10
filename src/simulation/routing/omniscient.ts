/**
 * What the mesh is measured by: one scheduler for all routers that knows every job's true size and every
 * machine's true state at once, and sends each job to where it is done first. It is strong but greedy, and
 * changes no order, so that another policy may beat it now and then.
 */
import { UNEXPECTED, beginAttempt } from './attempt.ts'
import { noteSend } from './router.ts'
import { Outline } from './outline.ts'
import type { Answer } from './wire.ts'
import type { Attempt, SimJob } from './attempt.ts'
import type { RouterInit, SimRouter } from './router.ts'
import type { SimWorker } from './worker.ts'

const RETRY_MS = 100

/** What is to come at every machine. */
export class Omniscience {
  readonly #init: Pick<RouterInit, 'events' | 'fleet' | 'workers'>
  readonly #outlines: readonly Outline[]
  /** By worker: what is on its way. */
  readonly #coming: readonly Set<Attempt>[]

  constructor(init: Pick<RouterInit, 'events' | 'fleet' | 'workers'>, isMemoryTight: boolean) {
    this.#init = init
    this.#outlines = init.workers.map(({ spec }) => new Outline(spec, isMemoryTight))
    this.#coming = init.workers.map(() => new Set())
  }

  choose(router: number, job: SimJob): number | undefined {
    const { events, workers } = this.#init
    let chosen: number | undefined
    let firstMs = Infinity
    for (const worker of workers) {
      if (!worker.isUp || worker.spec.memoryMb < job.memoryMb) continue
      const wayMs = this.#roundMs(router, worker.index) / 2
      const runMs = (job.workMs / worker.spec.speed) * worker.slowFactor
      const outline = this.#outlines[worker.index] as Outline
      const arrivesMs = events.nowMs + wayMs
      if (Math.max(arrivesMs, outline.freeMs) + runMs + wayMs >= firstMs) continue
      const doneMs = outline.startMs(arrivesMs, job.memoryMb) + runMs + wayMs
      if (doneMs >= firstMs) continue
      firstMs = doneMs
      chosen = worker.index
    }
    return chosen
  }

  sent(attempt: Attempt): void {
    this.#coming[attempt.worker]?.add(attempt)
    this.#place(attempt)
  }

  /** All that is known of a machine is reckoned anew. */
  changed(worker: SimWorker): void {
    const outline = this.#outlines[worker.index] as Outline
    const coming = this.#coming[worker.index] as Set<Attempt>
    const { nowMs } = this.#init.events
    outline.clear(nowMs)
    for (const attempt of coming) if (attempt.state !== 'on-its-way') coming.delete(attempt)
    if (!worker.isUp) return
    for (const attempt of worker.running) {
      outline.place(nowMs, worker.leftMs(attempt), attempt.job.memoryMb)
    }
    for (const attempt of worker.line.all()) this.#place(attempt)
    for (const attempt of coming) this.#place(attempt)
  }

  #place({ job, router, sentMs, worker: index }: Attempt): void {
    const { events, workers } = this.#init
    const { slowFactor, spec } = workers[index] as SimWorker
    const arrivesMs = Math.max(events.nowMs, sentMs + this.#roundMs(router, index) / 2)
    const outline = this.#outlines[index] as Outline
    outline.place(arrivesMs, (job.workMs / spec.speed) * slowFactor, job.memoryMb)
  }

  #roundMs(router: number, worker: number): number {
    const { latencyMs, workers } = this.#init.fleet
    return latencyMs[router * workers.length + worker] as number
  }
}

export class OmniscientRouter implements SimRouter {
  readonly #init: RouterInit
  readonly #all: Omniscience

  constructor(init: RouterInit, all: Omniscience) {
    this.#init = init
    this.#all = all
  }

  submit(job: SimJob): void {
    const { events, index: router, tally, wire } = this.#init
    const worker = this.#all.choose(router, job)
    if (worker === undefined) return events.after(RETRY_MS, () => this.submit(job))
    const sent = { job, router, worker, sentMs: events.nowMs, number: 0, expected: UNEXPECTED }
    const attempt = beginAttempt(sent)
    noteSend(tally, attempt)
    this.#all.sent(attempt)
    wire.dispatch(attempt)
  }

  done({ job }: Attempt, _answer: Answer): void {
    this.#init.onDone(job)
  }

  refused(): void {}

  lost({ job }: Attempt): void {
    this.#init.tally.losses += 1
    this.submit(job)
  }

  reported(): void {}

  wentDown(): void {}

  cameUp(): void {}
}
