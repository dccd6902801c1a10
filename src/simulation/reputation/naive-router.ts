/**
 * A router that believes in the rate of success, for comparison: the best rate first, a newcomer at 100 %, and
 * a share of the results checked by computing them itself. Cheats never fail, so they stand first.
 */
import { ATTEMPTS_MAX, Draw, SAMPLE, execute } from './world.ts'
import { RIGHT } from './fleet.ts'
import type { Execution, SimWorker } from './fleet.ts'
import type { JobEnd, SimRouter, World } from './world.ts'

export interface SuccessCounts {
  successes: number
  count: number
}

/** What the rates of all routers are taken from where they are pooled. */
export type SuccessPool = (worker: SimWorker) => SuccessCounts

/** A whitewasher leaves below this rate, once there were so many tasks. */
const LEAVING_RATE = 0.6
const LEAVING_TASKS = 3
/** Speed decides between equal rates. */
const SPEED_WEIGHT = 1e-6

export class NaiveRouter implements SimRouter {
  readonly #world: World
  readonly #draw: Draw
  readonly #checkShare: number
  readonly #pool: SuccessPool | undefined
  readonly #counts = new Map<string, SuccessCounts>()

  constructor(world: World, checkShare: number, pool?: SuccessPool) {
    this.#world = world
    this.#draw = new Draw(world)
    this.#checkShare = checkShare
    this.#pool = pool
  }

  run(nowMs: number): JobEnd | undefined {
    let delayMs = 0
    let worker = this.#choose(nowMs)
    if (worker === undefined) return undefined
    for (let attempt = 0; attempt < ATTEMPTS_MAX && worker !== undefined; attempt += 1) {
      const execution = execute(this.#world, worker, nowMs, true)
      delayMs += execution.durationMs
      this.#note(worker, execution)
      if (execution.isDone) {
        return { answer: this.#checked(worker, execution, nowMs), isUndecided: false, delayMs }
      }
      this.#world.onSuspicion(worker, nowMs)
      worker = this.#choose(nowMs, worker)
    }
    return { answer: undefined, isUndecided: false, delayMs }
  }

  hasFoundOut(worker: SimWorker): boolean {
    const { count, successes } = this.countsOf(worker)
    return count >= LEAVING_TASKS && successes / count < LEAVING_RATE
  }

  countsOf({ peerId }: SimWorker): SuccessCounts {
    return this.#counts.get(peerId) ?? { successes: 0, count: 0 }
  }

  #choose(nowMs: number, except?: SimWorker): SimWorker | undefined {
    this.#draw.open(nowMs)
    let best: SimWorker | undefined
    let bestValue = -Infinity
    for (let seen = 0; seen < SAMPLE;) {
      const worker = this.#draw.next()
      if (worker === undefined) break
      if (worker === except) continue
      seen += 1
      const value = this.#rateOf(worker) - SPEED_WEIGHT * worker.claimedMs
      if (value > bestValue) {
        best = worker
        bestValue = value
      }
    }
    return best
  }

  #rateOf(worker: SimWorker): number {
    const { count, successes } = this.#pool?.(worker) ?? this.countsOf(worker)
    return count === 0 ? 1 : successes / count
  }

  #note(worker: SimWorker, { isDone }: Execution): void {
    const { count, successes } = this.countsOf(worker)
    this.#counts.set(worker.peerId, { successes: successes + (isDone ? 1 : 0), count: count + 1 })
  }

  #checked(worker: SimWorker, { answer }: Execution, nowMs: number): string {
    if (this.#world.random.next() >= this.#checkShare || answer === RIGHT) return answer
    const counts = this.countsOf(worker)
    this.#counts.set(worker.peerId, { ...counts, successes: Math.max(0, counts.successes - 1) })
    this.#world.onSuspicion(worker, nowMs)
    return RIGHT
  }
}
