/**
 * The workers as selection sees them: one object each for as long as its worker is known, changed in place
 * by whatever is heard of it and whatever is sent there. A look at ten thousand workers costs a look, not
 * ten thousand objects.
 */
import { AnswerSizes } from '../selection/answer-sizes.ts'
import { ServiceTimes } from '../selection/service-times.ts'
import { availabilityOf } from './worker-entry.ts'
import { believedRoom, newCandidate, recordFacts, speedOf } from './to-candidate.ts'
import { WorkerLoad } from './worker-load.ts'
import type { Candidate } from '../selection/candidate.ts'
import type { Clock } from '../core/clock.ts'
import type { SentWork } from './worker-load.ts'
import type { Standing } from './to-candidate.ts'
import type { Way } from '../network/paths/peer-tracker.ts'
import type { WorkerEntry } from './worker-entry.ts'

export interface CandidateBookComponents {
  clock: Clock
  /** What this router itself has seen of a worker. */
  standingOf: (peer: string) => Standing
  /** How it is reached now; undefined while it is not connected. */
  wayTo: (peer: string) => Way | undefined
}

/** A task that is not there any more. */
export interface EndedTask {
  /** Among all that went there. */
  number: number
  taskType: string
  /** By the worker's clock, and how long its answer was, where it was seen through. */
  ranMs?: number | undefined
  answerBytes?: number | undefined
}

/** A standing fades by hours; what changes it at once is told by `judged`. */
const STANDING_MS = 10_000

export class CandidateBook {
  readonly #components: CandidateBookComponents
  readonly #entries: ReadonlyMap<string, WorkerEntry>
  readonly #times = new ServiceTimes()
  readonly #answers = new AnswerSizes()
  /** Also of workers that are not known now, as long as tasks of ours are there. */
  readonly #loads = new Map<string, WorkerLoad>()
  #ready: readonly Candidate[] | undefined
  #standingAtMs = Number.NEGATIVE_INFINITY

  /** @param entries those that are known; whoever keeps them tells of each change */
  constructor(components: CandidateBookComponents, entries: ReadonlyMap<string, WorkerEntry>) {
    this.#components = components
    this.#entries = entries
  }

