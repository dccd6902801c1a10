/** A simulated machine: its slots, its line, its memory, what it says of itself, and what goes wrong with it. */
import { QUEUED_MS_MAX } from '../../selection/room.ts'
import { stragglerFactor } from './churn.ts'
import { LoadFigures } from '../../selection/load-figures.ts'
import { WorkerLine } from './worker-line.ts'
import type { Attempt } from './attempt.ts'
import type { EventQueue } from './event-queue.ts'
import type { Mortal } from './churn.ts'
import type { Random } from '../../core/random.ts'
import type { Wire } from './wire.ts'
import type { WorkerSpec } from './fleet.ts'

/** What goes with every answer. */
export interface LoadReport {
  atMs: number
  running: number
  queued: number
  /** Number of the last task that came from the router which it goes to. */
  seen: number
  waitMs: number
  /** Per slot. */
  queuedMs: number
  workRate: number
  slowdown: number
  memoryAvailableMb: number
}

/** What anybody can look up, a second old. */
export interface Advert {
  occupied: number
  memoryTakenMb: number
}

export interface SimWorkerInit {
  index: number
  spec: WorkerSpec
  events: EventQueue
  wire: Wire
  random: Random
  routerCount: number
  seed: number
  hasChurn: boolean
  /** Refuses what would have to wait too long, as workers of the mesh do; others take all that comes. */
  isRefusing: boolean
  /** Called after any change that a scheduler who sees everything would see. */
  onChanged: (worker: SimWorker) => void
}

const ADVERT_MS = 1_000
const ADVERT_LAG_MS = 200
/** Measures of speed are so far off. */
const MEASURE_NOISE = 0.05

export class SimWorker implements Mortal {
  readonly index: number
  readonly spec: WorkerSpec
  readonly running: Attempt[] = []
  readonly line = new WorkerLine()
  isUp = true
  /** How many times slower than it should be. */
  slowFactor = 1
  memoryTakenMb = 0
  /** When others notice, or noticed, that it is down. */
  detectedMs = 0
  advert: Advert = { occupied: 0, memoryTakenMb: 0 }
  readonly #init: SimWorkerInit
  /** By router. */
  readonly #seen: number[]
  /** Routers that were refused, to be told once there is room. */
  readonly #refused: number[] = []
  #load: LoadFigures
  #slowdown = 1

  constructor(init: SimWorkerInit) {
    this.#init = init
    this.index = init.index
    this.spec = init.spec
    this.#load = new LoadFigures(init.spec.slots)
    this.#seen = Array.from<number>({ length: init.routerCount }).fill(0)
  }

  /** Begins to look at itself once a second; not all machines at once. */
  start(firstMs: number): void {
    const { events, random } = this.#init
    events.at(firstMs, () => {
      this.#slowdown = this.slowFactor * (1 + MEASURE_NOISE * (2 * random.next() - 1))
      const occupied = this.running.length + this.line.count
      const advert = { occupied, memoryTakenMb: this.memoryTakenMb }
      events.after(ADVERT_LAG_MS, () => {
        this.advert = advert
      })
      this.start(events.nowMs + ADVERT_MS)
    })
  }

