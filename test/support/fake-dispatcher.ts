/** A dispatcher whose jobs run when the test says so, and end as it says. Records and store are real. */
import type { ActiveJob } from '../../src/dispatch/active-job.ts'
import { MeshError } from '../../src/core/errors.ts'
import type { Cause, Ending } from '../../src/jobs/records.ts'
import type { FinishedItem } from '../../src/dispatch/job-steps.ts'
import type { ItemEvent } from '../../src/jobs/item-state.ts'
import type { JobStore, StoreChange } from '../../src/jobs/store.ts'

export interface FakeDispatcherComponents {
  store: JobStore
  nowMs: () => number
  onChanged: (job: ActiveJob, finished?: FinishedItem) => void
}

export class FakeDispatcher {
  /** Ids of all jobs that it got, oldest first. */
  readonly added: string[] = []
  /** While true, `endJob` waits for it to become false. */
  stopping = Promise.resolve()
  readonly #components: FakeDispatcherComponents
  readonly #jobs = new Map<string, ActiveJob>()

  constructor(components: FakeDispatcherComponents) {
    this.#components = components
  }

  add(job: ActiveJob): void {
    this.added.push(job.record.id)
    this.#jobs.set(job.record.id, job)
  }

  job(jobId: string): ActiveJob | undefined {
    return this.#jobs.get(jobId)
  }

  counts(): { queued: number; running: number } {
    let [queued, running] = [0, 0]
    for (const { record } of this.#jobs.values()) {
      queued += record.counts.queued
      running += record.counts.running
    }
    return { queued, running }
  }

  liveAttempts(): [] {
    return []
  }

  outlook(): undefined {
    return undefined
  }

  async endJob(job: ActiveJob, ending: Ending): Promise<void> {
    await this.stopping
    await this.#applyToAll(job, () => ({ kind: 'ended', ending }))
  }

  async holdJob(job: ActiveJob, cause: Cause): Promise<void> {
    job.setOnHold(true)
    await this.#applyToAll(job, () => ({ kind: 'held', cause }))
  }

  async releaseJob(job: ActiveJob, cause: Cause): Promise<void> {
    job.setOnHold(false)
    await this.#applyToAll(job, () => ({ kind: 'released', cause }))
  }

  /** Runs all items of a job; each returns what is at its place. */
  async complete(jobId: string, ...outputs: unknown[]): Promise<void> {
    const job = this.#started(jobId)
    await this.#applyToAll(
      job,
      () => ({ kind: 'completed', attempt: 1 }),
      (index) => JSON.stringify(outputs[index] ?? null)
    )
  }

  /** All items of a job fail; those named only, the others complete. */
  async fail(jobId: string, message: string, only?: readonly number[]): Promise<void> {
    const job = this.#started(jobId)
    const error = new MeshError('TASK_FAILED', message).toData()
    await this.#applyToAll(job, (index) =>
      only === undefined || only.includes(index)
        ? { kind: 'failed', attempt: 1, error, then: 'failed' }
        : { kind: 'completed', attempt: 1 }
    )
  }

  #started(jobId: string): ActiveJob {
    const job = this.#jobs.get(jobId)
    if (job === undefined) throw new Error(`${jobId} is not with the dispatcher`)
    for (const { index } of job.items()) {
      job.apply(index, { kind: 'dispatched', attempt: 1, workerId: 'w1' }, this.#components.nowMs())
    }
    return job
  }

  async #applyToAll(
    job: ActiveJob,
    eventOf: (index: number) => ItemEvent,
    outputOf: (index: number) => string | null = () => null
  ): Promise<void> {
    const { nowMs, onChanged, store } = this.#components
    const changes: StoreChange[] = []
    const finished: FinishedItem[] = []
    for (const { index, jobId } of job.items()) {
      const item = job.apply(index, eventOf(index), nowMs())?.item
      if (item === undefined) continue
      const output = item.state === 'completed' ? outputOf(index) : null
      changes.push({ kind: 'item', item })
      if (output !== null) changes.push({ kind: 'output', jobId, itemIndex: index, output })
      finished.push({ item, output, hasLog: false })
    }
    await store.apply([...changes, { kind: 'job', job: job.record }])
    if (!job.hasEnded) return onChanged(job)
    job.markEndStored()
    this.#jobs.delete(job.record.id)
    for (const one of finished) onChanged(job, one)
  }
}
