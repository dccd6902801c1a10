/**
 * How busy one worker is, from two sources that must not be counted twice: what it said last, and what this
 * router has sent there. A report says up to which task it knows of ours; what is younger comes on top. And
 * what it knows of and has not answered is there, whatever it says: nobody looks idle by keeping silent of
 * tasks that it holds.
 */
import { OwnSends } from '../selection/own-sends.ts'
import type { Candidate } from '../selection/candidate.ts'
import type { LoadReport } from '../model/generated/capability-record.ts'

/** A task that goes to a worker. */
export interface SentWork {
  expectedMs: number
  gpuCount: number
}

/** A task that is at a worker, or on its way. */
export interface OpenWork extends SentWork {
  sentAtMs: number
}

/** What of a candidate is about its load. */
export type LoadFacts = Pick<
  Candidate,
  | 'running'
  | 'queued'
  | 'gpusTaken'
  | 'waitMs'
  | 'queuedMs'
  | 'workRate'
  | 'ownRate'
  | 'routers'
  | 'unseenCount'
  | 'unseenMs'
  | 'unseenGpus'
  | 'allowed'
>

/** More than any honest worker has to say; beyond it arithmetic would suffer, and nothing else changes. */
const TASKS_MAX = 1e9
const WAIT_MS_MAX = 1e9
const WORK_RATE_MAX = 1e6
const ROUTERS_MAX = 1_000

export class WorkerLoad {
  readonly #sends = new OwnSends()
  readonly #open = new Map<number, OpenWork>()
  #openGpus = 0
  #lastNumber = 0
  /** All up to this one went over sessions that have ended. */
  #earlierNumber = 0
  #report: LoadReport | undefined
  /** Work of ours that arrived there, as the report's own rate was measured. */
  #ownRate = 0
  /** Of a worker that does not say what it knows of ours: what it has beside. */
  #others = { tasks: 0, gpus: 0 }

  /** Tasks of ours that have not ended. */
  get openCount(): number {
    return this.#open.size
  }

  get report(): LoadReport | undefined {
    return this.#report
  }

  /** Tasks that are not ours, as far as it says. */
  get othersCount(): number {
    const report = this.#report
    if (report === undefined) return 0
    if (report.seen === undefined) return this.#others.tasks
    return Math.max(0, Math.min(TASKS_MAX, report.running + report.queued) - this.#seenCount)
  }

  /** @returns the task's number */
  send(work: SentWork, nowMs: number): number {
    const number = this.#sends.send(work, nowMs)
    this.#lastNumber = number
    this.#open.set(number, { ...work, sentAtMs: nowMs })
    this.#openGpus += work.gpuCount
    return number
  }

  /** It ended, or never got there. Gives what it was, the first time. */
  end(number: number): OpenWork | undefined {
    const work = this.#open.get(number)
    if (work === undefined) return undefined
    this.#open.delete(number)
    this.#openGpus -= work.gpuCount
    this.#sends.dropped(number)
    return work
  }

  /** There is a new session: the next report has all that ever got there over those before. */
  beginSession(): void {
    this.#earlierNumber = this.#lastNumber
  }

  take(report: LoadReport, nowMs: number): void {
    this.#report = report
    this.#ownRate = this.#sends.rateAt(nowMs)
    const { seen } = report
    if (seen === undefined) {
      const { gpus_taken: gpus = 0, queued, running } = report
      this.#others = {
        tasks: Math.max(0, running + queued - this.#open.size),
        gpus: Math.max(0, gpus - this.#openGpus)
      }
      return
    }
    this.#sends.seen(this.#earlierNumber)
    // A number that was never given is from an earlier life of this router, or made up.
    if (seen <= this.#lastNumber) this.#sends.seen(seen)
  }

  /** Puts into words of selection what is known now. */
  writeTo(facts: LoadFacts, slots: number): void {
    facts.unseenCount = this.#sends.count
    facts.unseenMs = this.#sends.expectedMs
    facts.unseenGpus = this.#sends.gpuCount
    const report = this.#report
    if (report === undefined) return
    facts.allowed = report.allowed
    facts.waitMs = Math.min(WAIT_MS_MAX, report.wait_ms ?? 0)
    facts.queuedMs = Math.min(WAIT_MS_MAX, report.queued_ms ?? 0)
    facts.workRate = Math.min(WORK_RATE_MAX, report.work_rate ?? 0)
    facts.ownRate = this.#ownRate
    facts.routers = Math.min(ROUTERS_MAX, report.routers ?? 0)
    if (report.seen === undefined) this.#writeOthers(facts, slots)
    else this.#writeTasks(facts, report, slots)
  }

  #writeTasks(facts: LoadFacts, report: LoadReport, slots: number): void {
    const seenCount = this.#seenCount
    const running = Math.min(TASKS_MAX, report.running)
    const told = running + Math.min(TASKS_MAX, report.queued)
    const tasks = Math.max(told, seenCount)
    facts.running = tasks === told ? running : Math.max(running, Math.min(slots, tasks))
    facts.queued = tasks - facts.running
    facts.gpusTaken = Math.max(report.gpus_taken ?? 0, this.#openGpus - this.#sends.gpuCount)
  }

  /** Of ours, those that it knows of. */
  get #seenCount(): number {
    return this.#open.size - this.#sends.count
  }

  #writeOthers(facts: LoadFacts, slots: number): void {
    const { gpus, tasks } = this.#others
    facts.running = Math.min(slots, tasks)
    facts.queued = tasks - facts.running
    facts.gpusTaken = gpus
  }
}
