/** Who hears of all that happens to a router's jobs: those that watch, the metrics, the plots. */
import { JobEvents } from '../dispatch/views/job-events.ts'
import { JobMeter } from '../monitoring/job-meter.ts'
import { JobTally } from '../dispatch/job-tally.ts'
import type { AttemptRecord, ItemRecord, JobRecord } from '../jobs/records.ts'
import type { FinishedItem } from '../dispatch/job-steps.ts'
import type { JobGround } from './job-ground.ts'

export class JobNews {
  readonly tally = new JobTally()
  readonly meter = new JobMeter()
  readonly #events: JobEvents

  constructor(ground: JobGround) {
    this.#events = new JobEvents(ground)
  }

  submitted(job: JobRecord): void {
    this.#events.submitted(job)
    this.tally.submitted()
    this.meter.submitted(job)
  }

  /** @param finished the item that has just ended, if one did */
  changed(job: JobRecord, finished?: FinishedItem): void {
    this.#events.changed(job, finished)
    this.tally.changed(job, finished)
    this.meter.changed(job, finished?.item)
  }

  /** An item goes to a worker, so long after it came into the queue. */
  waited(waitedMs: number): void {
    this.tally.waited(waitedMs)
    this.meter.waited(waitedMs)
  }

  attempt(attempt: AttemptRecord, item: ItemRecord, isNewState: boolean): void {
    if (!isNewState) return this.#events.progress(attempt, item)
    this.#events.attempt(attempt, item)
    this.tally.attempt(attempt)
    this.meter.attemptChanged(attempt)
  }
}
