/** What is counted in a reputation simulation, in windows of time, and a trace by which two runs are known to be the same. */

export interface Counts {
  jobs: number
  /** Executions of every kind. */
  sends: number
  misdeeds: number
  /** Executions that were not to check another. */
  primary: number
  primaryToBad: number
  /** Results that were accepted and are wrong. */
  wrong: number
  /** Jobs of which no result was believed. */
  undecided: number
  /** Jobs that ended without a result. */
  failed: number
  /** Jobs for which nobody was free. */
  unserved: number
  delayMs: number
}

export interface WindowFigures {
  untilMs: number
  jobs: number
  /** Shares, 0 to 1. */
  toBad: number
  misbehaved: number
  wrong: number
  undecided: number
  failed: number
  unserved: number
  /** Executions beyond one per job, as a share of the jobs. */
  extra: number
  meanDelayMs: number
}

export class Tally {
  readonly #windowsMs: readonly number[]
  readonly #counts: Counts[]
  #index = 0
  #trace = 0x811c9dc5

  constructor(windowsMs: readonly number[]) {
    this.#windowsMs = windowsMs
    this.#counts = windowsMs.map(() => ({
      jobs: 0,
      sends: 0,
      misdeeds: 0,
      primary: 0,
      primaryToBad: 0,
      wrong: 0,
      undecided: 0,
      failed: 0,
      unserved: 0,
      delayMs: 0
    }))
  }

  /** The counts of the window that is now. Time only goes on. */
  at(nowMs: number): Counts {
    while (this.#index < this.#windowsMs.length - 1 && nowMs >= this.#windowsMs[this.#index]!) {
      this.#index += 1
    }
    return this.#counts[this.#index]!
  }

  /** FNV-1a, in words of 32 bits. */
  mark(value: number): void {
    this.#trace = Math.imul(this.#trace ^ value, 0x01000193) >>> 0
  }

  get trace(): string {
    return this.#trace.toString(16).padStart(8, '0')
  }

  figures(): WindowFigures[] {
    return this.#counts.map((counts, index) => ({
      untilMs: this.#windowsMs[index]!,
      jobs: counts.jobs,
      toBad: share(counts.primaryToBad, counts.primary),
      misbehaved: share(counts.misdeeds, counts.sends),
      wrong: share(counts.wrong, counts.jobs),
      undecided: share(counts.undecided, counts.jobs),
      failed: share(counts.failed, counts.jobs),
      unserved: share(counts.unserved, counts.jobs),
      extra: share(counts.sends, counts.jobs) - 1,
      meanDelayMs: share(counts.delayMs, counts.jobs)
    }))
  }
}

function share(part: number, whole: number): number {
  return part / Math.max(1, whole)
}
