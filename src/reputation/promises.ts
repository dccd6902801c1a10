/**
 * Which promises a worker is held to. How long a task will take is expected by what others of its type took; of the
 * first of a type nothing is known, and nobody is late for a guess.
 */
import { RecentMap } from '../core/recent-map.ts'
import type { AttemptOutcome } from './outcomes.ts'

/** So many of a type are completed before an expectation is one. */
const KNOWN_MIN = 10
/** Types that are counted; the one unused for longest is forgotten. */
const TYPES_MAX = 1_024

export class KnownPromises {
  /** Task type → tasks of it that were completed. */
  readonly #counts = new RecentMap<string, number>(TYPES_MAX)

  /** The outcome, without its promise where that was a guess. */
  weigh(outcome: AttemptOutcome): AttemptOutcome {
    if (outcome.kind !== 'completed' || outcome.promisedMs === undefined) return outcome
    const count = outcome.taskType === undefined ? 0 : this.#count(outcome.taskType)
    return count >= KNOWN_MIN ? outcome : { ...outcome, promisedMs: undefined }
  }

  /** Counts one more. @returns how many there were before */
  #count(taskType: string): number {
    const count = this.#counts.get(taskType) ?? 0
    this.#counts.set(taskType, Math.min(KNOWN_MIN, count + 1))
    return count
  }
}