  arrive(attempt: Attempt): void {
    const { events, isRefusing, wire } = this.#init
    if (!this.isUp) return wire.lose(attempt, Math.max(events.nowMs, this.detectedMs))
    this.#seen[attempt.router] = Math.max(this.#seen[attempt.router] as number, attempt.number)
    if (attempt.isStopped) return
    if (isRefusing && !this.#hasRoom()) {
      if (!this.#refused.includes(attempt.router)) this.#refused.push(attempt.router)
      return wire.refuse(attempt, this.report(attempt.router))
    }
    attempt.state = 'waiting'
    attempt.waitsSinceMs = events.nowMs
    this.#load.arrived(this.#expectedMs(attempt), events.nowMs)
    this.line.add(attempt)
    this.#startNext()
  }

  /** Its result is not wanted any more. */
  stop(attempt: Attempt): void {
    if (!this.isUp) return
    if (attempt.state === 'waiting') {
      this.line.remove(attempt)
      this.#load.leftQueue(this.#expectedMs(attempt))
    } else if (attempt.state === 'running') {
      this.#free(attempt)
      this.#startNext()
    } else return
    attempt.state = 'ended'
  }

  report(router: number): LoadReport {
    const { nowMs } = this.#init.events
    return {
      atMs: nowMs,
      running: this.running.length,
      queued: this.line.count,
      seen: this.#seen[router] as number,
      waitMs: this.#load.waitMs,
      queuedMs: this.#load.queuedMs,
      workRate: this.#load.workRateAt(nowMs),
      slowdown: this.#slowdown,
      memoryAvailableMb: this.spec.memoryMb - this.memoryTakenMb
    }
  }

  crash(detectedAtMs: number): void {
    const { onChanged, wire } = this.#init
    this.isUp = false
    this.detectedMs = detectedAtMs
    for (const attempt of [...this.running.splice(0), ...this.line.clear()]) {
      attempt.state = 'ended'
      attempt.plan += 1
      wire.lose(attempt, detectedAtMs)
    }
    this.#load = new LoadFigures(this.spec.slots)
    this.memoryTakenMb = 0
    this.#refused.length = 0
    onChanged(this)
    wire.announceDown(this.index, detectedAtMs)
  }

  recover(): void {
    this.isUp = true
    this.#seen.fill(0)
    this.#init.onChanged(this)
    this.#init.wire.announceUp(this.index)
  }

  setSlow(factor: number): void {
    const { nowMs } = this.#init.events
    for (const attempt of this.running) {
      attempt.leftMs = this.leftMs(attempt) / this.slowFactor
      attempt.countedMs = nowMs
    }
    this.slowFactor = factor
    for (const attempt of this.running) this.#planEnd(attempt)
    this.#init.onChanged(this)
  }

  /** How much longer a running task takes, if nothing changes. */
  leftMs({ countedMs, leftMs }: Attempt): number {
    return Math.max(0, leftMs * this.slowFactor - (this.#init.events.nowMs - countedMs))
  }

  #hasRoom(): boolean {
    return this.running.length < this.spec.slots || this.#load.queuedMs <= QUEUED_MS_MAX
  }

  /** As the worker reckons with it. */
  #expectedMs({ expected }: Attempt): number {
    return this.#load.expected(expected.runMs, Infinity)
  }

  #startNext(): void {
    const { memoryMb, slots } = this.spec
    const { nowMs } = this.#init.events
    while (this.running.length < slots && this.line.count > 0) {
      const attempt = this.line.takeFirst(memoryMb - this.memoryTakenMb, nowMs)
      if (attempt === undefined) return
      this.#begin(attempt)
    }
  }

  #begin(attempt: Attempt): void {
    const { events, hasChurn, seed } = this.#init
    const { job } = attempt
    const factor = hasChurn ? stragglerFactor(job.id, attempt.index, seed) : 1
    attempt.state = 'running'
    attempt.startedMs = events.nowMs
    attempt.countedMs = events.nowMs
    attempt.leftMs = (job.workMs * factor) / this.spec.speed
    this.running.push(attempt)
    this.#load.leftQueue(this.#expectedMs(attempt))
    this.#load.began(this.#expectedMs(attempt))
    this.memoryTakenMb += job.memoryMb
    this.#planEnd(attempt)
  }

  #planEnd(attempt: Attempt): void {
    attempt.plan += 1
    const { plan } = attempt
    this.#init.events.after(attempt.leftMs * this.slowFactor, () => {
      if (attempt.plan === plan) this.#end(attempt)
    })
  }

  #end(attempt: Attempt): void {
    const { events, hasChurn, onChanged, wire } = this.#init
    this.#free(attempt)
    attempt.state = 'ended'
    this.#startNext()
    this.#tellOfRoom(attempt.router)
    // Without churn all went as foreseen.
    if (hasChurn) onChanged(this)
    const ranMs = events.nowMs - attempt.startedMs
    wire.answer(attempt, { ranMs, report: this.report(attempt.router) })
  }

  /** One at a time, so that not all who were refused come at once. */
  #tellOfRoom(answered: number): void {
    if (this.#refused.length === 0 || !this.#hasRoom()) return
    const router = this.#refused.shift() as number
    if (router !== answered) this.#init.wire.tell(router, this.index, this.report(router))
  }

  #free(attempt: Attempt): void {
    const { running } = this
    const at = running.indexOf(attempt)
    running[at] = running.at(-1) as Attempt
    running.pop()
    this.#load.ended(this.#expectedMs(attempt))
    attempt.plan += 1
    this.memoryTakenMb = running.length === 0 ? 0 : this.memoryTakenMb - attempt.job.memoryMb
  }
}
