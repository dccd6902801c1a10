/**
 * A mesh in virtual time, from one seed: jobs arrive at the routers, which send them to workers that are
 * some way off, slow down and crash; and it is counted how long each takes from its arrival to its result.
 */
import { arrivalRate } from './scenario.ts'
import { drawJob, memoryMbMax } from './job-mix.ts'
import { EventQueue } from './event-queue.ts'
import { exponential } from './chance.ts'
import { figuresOf } from './figures.ts'
import { letFail } from './churn.ts'
import { MeshRouter } from './mesh-router.ts'
import { newTally } from './router.ts'
import { Omniscience, OmniscientRouter } from './omniscient.ts'
import { PlainRouter } from './plain-router.ts'
import { pastGoodCount } from './past.ts'
import { seededRandom } from '../../core/random.ts'
import { SimWorker } from './worker.ts'
import { Wire } from './wire.ts'
import type { PolicyName, RoutingScenario } from './scenario.ts'
import type { SimJob } from './attempt.ts'
import type { Random } from '../../core/random.ts'
import type { RouterInit, SimRouter, Tally } from './router.ts'
import type { RoutingFigures } from './figures.ts'

export interface RoutingResult extends RoutingFigures {
  tally: Tally
}

export interface SimulateOptions {
  /** Called now and then with the share of jobs that are done, 0 to 1. */
  onProgress?: (share: number) => void
}

/** Streams of chance that have nothing to do with each other: all policies meet the same jobs and mishaps. */
const STREAMS = { arrivals: 1, wire: 2, policy: 3, churn: 4, workers: 5 } as const
const SEED_FACTOR = 101
/** Each machine has its own. */
const CHURN_STREAMS = 1_000
/** Measures of its own speed and adverts, once a second. */
const ADVERT_MS = 1_000
/** A policy under which jobs only pile up would go on for ever. */
const EVENTS_PER_JOB_MAX = 600
const PROGRESS_EVENTS = 65_536

export function simulateRouting(
  scenario: RoutingScenario,
  policy: PolicyName,
  { onProgress }: SimulateOptions = {}
): RoutingResult {
  const mesh = new SimMesh(scenario, policy)
  for (let count = 1; !mesh.isDone && count < EVENTS_PER_JOB_MAX * scenario.jobCount; count += 1) {
    if (!mesh.step()) break
    if (count % PROGRESS_EVENTS === 0) onProgress?.(mesh.doneShare)
  }
  return mesh.result()
}

/** All of a mesh, from its first moment on. */
class SimMesh {
  readonly #scenario: RoutingScenario
  readonly #policy: PolicyName
  readonly #events = new EventQueue()
  readonly #wire: Wire
  readonly #workers: readonly SimWorker[]
  readonly #tally = newTally()
  /** By job, from its arrival to its result. */
  readonly #tookMs: Float64Array
  #omniscience: Omniscience | undefined
  #doneCount = 0
  #lastDoneMs = 0

  constructor(scenario: RoutingScenario, policy: PolicyName) {
    const { fleet, hasChurn, jobCount } = scenario
    this.#scenario = scenario
    this.#policy = policy
    this.#tookMs = new Float64Array(jobCount)
    this.#wire = new Wire(this.#events, fleet, this.#chance(STREAMS.wire))
    this.#workers = this.#makeWorkers()
    const routers = this.#makeRouters()
    this.#wire.connect(routers, this.#workers)
    for (const worker of this.#workers) {
      worker.start((worker.index / this.#workers.length) * ADVERT_MS)
      const stream = STREAMS.churn + CHURN_STREAMS * (worker.index + 1)
      if (hasChurn) letFail(worker, this.#events, this.#chance(stream))
    }
    letArrive(scenario, this.#events, routers, this.#chance(STREAMS.arrivals))
  }

  get isDone(): boolean {
    return this.#doneCount === this.#scenario.jobCount
  }

  get doneShare(): number {
    return this.#doneCount / this.#scenario.jobCount
  }

  /** @returns false when nothing is left to happen */
  step(): boolean {
    return this.#events.step()
  }

  result(): RoutingResult {
    const isBatch = this.#scenario.load === 'batch'
    const run = { isBatch, doneCount: this.#doneCount, lastDoneMs: this.#lastDoneMs }
    return { ...figuresOf(this.#tookMs, run), tally: this.#tally }
  }

  #makeWorkers(): SimWorker[] {
    const { fleet, hasChurn, seed } = this.#scenario
    const random = this.#chance(STREAMS.workers)
    const common = {
      events: this.#events,
      wire: this.#wire,
      random,
      routerCount: fleet.routerCount,
      seed,
      hasChurn,
      isRefusing: this.#policy === 'mesh',
      onChanged: (worker: SimWorker): void => this.#omniscience?.changed(worker)
    }
    return fleet.workers.map((spec, index) => new SimWorker({ ...common, spec, index }))
  }

  #makeRouters(): SimRouter[] {
    const { fleet } = this.#scenario
    const random = this.#chance(STREAMS.policy)
    return Array.from({ length: fleet.routerCount }, (_, index) =>
      this.#makeRouter({
        index,
        fleet,
        random,
        events: this.#events,
        wire: this.#wire,
        workers: this.#workers,
        tally: this.#tally,
        onDone: (job) => this.#done(job)
      })
    )
  }

  #makeRouter(init: RouterInit): SimRouter {
    const policy = this.#policy
    if (policy === 'mesh') {
      return new MeshRouter({ ...init, goodCount: pastGoodCount(this.#scenario) })
    }
    if (policy !== 'omniscient') return new PlainRouter(policy, init)
    this.#omniscience ??= new Omniscience(init, isMemoryTight(this.#scenario))
    return new OmniscientRouter(init, this.#omniscience)
  }

  /** Only the first result of a job counts. */
  #done(job: SimJob): void {
    if (job.isDone) return
    job.isDone = true
    this.#tookMs[job.id] = this.#events.nowMs - job.arrivedMs
    this.#doneCount += 1
    this.#lastDoneMs = this.#events.nowMs
  }

  #chance(stream: number): Random {
    return seededRandom(this.#scenario.seed * SEED_FACTOR + stream)
  }
}

function isMemoryTight({ classes, fleet }: RoutingScenario): boolean {
  const perSlot = fleet.workers.map(({ memoryMb, slots }) => memoryMb / slots)
  return memoryMbMax(classes) > Math.min(...perSlot)
}

function letArrive(
  scenario: RoutingScenario,
  events: EventQueue,
  routers: readonly SimRouter[],
  random: Random
): void {
  const { classes, jobCount } = scenario
  const rate = arrivalRate(scenario)
  let id = 0
  const arrive = (): void => {
    const drawn = drawJob(classes, random)
    const router = Math.floor(random.next() * routers.length)
    const job = { ...drawn, id, router, arrivedMs: events.nowMs, isDone: false, attemptCount: 0 }
    id += 1
    if (id < jobCount) planNext()
    routers[router]?.submit(job)
  }
  const planNext = (): void => {
    events.after(rate === Infinity ? 0 : exponential(random, 1 / rate), arrive)
  }
  planNext()
}
