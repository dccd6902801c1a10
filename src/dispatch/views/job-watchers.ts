/** Who wants to hear of a job's changes: progress bars, clients that wait. */
import type { FinishedItem } from '../job-steps.ts'
import type { JobRecord } from '../../jobs/records.ts'

/** The job as it is now, and the item that just ended, if one did. */
export interface JobChange {
  job: JobRecord
  finished: FinishedItem | undefined
}

type JobListener = (change: JobChange) => void

export class JobWatchers {
  readonly #listeners = new Map<string, Set<JobListener>>()

  /** @returns what ends it */
  add(jobId: string, listener: JobListener): () => void {
    const listeners = this.#listeners.get(jobId) ?? new Set()
    this.#listeners.set(jobId, listeners)
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#listeners.get(jobId) === listeners)
        this.#listeners.delete(jobId)
    }
  }

  tell(change: JobChange): void {
    const listeners = this.#listeners.get(change.job.id)
    if (listeners === undefined) return
    for (const listener of listeners) listener(change)
  }
}
