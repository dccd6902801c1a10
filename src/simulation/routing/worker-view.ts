/** A worker as one simulated router sees it: what it has advertised and reported, and what was sent there since. */
import { OwnSends } from '../../selection/own-sends.ts'
import type { Candidate } from '../../selection/candidate.ts'
import type { EventQueue } from './event-queue.ts'
import type { LoadReport } from './worker.ts'
import type { WorkerSpec } from './fleet.ts'

/** The only engine of simulated machines. */
export const ENGINE = 'builtin'
/** All tasks name the same function. */
const ANY = '*'
const NONE: readonly never[] = []
/** A task wants one core, and none is ever short of one. */
const CORES = 64
const REPUTATION = 0.9

export class WorkerView implements Candidate {
  readonly peerId: string
  readonly engines = [ENGINE]
  readonly functions = NONE
  readonly programs = [ANY]
  readonly images = NONE
  readonly networkEngines = NONE
  readonly labels = {}
  readonly facts = {}
  readonly cpuCores: number
  cpuUsage = 0
  readonly memoryTotalMb: number
  memoryAvailableMb: number
  readonly diskTotalMb: number
  readonly diskAvailableMb: number
  readonly gpuCount = 0
  readonly gpuMemoryMb = 0
  readonly gpuComputeUnits = 0
  readonly gpuUsage = 0
  readonly slots: number
  readonly queueSlots: number
  running = 0
  queued = 0
  readonly gpusTaken = 0
  waitMs = 0
  queuedMs = 0
  workRate = 0
  readonly routers: number
  readonly unseenGpus = 0
  readonly limits = undefined
  readonly allowed = undefined
  speed: number
  readonly cpuSpeed: number
  slowdown = 1
  slowness = 1
  isSuspected = false
  tier: Candidate['tier'] = 'trusted'
  readonly availability = 'open'
  readonly path = undefined
  latencyMs: number | undefined
  readonly bytesPerMsTo = undefined
  readonly bytesPerMsFrom = undefined
  reputation = REPUTATION
  prospect = 1
  evidenceCount = 0
  evidenceLeft = 0
  /** When the last report that came was made. */
  reportedMs = -Infinity
  /** Attempts there of which nothing is known but that they were sent. */
  inFlight = 0
  readonly sends = new OwnSends()
  readonly #events: EventQueue | undefined

  constructor(spec: WorkerSpec, routerCount: number, events?: EventQueue) {
    this.peerId = spec.peerId
    this.cpuCores = Math.min(CORES, spec.slots)
    this.memoryTotalMb = spec.memoryMb
    this.memoryAvailableMb = spec.memoryMb
    this.diskTotalMb = spec.diskMb
    this.diskAvailableMb = spec.diskMb
    this.slots = spec.slots
    this.queueSlots = QUEUE_SLOTS
    this.routers = routerCount
    this.cpuSpeed = spec.advertisedSpeed
    this.speed = spec.advertisedSpeed
    this.#events = events
  }

  get ages(): Candidate['ages'] {
    const loadMs = this.#events === undefined ? 0 : this.#events.nowMs - this.reportedMs
    return { ...NO_AGES, loadMs }
  }

  get unseenCount(): number {
    return this.sends.count
  }

  get unseenMs(): number {
    return this.sends.expectedMs
  }

  get ownRate(): number {
    return this.#events === undefined ? 0 : this.sends.rateAt(this.#events.nowMs)
  }

  /** @returns whether it is news: reports may overtake each other */
  report(report: LoadReport): boolean {
    if (report.atMs < this.reportedMs) return false
    this.reportedMs = report.atMs
    this.running = report.running
    this.queued = report.queued
    this.waitMs = report.waitMs
    this.queuedMs = report.queuedMs
    this.workRate = report.workRate
    this.memoryAvailableMb = report.memoryAvailableMb
    this.slowdown = report.slowdown
    this.sends.seen(report.seen)
    this.updateSpeed()
    return true
  }

  /** It has begun anew, and what was known of it is over. */
  restarted(): void {
    this.isSuspected = false
    this.reportedMs = -Infinity
    this.running = 0
    this.queued = 0
    this.waitMs = 0
    this.queuedMs = 0
    this.workRate = 0
    this.memoryAvailableMb = this.memoryTotalMb
    this.slowdown = 1
    this.updateSpeed()
  }

  updateSpeed(): void {
    this.speed = this.cpuSpeed / (this.slowdown * this.slowness)
  }
}

/** All else is known as of now. */
const NO_AGES = {
  capabilitiesMs: 0,
  latencyMs: 0,
  reputationMs: 0,
  bytesToMs: 0,
  bytesFromMs: 0
}

/** Its line is bounded by expected work, not by number. */
const QUEUE_SLOTS = 10_000
