/**
 * The workers of a reputation simulation: how fast each is, who is bad, and what comes of a task there. One
 * slot each, and a bad worker may come back under another name.
 */
import { misdeedOf } from './attacks.ts'
import type { Random } from '../../core/random.ts'
import type { Scenario } from './scenario.ts'
import type { Villain } from './attacks.ts'

export interface SimWorker extends Villain {
  readonly index: number
  readonly isBad: boolean
  /** Mean run time of a task there. */
  readonly meanMs: number
  /** What it claims that to be. */
  readonly claimedMs: number
  /** Its name, which changes with each identity. */
  peerId: string
  identityCount: number
  /** Until then it runs something, or is away. */
  busyUntilMs: number
  /** When it last got a task, or joined. */
  lastTaskMs: number
}

/** One task on one worker. */
export interface Execution {
  isDone: boolean
  durationMs: number
  /** What it answered: `RIGHT`, or anything else. */
  answer: string
  isMisdeed: boolean
}

export const RIGHT = 'right'
const COLLUDED = 'wrong, as agreed'

/** Mean run times are from half a second to two, as evenly by ratio as by chance. */
const MEAN_MS_MIN = 500
const MEAN_RATIO = 4
/** Until it is noticed that a task is lost. */
const LOST_MS = 3_000
/** Tasks that even a good worker loses. */
const ACCIDENT_SHARE = 0.01
/** Who makes an answer up takes so much of the time. */
const LIE_SHARE = 0.2
const CLAIM = 4
/** From leaving until the new identity is there. */
const REJOIN_MS = 10_000
/** A whitewasher without work for so long takes a new name. */
const IDLE_MS = 60_000

export class Fleet {
  readonly workers: readonly SimWorker[]
  /** Identities taken besides the first ones. */
  rejoinCount = 0
  readonly #scenario: Scenario
  readonly #random: Random
  #wrongCount = 0

  constructor(scenario: Scenario, random: Random) {
    this.#scenario = scenario
    this.#random = random
    const badCount = Math.round(scenario.workers * scenario.badShare)
    this.workers = Array.from({ length: scenario.workers }, (_, index) => {
      const meanMs = MEAN_MS_MIN * MEAN_RATIO ** random.next()
      const isBad = index < badCount
      return {
        index,
        isBad,
        meanMs,
        claimedMs: isBad && scenario.isFastest ? MEAN_MS_MIN / CLAIM : meanMs,
        peerId: `worker-${index}`,
        identityCount: 0,
        busyUntilMs: 0,
        lastTaskMs: 0,
        phase: random.next(),
        honestTasks: 0
      }
    })
  }

  /** Runs a task there, at once or after what it has to do already. */
  execute(worker: SimWorker, nowMs: number): Execution {
    const misdeed = worker.isBad
      ? misdeedOf(this.#scenario.attack, worker, nowMs, this.#random)
      : undefined
    const startMs = Math.max(nowMs, worker.busyUntilMs)
    worker.lastTaskMs = nowMs
    if (misdeed === 'crash' || (!worker.isBad && this.#random.next() < ACCIDENT_SHARE)) {
      worker.busyUntilMs = startMs + LOST_MS
      return { isDone: false, durationMs: LOST_MS, answer: '', isMisdeed: misdeed !== undefined }
    }
    const fullMs = -Math.log(1 - this.#random.next()) * worker.meanMs
    if (misdeed === undefined) {
      worker.honestTasks += 1
      worker.busyUntilMs = startMs + fullMs
      return { isDone: true, durationMs: fullMs, answer: RIGHT, isMisdeed: false }
    }
    const durationMs = LIE_SHARE * fullMs
    worker.busyUntilMs = startMs + durationMs
    return { isDone: true, durationMs, answer: this.#wrongAnswer(), isMisdeed: true }
  }

  /** A bad worker that was found out leaves, and joins anew where the attack is of that kind. */
  foundOut(worker: SimWorker, nowMs: number): void {
    if (this.#scenario.isWhitewashing && worker.isBad) this.#rejoin(worker, nowMs)
  }

  /** Whitewashers who wait in vain for work try it under another name. */
  rejoinIdle(nowMs: number): void {
    if (!this.#scenario.isWhitewashing) return
    for (const worker of this.workers) {
      if (worker.isBad && nowMs - worker.lastTaskMs > IDLE_MS && worker.busyUntilMs <= nowMs) {
        this.#rejoin(worker, nowMs)
      }
    }
  }

  #rejoin(worker: SimWorker, nowMs: number): void {
    this.rejoinCount += 1
    worker.identityCount += 1
    worker.peerId = `worker-${worker.index}-${worker.identityCount}`
    worker.honestTasks = 0
    worker.busyUntilMs = nowMs + REJOIN_MS
    worker.lastTaskMs = nowMs
  }

  #wrongAnswer(): string {
    if (this.#scenario.isColluding) return COLLUDED
    this.#wrongCount += 1
    return `wrong, ${this.#wrongCount}`
  }
}
