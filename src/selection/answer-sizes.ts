/** What is learnt of how long the answers of tasks are, by type: they have to come back over the way that the task went. */
import { RecentMap } from '../core/recent-map.ts'

/** Of about so many answers each type's mean is. */
const ANSWERS = 20
const TYPES_MAX = 1_024

export class AnswerSizes {
  readonly #means = new RecentMap<string, { count: number; bytes: number }>(TYPES_MAX)

  /** 0 of a type that has never answered: most answers are short. */
  bytesOf(taskType: string): number {
    return this.#means.get(taskType)?.bytes ?? 0
  }

  record(taskType: string, bytes: number): void {
    const mean = this.#means.get(taskType) ?? { count: 0, bytes: 0 }
    mean.count = Math.min(ANSWERS, mean.count + 1)
    mean.bytes += (bytes - mean.bytes) / mean.count
    this.#means.set(taskType, mean)
  }
}
