/** Questions for load to workers of whom a router has not heard for a while: the only news of who is quiet. */
import type { RouterInit } from './router.ts'
import type { WorkerView } from './worker-view.ts'

/** So many for each job, to the one of three whose figures are oldest. */
const PER_JOB = 0.2
const ONE_OF = 3
const FRESH_MS = 50
/** Of a few at a time, drawn by capacity. */
const AT_ONCE = 3
const DRAWS = 12

/** `unheard`: figures are old, and nothing is there that would bring new ones. `old`: they are older still. */
export type Staleness = 'unheard' | 'old'
const UNHEARD_MS = 100
const OLD_MS = 250

export class Probes {
  readonly #init: RouterInit
  readonly #views: readonly WorkerView[]
  /** Capacities up to and with each worker. */
  readonly #sums: Float64Array
  #owed = 0

  constructor(init: RouterInit, views: readonly WorkerView[]) {
    this.#init = init
    this.#views = views
    this.#sums = new Float64Array(views.length)
    let sum = 0
    for (const [index, { cpuSpeed, slots }] of views.entries()) {
      sum += cpuSpeed * slots
      this.#sums[index] = sum
    }
  }

  onJob(): void {
    this.#owed += PER_JOB
    if (this.#owed < 1) return
    this.#owed -= 1
    let oldest = this.#draw()
    for (let drawn = 1; drawn < ONE_OF; drawn += 1) {
      const other = this.#draw()
      if (this.#view(other).reportedMs < this.#view(oldest).reportedMs) oldest = other
    }
    if (this.#ageOf(oldest) > FRESH_MS) this.ask(oldest)
  }

  refresh(staleness: Staleness): void {
    let asked = 0
    for (let drawn = 0; drawn < DRAWS && asked < AT_ONCE; drawn += 1) {
      const worker = this.#draw()
      const view = this.#view(worker)
      if (view.isSuspected) continue
      const ageMs = this.#ageOf(worker)
      const isStale =
        staleness === 'old' ? ageMs > OLD_MS : view.inFlight === 0 && ageMs > UNHEARD_MS
      if (!isStale) continue
      this.ask(worker)
      asked += 1
    }
  }

  ask(worker: number): void {
    this.#init.tally.probes += 1
    this.#init.wire.ask(this.#init.index, worker)
  }

  #ageOf(worker: number): number {
    return this.#init.events.nowMs - this.#view(worker).reportedMs
  }

  #draw(): number {
    const sums = this.#sums
    const draw = this.#init.random.next() * (sums.at(-1) ?? 0)
    let [low, high] = [0, sums.length - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sums[middle] as number) < draw) low = middle + 1
      else high = middle
    }
    return low
  }

  #view(worker: number): WorkerView {
    return this.#views[worker] as WorkerView
  }
}
