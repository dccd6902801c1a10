/** The way between routers and workers: everything takes half a round trip, give or take a twentieth. */
import type { Attempt } from './attempt.ts'
import type { EventQueue } from './event-queue.ts'
import type { Fleet } from './fleet.ts'
import type { LoadReport, SimWorker } from './worker.ts'
import type { Random } from '../../core/random.ts'
import type { SimRouter } from './router.ts'

export interface Answer {
  /** By the worker's clock. */
  ranMs: number
  report: LoadReport
}

const JITTER = 0.05
/** Until a machine that is back has said so. */
const RETURN_MS = 200

export class Wire {
  readonly #events: EventQueue
  readonly #fleet: Fleet
  readonly #random: Random
  #routers: readonly SimRouter[] = []
  #workers: readonly SimWorker[] = []

  constructor(events: EventQueue, fleet: Fleet, random: Random) {
    this.#events = events
    this.#fleet = fleet
    this.#random = random
  }

  connect(routers: readonly SimRouter[], workers: readonly SimWorker[]): void {
    this.#routers = routers
    this.#workers = workers
  }

  dispatch(attempt: Attempt): void {
    this.#events.after(this.#wayMs(attempt.router, attempt.worker), () =>
      this.#worker(attempt.worker).arrive(attempt)
    )
  }

  stop(attempt: Attempt): void {
    attempt.isStopped = true
    this.#events.after(this.#wayMs(attempt.router, attempt.worker), () =>
      this.#worker(attempt.worker).stop(attempt)
    )
  }

  /** Has a worker say how things are there. */
  ask(router: number, worker: number): void {
    this.#events.after(this.#wayMs(router, worker), () => {
      const asked = this.#worker(worker)
      if (asked.isUp) this.tell(router, worker, asked.report(router))
    })
  }

  tell(router: number, worker: number, report: LoadReport): void {
    this.#events.after(this.#wayMs(router, worker), () =>
      this.#router(router).reported(worker, report)
    )
  }

  answer(attempt: Attempt, answer: Answer): void {
    this.#events.after(this.#wayMs(attempt.router, attempt.worker), () =>
      this.#router(attempt.router).done(attempt, answer)
    )
  }

  refuse(attempt: Attempt, report: LoadReport): void {
    attempt.state = 'ended'
    this.#events.after(this.#wayMs(attempt.router, attempt.worker), () =>
      this.#router(attempt.router).refused(attempt, report)
    )
  }

  lose(attempt: Attempt, noticedMs: number): void {
    this.#events.at(noticedMs + this.#wayMs(attempt.router, attempt.worker), () =>
      this.#router(attempt.router).lost(attempt)
    )
  }

  announceDown(worker: number, noticedMs: number): void {
    for (const [index, router] of this.#routers.entries()) {
      this.#events.at(noticedMs + this.#wayMs(index, worker), () => router.wentDown(worker))
    }
  }

  announceUp(worker: number): void {
    for (const [index, router] of this.#routers.entries()) {
      this.#events.after(RETURN_MS + this.#wayMs(index, worker), () => router.cameUp(worker))
    }
  }

  #router(index: number): SimRouter {
    return this.#routers[index] as SimRouter
  }

  #worker(index: number): SimWorker {
    return this.#workers[index] as SimWorker
  }

  #wayMs(router: number, worker: number): number {
    const { latencyMs, workers } = this.#fleet
    const roundMs = latencyMs[router * workers.length + worker] as number
    return (roundMs / 2) * (1 + JITTER * (2 * this.#random.next() - 1))
  }
}
