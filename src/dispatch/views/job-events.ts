/**
 * Tells the event log what happens to jobs: as events have it, without bodies. The counts of an array job
 * change with every item; they are told a few times a second, its states at once.
 */
import { isTerminal } from '../../jobs/records.ts'
import type { AttemptRecord, ItemRecord, JobRecord } from '../../jobs/records.ts'
import type { EventLog } from '../../observe/event-log.ts'
import type { CancelTimer, Clock } from '../../core/clock.ts'
import type { FinishedItem } from '../job-steps.ts'

/** Faster than anybody reads a progress bar, and slow enough that a large job does not crowd out all others. */
const COUNTS_PERIOD_MS = 200

/** A job of which no more is told before the period is over. */
interface Quiet {
  state: JobRecord['state']
  /** What will be told then, if anything has changed. */
  next: JobRecord | undefined
  cancel: CancelTimer
}

export class JobEvents {
  readonly #clock: Clock
  readonly #log: EventLog
  readonly #quiet = new Map<string, Quiet>()

  constructor({ clock, events }: { clock: Clock; events: EventLog }) {
    this.#clock = clock
    this.#log = events
  }

  submitted({ counts, id, state }: JobRecord): void {
    this.#log.publish({ type: 'job:submitted', job_id: id, state, counts })
  }

  /** @param finished the item that has just ended, if one did */
  changed(job: JobRecord, finished?: FinishedItem): void {
    if (job.itemCount === 1) return this.#changed(job)
    if (finished !== undefined) this.#itemEnded(finished.item)
    const quiet = this.#quiet.get(job.id)
    if (quiet?.state === job.state) {
      quiet.next = job
      return
    }
    quiet?.cancel()
    this.#tell(job)
  }

  #tell(job: JobRecord): void {
    this.#changed(job)
    this.#quiet.delete(job.id)
    if (isTerminal(job.state)) return
    const cancel = this.#clock.after(COUNTS_PERIOD_MS, () => {
      const next = this.#quiet.get(job.id)?.next
      this.#quiet.delete(job.id)
      if (next !== undefined) this.#tell(next)
    })
    this.#quiet.set(job.id, { state: job.state, next: undefined, cancel })
  }

  #changed({ counts, error, id, state }: JobRecord): void {
    this.#log.publish({
      type: isTerminal(state) ? 'job:ended' : 'job:changed',
      job_id: id,
      state,
      counts,
      ...(error === null ? {} : { reason: error.code, text: error.message })
    })
  }

  attempt(attempt: AttemptRecord, item: ItemRecord): void {
    const { history, itemIndex, jobId, number, progress, state, workerId } = attempt
    const last = history.at(-1)
    this.#log.publish({
      type: 'attempt:changed',
      job_id: jobId,
      item: item.id,
      index: itemIndex,
      attempt: number,
      worker: workerId,
      state,
      ...(last === undefined ? {} : { reason: last.reason }),
      ...(last?.text === undefined ? {} : { text: last.text }),
      ...(progress === null ? {} : { progress })
    })
  }

  progress(
    { itemIndex, jobId, number, progress, workerId }: AttemptRecord,
    item: ItemRecord
  ): void {
    if (progress === null) return
    this.#log.publish({
      type: 'attempt:progress',
      job_id: jobId,
      item: item.id,
      index: itemIndex,
      attempt: number,
      worker: workerId,
      progress
    })
  }

  #itemEnded({ error, id, index, jobId, state, workerId }: ItemRecord): void {
    this.#log.publish({
      type: 'item:ended',
      job_id: jobId,
      item: id,
      index,
      state,
      ...(workerId === null ? {} : { worker: workerId }),
      ...(error === null ? {} : { reason: error.code, text: error.message })
    })
  }
}
