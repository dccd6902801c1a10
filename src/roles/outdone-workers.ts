/**
 * Remembers which workers failed at items with errors of the task's own, until the item has ended: whoever failed at
 * what another worker then saw through bears that failure. It ends with the router; then nobody is blamed. Nor is it
 * by a stranger's word: who is new and says `done` of everything must not talk down those who are honest about it.
 */
import { outdoneBy } from '../verification/outdone.ts'
import { RecentMap } from '../core/recent-map.ts'
import type { ActiveJob } from '../dispatch/active-job.ts'
import type { AttemptOutcome } from '../reputation/outcomes.ts'
import type { AttemptRecord, ItemRecord } from '../jobs/records.ts'
import type { FailedAttempt } from '../verification/outdone.ts'

/** Items that failed somewhere and have not ended; the one that did so longest ago is forgotten. */
const ITEMS_MAX = 10_000
/** More of one item say nothing new. */
const FAILURES_MAX = 16
/** Who has so many outcomes is no stranger; beside another stranger nobody is. */
const PROVEN_OUTCOMES = 10

export class OutdoneWorkers {
  readonly #record: (outcome: AttemptOutcome) => void
  readonly #outcomesOf: (workerId: string) => number
  readonly #failed = new RecentMap<string, readonly FailedAttempt[]>(ITEMS_MAX)

  /** @param outcomesOf how many were counted of a worker */
  constructor(record: (outcome: AttemptOutcome) => void, outcomesOf: (workerId: string) => number) {
    this.#record = record
    this.#outcomesOf = outcomesOf
  }

  attemptChanged({ endedAtMs, error, itemIndex, jobId, number, workerId }: AttemptRecord): void {
    // What blames its worker is counted already.
    if (endedAtMs === null || error?.blame !== 'job') return
    const key = keyOf(jobId, itemIndex)
    const failed = this.#failed.get(key) ?? []
    if (failed.length >= FAILURES_MAX) return
    this.#failed.set(key, [...failed, { attempt: number, workerId, code: error.code }])
  }

  itemEnded({ plan }: ActiveJob, { index: itemIndex, jobId, state, workerId }: ItemRecord): void {
    const key = keyOf(jobId, itemIndex)
    const failed = this.#failed.get(key) ?? []
    this.#failed.delete(key)
    // What the network says may be another thing the next time.
    if (state !== 'completed' || workerId === null || plan.hasNetwork) return
    for (const one of outdoneBy(workerId, failed)) {
      const isStranger = this.#outcomesOf(workerId) < PROVEN_OUTCOMES
      if (isStranger && this.#outcomesOf(one.workerId) >= PROVEN_OUTCOMES) continue
      const attempt = { jobId, itemIndex, attempt: one.attempt }
      this.#record({ kind: 'outdone', workerId: one.workerId, taskType: plan.taskType, attempt })
    }
  }
}

function keyOf(jobId: string, itemIndex: number): string {
  return `${jobId}/${itemIndex}`
}
