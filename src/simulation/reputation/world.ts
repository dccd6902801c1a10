/** What all routers of a reputation simulation share: the fleet, the count, chance, and each other's eyes. */
import type { Execution, Fleet, SimWorker } from './fleet.ts'
import type { Random } from '../../core/random.ts'
import type { Scenario } from './scenario.ts'
import type { Tally } from './tally.ts'

export interface World {
  scenario: Scenario
  fleet: Fleet
  tally: Tally
  /** Of choosing. */
  random: Random
  /** Somebody thinks ill of that worker: where it knows how to tell, it may leave. */
  onSuspicion: (worker: SimWorker, nowMs: number) => void
}

/** What one job came to. */
export interface JobEnd {
  /** What was believed; undefined: nothing. */
  answer: string | undefined
  /** There were answers, and none was believed. */
  isUndecided: boolean
  /** Until its first answer. */
  delayMs: number
}

/** A router, as the simulation sees it. */
export interface SimRouter {
  /** Sees one job through; undefined where nobody is free. */
  run(nowMs: number): JobEnd | undefined
  /** Whether it gives that worker no more work, or as good as none. */
  hasFoundOut(worker: SimWorker, nowMs: number): boolean
}

/** Attempts of a job whose workers fail. */
export const ATTEMPTS_MAX = 4
/** Free workers that a choice looks at; the fleets are too idle for more to matter. */
export const SAMPLE = 8

/** Runs a task, and counts it. */
export function execute(
  { fleet, tally }: World,
  worker: SimWorker,
  nowMs: number,
  isPrimary: boolean
): Execution {
  const counts = tally.at(nowMs)
  const execution = fleet.execute(worker, nowMs)
  counts.sends += 1
  if (execution.isMisdeed) counts.misdeeds += 1
  if (isPrimary) {
    counts.primary += 1
    if (worker.isBad) counts.primaryToBad += 1
  }
  tally.mark(worker.index)
  return execution
}

/** Workers that have room, drawn one after the other in an order of chance. */
export class Draw {
  readonly #workers: readonly SimWorker[]
  readonly #random: Random
  readonly #free: SimWorker[] = []
  #drawn = 0

  constructor({ fleet, random }: World) {
    this.#workers = fleet.workers
    this.#random = random
  }

  /** Begins anew, with all that are free now or have no more than so much to do yet. */
  open(nowMs: number, backlogMs = 0): void {
    this.#free.length = 0
    this.#drawn = 0
    for (const worker of this.#workers) {
      if (worker.busyUntilMs <= nowMs + backlogMs) this.#free.push(worker)
    }
  }

  next(): SimWorker | undefined {
    const free = this.#free
    const drawn = this.#drawn
    if (drawn === free.length) return undefined
    const at = drawn + Math.floor(this.#random.next() * (free.length - drawn))
    const worker = free[at] as SimWorker
    free[at] = free[drawn] as SimWorker
    free[drawn] = worker
    this.#drawn += 1
    return worker
  }
}