  /** Ready workers, as they are now. The list is never changed, what is in it is. */
  candidates(): readonly Candidate[] {
    this.#refreshStandings()
    this.#ready ??= [...this.#entries.values()].flatMap(({ candidate, state }) =>
      state === 'ready' && candidate !== undefined ? [candidate] : []
    )
    return this.#ready
  }

  /** Expected milliseconds at 1 GHz. */
  workMs(taskType: string): number {
    return this.#times.workMs(taskType)
  }

  /** How long its answer is expected to be. */
  answerBytes(taskType: string): number {
    return this.#answers.bytesOf(taskType)
  }

  /** The load of a worker that is taken up. */
  loadOf(peer: string): WorkerLoad {
    const load = this.#loads.get(peer) ?? new WorkerLoad()
    this.#loads.set(peer, load)
    return load
  }

  /** It has become known, ready, unreachable or forgotten. */
  stateChanged(entry: WorkerEntry): void {
    this.#ready = undefined
    const { candidate, peer, session } = entry
    if (candidate !== undefined) {
      candidate.latencyMs = session?.latencyMs
      this.#writeWay(candidate)
    }
    if (!this.#entries.has(peer)) this.#forgetLoad(peer)
  }

  recordChanged(entry: WorkerEntry): void {
    const { candidate, peer, record } = entry
    if (record === undefined) return
    if (candidate === undefined) {
      entry.candidate = newCandidate(peer, record, new FactAges(entry, this.#components))
      this.judged(peer)
      this.#ready = undefined
    } else Object.assign(candidate, recordFacts(record))
    if (entry.candidate !== undefined) entry.candidate.limits = entry.limits
    this.loadChanged(entry)
  }

  /** It has reported, or something has gone there or ended. */
  loadChanged(entry: WorkerEntry): void {
    const { candidate, isSuspected, record, session, work } = entry
    if (candidate === undefined || record === undefined) return
    const { report } = work
    writeRoom(entry)
    candidate.isSuspected = isSuspected
    candidate.availability = availabilityOf(report)
    candidate.latencyMs = session?.latencyMs
    this.#writeWay(candidate)
    if (report !== undefined) {
      candidate.cpuUsage = report.cpu_usage
      candidate.memoryAvailableMb = report.memory_available_mb
      candidate.diskAvailableMb = report.disk_available_mb
    }
    this.#writeSpeed(entry)
  }

  /** @returns the task's number among all that went there */
  sent(peer: string, work: SentWork): number {
    const load = this.loadOf(peer)
    const number = load.send(work, this.#components.clock.monotonicMs())
    this.#writeLoad(peer)
    return number
  }

  ended(peer: string, { answerBytes, number, ranMs, taskType }: EndedTask): void {
    if (answerBytes !== undefined) this.#answers.record(taskType, answerBytes)
    const load = this.#loads.get(peer)
    const work = load?.end(number)
    if (load === undefined || work === undefined) return
    const entry = this.#entries.get(peer)
    if (entry === undefined) return this.#forgetLoad(peer)
    if (ranMs !== undefined && entry.candidate !== undefined) {
      // Its clock is its own, but nothing runs longer than it is away.
      const awayMs = this.#components.clock.monotonicMs() - work.sentAtMs
      const { cpuSpeed, slowdown } = entry.candidate
      const run = { workerId: peer, taskType, cpuSpeed, slowdown }
      this.#times.record({ ...run, ranMs: Math.min(ranMs, awayMs) })
      this.#writeSpeed(entry)
    }
    this.#writeLoad(peer)
  }

  /** Something was learnt of how well it does. */
  judged(peer: string): void {
    const entry = this.#entries.get(peer)
    if (entry?.candidate === undefined) return
    const { clock, standingOf } = this.#components
    const { evidenceCount, evidenceLeft, prospect, reputation, tier } = standingOf(peer)
    Object.assign(entry.candidate, { evidenceCount, evidenceLeft, prospect, reputation, tier })
    entry.standingAtMs = clock.monotonicMs()
  }

  #refreshStandings(): void {
    const nowMs = this.#components.clock.monotonicMs()
    if (nowMs - this.#standingAtMs < STANDING_MS) return
    this.#standingAtMs = nowMs
    for (const peer of this.#entries.keys()) this.judged(peer)
  }

  #writeLoad(peer: string): void {
    const entry = this.#entries.get(peer)
    if (entry !== undefined) writeRoom(entry)
  }

  #writeSpeed({ candidate, peer, record, work }: WorkerEntry): void {
    if (candidate === undefined || record === undefined) return
    const slowness = this.#times.slownessOf(peer)
    const { cpuSpeed, slowdown, speed } = speedOf(
      record.capabilities,
      work.report?.slowdown,
      slowness
    )
    candidate.cpuSpeed = cpuSpeed
    candidate.slowdown = slowdown
    candidate.slowness = slowness
    candidate.speed = speed
  }

  #writeWay(candidate: Candidate): void {
    const way = this.#components.wayTo(candidate.peerId)
    candidate.path = way?.path
    candidate.bytesPerMsTo = way?.to?.bytesPerMs
    candidate.bytesPerMsFrom = way?.from?.bytesPerMs
  }

  #forgetLoad(peer: string): void {
    if (this.#loads.get(peer)?.openCount === 0) this.#loads.delete(peer)
  }
}

/** How much room there is by its word, as far as that is believed, and what of it is taken. */
function writeRoom({ candidate, record, work }: WorkerEntry): void {
  if (candidate === undefined || record === undefined) return
  const { queueSlots, slots } = believedRoom(record, candidate, work.othersCount)
  candidate.slots = slots
  candidate.queueSlots = queueSlots
  work.writeTo(candidate, slots)
}

/**
 * How old the facts are at the moment when somebody asks: only where a decision is put into words. A class, and
 * not getters of each candidate's own: those would make every candidate a shape of its own to the compiler.
 */
class FactAges {
  readonly #entry: WorkerEntry
  readonly #clock: Clock
  readonly #wayTo: CandidateBookComponents['wayTo']

  constructor(entry: WorkerEntry, { clock, wayTo }: CandidateBookComponents) {
    this.#entry = entry
    this.#clock = clock
    this.#wayTo = wayTo
  }

  get capabilitiesMs(): number {
    return this.#clock.monotonicMs() - this.#entry.recordAtMs
  }

  get loadMs(): number {
    const { loadAtMs, recordAtMs, work } = this.#entry
    return this.#clock.monotonicMs() - (work.report === undefined ? recordAtMs : loadAtMs)
  }

  /** The session keeps it as it goes. */
  get latencyMs(): number {
    return 0
  }

  get bytesToMs(): number {
    return this.#wayTo(this.#entry.peer)?.to?.ageMs ?? 0
  }

  get bytesFromMs(): number {
    return this.#wayTo(this.#entry.peer)?.from?.ageMs ?? 0
  }

  get reputationMs(): number {
    return this.#clock.monotonicMs() - this.#entry.standingAtMs
  }
}
