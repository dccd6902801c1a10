/**
 * Hears of all that happens to jobs: counts it for the series, and passes on which jobs have changed. It is told of
 * every item and every attempt, so that each costs an addition and a logarithm at most.
 */
import { Histogram } from './histogram.ts'
import type { AttemptRecord, ItemRecord, JobRecord } from '../jobs/records.ts'

export interface JobCounts {
  submitted: number
  completed: number
  failed: number
  attemptsFailed: number
  /** From ready to run to sent. */
  waits: Histogram
  /** From submission to result. */
  latencies: Histogram
}

export class JobMeter {
  readonly #counts: JobCounts = {
    submitted: 0,
    completed: 0,
    failed: 0,
    attemptsFailed: 0,
    waits: new Histogram(),
    latencies: new Histogram()
  }
  #onChanged: (job: JobRecord) => void = () => {}

  /** One listens, and does no more than to note which job it was. */
  listen(onChanged: (job: JobRecord) => void): void {
    this.#onChanged = onChanged
  }

  submitted(job: JobRecord): void {
    this.#counts.submitted += job.itemCount
    this.#onChanged(job)
  }

  /** @param ended the item that has just ended, if one did */
  changed(job: JobRecord, ended?: ItemRecord): void {
    if (ended !== undefined) this.#itemEnded(job, ended)
    this.#onChanged(job)
  }

  /** An item goes to a worker. */
  waited(waitedMs: number): void {
    this.#counts.waits.add(waitedMs)
  }

  attemptChanged({ state }: AttemptRecord): void {
    if (state === 'failed' || state === 'timed_out' || state === 'lost') {
      this.#counts.attemptsFailed += 1
    }
  }

  /** Gives what was counted since the last time to `read`, and begins anew. */
  take(read: (counts: Readonly<JobCounts>) => void): void {
    const counts = this.#counts
    read(counts)
    counts.submitted = counts.completed = counts.failed = counts.attemptsFailed = 0
    counts.waits.clear()
    counts.latencies.clear()
  }

  /** Of a job that waited for its time or for others, its own time begins after that. */
  #itemEnded({ createdAtMs, queuedAtMs }: JobRecord, { endedAtMs, state }: ItemRecord): void {
    const counts = this.#counts
    if (state === 'completed') counts.completed += 1
    else if (state === 'failed') counts.failed += 1
    else return
    if (endedAtMs !== null) counts.latencies.add(endedAtMs - (queuedAtMs ?? createdAtMs))
  }
}
