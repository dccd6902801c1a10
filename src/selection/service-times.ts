/**
 * What is learnt of how long tasks run: of each type of task, over all workers, and of each worker, how much
 * slower or faster it is than its clock rate says. Taking each worker's own mean instead would choose whoever
 * was lucky lately, not who is fast (measured: 36 % worse at the median, 32 % at p99).
 *
 * Work is in milliseconds at 1 GHz. For a task of type h that ran on worker k:
 * M_h = (500 + Σ work) ÷ (1 + n), φ_k = exp(Σ clamp(ln work − mean ln work of h, ±3) ÷ (n_k + 10)), at least a third.
 * How long a task ran is the worker's word, and too short is easily said: so none looks more than three times faster
 * than its clock rate, and one run moves the mean that others are measured by no further than it may count itself.
 */
import { LIMITS } from '../core/limits.ts'
import { RecentMap } from '../core/recent-map.ts'

/** What a task of a type that never ran is taken for. */
const PRIOR_WORK_MS = 500
/** A worker's own measure counts little before it has run about so many. */
const PRIOR_RUNS = 10
/** One outlier says no more of a worker than this, as a logarithm. */
const DEVIATION_MAX = 3
/** No machine does more by cycle than this, beside others of its time. */
const SLOWNESS_MIN = 1 / 3
/** Sums are halved at so many runs, so that what is learnt follows what changes. */
const TYPE_RUNS_MAX = 2_000
const WORKER_RUNS_MAX = 200
const TYPES_MAX = 1_024
const WORKERS_MAX = LIMITS.directoryWorkersMax
/** A shorter run is as good as none to a clock. */
const WORK_MS_MIN = 0.01

/** A task that was seen through. */
export interface Run {
  taskType: string
  workerId: string
  /** By the worker's clock. */
  ranMs: number
  /** GHz, as advertised. */
  cpuSpeed: number
  slowdown: number
}

interface TypeSums {
  runs: number
  workMs: number
  logs: number
}

interface WorkerSums {
  runs: number
  deviation: number
}

export class ServiceTimes {
  readonly #types = new RecentMap<string, TypeSums>(TYPES_MAX)
  readonly #workers = new RecentMap<string, WorkerSums>(WORKERS_MAX)

  /** Expected milliseconds at 1 GHz. */
  workMs(taskType: string): number {
    const sums = this.#types.get(taskType)
    return sums === undefined ? PRIOR_WORK_MS : (PRIOR_WORK_MS + sums.workMs) / (1 + sums.runs)
  }

  /** How much longer it takes than its clock rate says; 1 until something is known. */
  slownessOf(workerId: string): number {
    const sums = this.#workers.get(workerId)
    if (sums === undefined) return 1
    return Math.max(SLOWNESS_MIN, Math.exp(sums.deviation / (sums.runs + PRIOR_RUNS)))
  }

  record({ cpuSpeed, ranMs, slowdown, taskType, workerId }: Run): void {
    const workMs = Math.max(WORK_MS_MIN, (ranMs * cpuSpeed) / slowdown)
    if (!Number.isFinite(workMs)) return
    const type = take(this.#types, taskType, () => ({ runs: 0, workMs: 0, logs: 0 }))
    if (type.runs >= TYPE_RUNS_MAX) {
      type.runs /= 2
      type.workMs /= 2
      type.logs /= 2
    }
    const log = Math.log(workMs)
    const before = type.runs === 0 ? log : type.logs / type.runs
    type.runs += 1
    type.workMs += workMs
    type.logs += before + clamped(log - before)
    const worker = take(this.#workers, workerId, () => ({ runs: 0, deviation: 0 }))
    if (worker.runs >= WORKER_RUNS_MAX) {
      worker.runs /= 2
      worker.deviation /= 2
    }
    worker.runs += 1
    worker.deviation += clamped(log - type.logs / type.runs)
  }
}

function clamped(deviation: number): number {
  return Math.max(-DEVIATION_MAX, Math.min(DEVIATION_MAX, deviation))
}

/** The entry, now the one used last; a new one may push out the one not used for longest. */
function take<T>(map: RecentMap<string, T>, key: string, make: () => T): T {
  const entry = map.get(key) ?? make()
  map.set(key, entry)
  return entry
}
