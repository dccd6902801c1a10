/** What became of jobs, items and attempts, and how long it took, counted for the router's metrics. */
import { Histogram } from '../observe/histogram.ts'
import { Tally } from '../observe/readings.ts'
import { isTerminal } from '../jobs/records.ts'
import type { AttemptRecord, JobRecord } from '../jobs/records.ts'
import type { FinishedItem } from './job-steps.ts'
import type { Readings } from '../observe/readings.ts'
import type { Selection } from '../selection/select.ts'

export class JobTally {
  readonly #jobs = new Tally('state')
  readonly #items = new Tally('end')
  readonly #begun = new Tally('role')
  readonly #ended = new Tally('state', 'blame', 'code')
  readonly #decisions = new Tally('outcome')
  readonly #jobDurations = new Histogram()
  readonly #attemptDurations = new Histogram()
  readonly #waits = new Histogram()
  #submittedCount = 0

  submitted(): void {
    this.#submittedCount += 1
  }

  /** @param finished the item that has just ended, if one did */
  changed({ createdAtMs, endedAtMs, state }: JobRecord, finished?: FinishedItem): void {
    if (finished !== undefined) this.#items.add([finished.item.error?.code ?? 'ok'])
    if (!isTerminal(state)) return
    this.#jobs.add([state])
    if (endedAtMs !== null) this.#jobDurations.note(endedAtMs - createdAtMs)
  }

  /** An attempt has another state. */
  attempt({ endedAtMs, error, offeredAtMs, role, state }: AttemptRecord): void {
    if (state === 'offered') return this.#begun.add([role ?? 'primary'])
    if (endedAtMs === null) return
    this.#ended.add([state, error?.blame ?? 'none', error?.code ?? 'ok'])
    this.#attemptDurations.note(endedAtMs - offeredAtMs)
  }

  /** An item goes to a worker, so long after it came into the queue. */
  waited(waitedMs: number): void {
    this.#waits.note(waitedMs)
  }

  decided({ chosenPeerId }: Selection): void {
    this.#decisions.add([chosenPeerId === undefined ? 'none' : 'chosen'])
  }

  readings(): Readings {
    return {
      taskmesh_job_submitted_total: this.#submittedCount,
      taskmesh_job_ended_total: this.#jobs.samples(),
      taskmesh_job_duration_seconds: this.#jobDurations,
      taskmesh_item_ended_total: this.#items.samples(),
      taskmesh_queue_wait_seconds: this.#waits,
      taskmesh_attempt_begun_total: this.#begun.samples(),
      taskmesh_attempt_ended_total: this.#ended.samples(),
      taskmesh_attempt_duration_seconds: this.#attemptDurations,
      taskmesh_decision_total: this.#decisions.samples()
    }
  }
}
