/** A router of a simulation, whatever it chooses by: what it hears, and what it has to work with. */
import type { Answer, Wire } from './wire.ts'
import type { Attempt, SimJob } from './attempt.ts'
import type { EventQueue } from './event-queue.ts'
import type { Fleet } from './fleet.ts'
import type { LoadReport, SimWorker } from './worker.ts'
import type { Random } from '../../core/random.ts'

export interface SimRouter {
  submit(job: SimJob): void
  done(attempt: Attempt, answer: Answer): void
  refused(attempt: Attempt, report: LoadReport): void
  lost(attempt: Attempt): void
  /** A worker says how things are there, asked or not. */
  reported(worker: number, report: LoadReport): void
  wentDown(worker: number): void
  cameUp(worker: number): void
}

/** What every router of a simulation is given. */
export interface RouterInit {
  index: number
  fleet: Fleet
  events: EventQueue
  wire: Wire
  random: Random
  /** For what can be looked up: their adverts. Only the omniscient scheduler may look further. */
  workers: readonly SimWorker[]
  tally: Tally
  /** The first result of a job is here. */
  onDone: (job: SimJob) => void
}

/** What it took, over all routers. */
export interface Tally {
  sends: number
  refusals: number
  losses: number
  probes: number
  backups: number
  explorations: number
  suspicions: number
  /** Of all choices, in their order. */
  trace: number
}

export function newTally(): Tally {
  return {
    sends: 0,
    refusals: 0,
    losses: 0,
    probes: 0,
    backups: 0,
    explorations: 0,
    suspicions: 0,
    trace: 0
  }
}

/** Counts a choice: equal runs have equal traces. */
export function noteSend(tally: Tally, { job, worker }: Attempt): void {
  tally.sends += 1
  tally.trace =
    (Math.imul(tally.trace ^ job.id, 0x01000193) ^ Math.imul(worker + 1, 0x9e3779b1)) >>> 0
}
