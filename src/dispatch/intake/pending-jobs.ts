/**
 * Jobs that may not begin yet: they wait for other jobs, for a moment, or fire again and again. Each is
 * looked at whenever something may have changed for it; a look compares what is stored with what it
 * waits for, so that one look too many does no harm.
 */
import { causeOf } from '../../jobs/records.ts'
import { MeshError } from '../../core/errors.ts'
import { NamedLocks } from './named-locks.ts'
import { Dependents } from './dependents.ts'
import {
  begun,
  endedPending,
  heldPending,
  needFailed,
  noted,
  releasedPending
} from './pending-steps.ts'
import { LIMITS } from '../../core/limits.ts'
import { newItems, newItemsOn } from './new-job.ts'
import { Preparation } from './preparation.ts'
import { Timetable } from '../../core/timetable.ts'
import type { Cause, Ending, ItemRecord, JobRecord } from '../../jobs/records.ts'
import type { Clock } from '../../core/clock.ts'
import type { Demand, DemandCache } from '../demand.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { DocumentCache } from '../document-cache.ts'
import type { FileTexts, WebFiles } from '../ports.ts'
import type { JobDocument } from '../../model/job.ts'
import type { JobDraft, JobLauncher } from './job-launcher.ts'
import type { JobStore, StoreChange } from '../../jobs/store.ts'
import type { Logger } from '../../observe/logger.ts'
import type { PreparedJob } from './preparation.ts'
import type { Schedules } from './schedules.ts'
import type { Startable } from '../../core/startable.ts'
import type { StepContext } from '../../jobs/state.ts'

export interface PendingJobsComponents {
  clock: Clock
  demands: DemandCache
  dispatcher: Pick<Dispatcher, 'job'>
  documents: DocumentCache
  launcher: JobLauncher
  logger: Logger
  /** Milliseconds since 1970 that never jump. */
  nowMs: () => number
  schedules: Schedules
  store: JobStore
  texts: FileTexts
  web: WebFiles
  /** Called after every change of a pending job, its last one included, once that is stored. */
  onChanged: (job: JobRecord) => void
}

interface PendingJob {
  record: JobRecord
  demand: Demand
  /** Those of its needs that were not completed when it was last looked at. */
  openNeeds: readonly string[]
  /** Begun once nothing else is waited for. */
  preparation: Preparation | undefined
}

/** What a store that fails could not be told is tried again after so long. */
const AGAIN_MS = 5_000

export class PendingJobs implements Startable {
  readonly #components: PendingJobsComponents
  readonly #jobs = new Map<string, PendingJob>()
  readonly #dependents = new Dependents()
  readonly #locks = new NamedLocks()
  /** Jobs that are about to be looked at: an array job that ends tells so once for each of its items. */
  readonly #looks = new Set<string>()
  readonly #times: Timetable<string>
  /** What fell due before was missed. */
  readonly #startedAtMs: number
  #isStopped = false

  constructor(components: PendingJobsComponents) {
    this.#components = components
    this.#startedAtMs = components.nowMs()
    this.#times = new Timetable({ ...components, onDue: (id) => this.#look(id) })
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#times.clear()
    for (const { preparation } of this.#jobs.values()) preparation?.giveUp()
  }

  /** Takes a job that is on disk, new or from an earlier life of the router. @throws MeshError FIELD_INVALID */
  add(record: JobRecord): void {
    const demand = this.#components.demands.of(record.spec)
    this.#jobs.set(record.id, {
      record: { ...record, spec: demand.spec },
      demand,
      openNeeds: record.needs,
      preparation: undefined
    })
    this.#dependents.add(record)
    this.#look(record.id)
  }

  /** Takes a new job that is on disk to wherever it goes first. */
  begin(draft: JobDraft): void {
    if (draft.record.state === 'pending') this.add(draft.record)
    else this.#components.launcher.launch(draft)
  }

  /** The job while it is pending, or held before it was ever queued. */
  job(jobId: string): JobRecord | undefined {
    return this.#jobs.get(jobId)?.record
  }

  /** Items that will be queued; those of a schedule's runs are not there yet. */
  countItems(): number {
    let count = 0
    for (const { demand, record } of this.#jobs.values()) {
      count += demand.plan.schedule?.kind === 'cron' ? 1 : record.itemCount
    }
    return count
  }

  /** Whether a pending job still has to read what this one returned. */
  isNeeded(jobId: string): boolean {
    return this.#dependents.has(jobId)
  }

  /** A job has ended, and that is stored. */
  jobEnded({ id }: JobRecord): void {
    for (const dependent of this.#dependents.of(id)) this.#look(dependent)
  }

  /** Ends a job that is still pending; undefined if it is not. */
  async end(jobId: string, ending: Ending): Promise<JobRecord | undefined> {
    return await this.#alone(jobId, async (job) => await this.#end(job, ending))
  }

  /** As `end`. */
  async hold(jobId: string, cause: Cause): Promise<JobRecord | undefined> {
    return await this.#alone(jobId, async (job) => {
      if (job.record.isOnHold) return job.record
      this.#times.delete(jobId)
      giveUpPreparation(job)
      return await this.#change(job, heldPending(job.record, cause, this.#context(job)))
    })
  }

  /** As `end`. It waits on, or begins if there is nothing left to wait for. */
  async release(jobId: string, cause: Cause): Promise<JobRecord | undefined> {
    return await this.#alone(jobId, async (job) => {
      const { schedule } = job.demand.plan
      const again =
        schedule?.kind === 'cron' ? { dueAtMs: this.#components.schedules.nextMs(schedule) } : {}
      const next = releasedPending(job.record, { cause, ...again }, this.#context(job))
      await this.#change(job, next)
      this.#look(jobId)
      return next
    })
  }

  #look(jobId: string): void {
    if (this.#looks.has(jobId)) return
    this.#looks.add(jobId)
    this.#alone(jobId, async (job) => await this.#step(job)).catch((cause: unknown) => {
      const fields = { jobId, err: cause }
      this.#components.logger.error(fields, 'a pending job could not go on; it is tried again')
      this.#lookAt(jobId, this.#components.nowMs() + AGAIN_MS)
    })
  }

  /** One thing at a time happens to a job. */
  async #alone<T>(jobId: string, work: (job: PendingJob) => Promise<T>): Promise<T | undefined> {
    return await this.#locks.hold([jobId], async () => {
      // Whatever happens from here on is worth another look.
      this.#looks.delete(jobId)
      const job = this.#jobs.get(jobId)
      return job === undefined || this.#isStopped ? undefined : await work(job)
    })
  }

  async #step(job: PendingJob): Promise<void> {
    try {
      await this.#advance(job)
    } catch (cause) {
      const error = MeshError.from(cause)
      if (error.retryable) throw error
      await this.#fail(job, error)
    }
  }

  async #advance(job: PendingJob): Promise<void> {
    const { nowMs, schedules } = this.#components
    const failed = await this.#failedNeed(job)
    if (failed !== undefined) return await this.#fail(job, failed)
    const { demand, openNeeds, record } = job
    if (record.isOnHold || openNeeds.length > 0) return
    const dueAtMs = record.dueAtMs ?? 0
    if (dueAtMs > nowMs()) return this.#lookAt(record.id, dueAtMs)
    const { schedule: plan } = demand.plan
    if (plan?.kind !== 'cron') return await this.#prepare(job)
    const isMissed = dueAtMs < this.#startedAtMs
    const { draft, schedule } = await schedules.fire({ record, plan, dueAtMs, isMissed })
    job.record = schedule
    if (draft !== undefined) this.begin(draft)
    this.#components.onChanged(job.record)
    this.#lookAt(record.id, job.record.dueAtMs ?? 0)
  }

  /** Looks what has become of its needs. */
  async #failedNeed(job: PendingJob): Promise<MeshError | undefined> {
    const found = await Promise.all(
      job.openNeeds.map(async (id) => ({ id, need: await this.find(id) }))
    )
    const lost = found.find(
      ({ need }) => need === undefined || need.state === 'failed' || need.state === 'stopped'
    )
    if (lost !== undefined) {
      const path = `needs[${job.record.needs.indexOf(lost.id)}]`
      return needFailed({ job: lost.id, path }, lost.need)
    }
    job.openNeeds = found.filter(({ need }) => need?.state !== 'completed').map(({ id }) => id)
    return undefined
  }

  /** Any job as it is now. */
  async find(jobId: string): Promise<JobRecord | undefined> {
    const { dispatcher, store } = this.#components
    return dispatcher.job(jobId)?.shownRecord ?? this.job(jobId) ?? (await store.job(jobId))
  }

  /** Has all put into its document that is to be there; it is looked at again after that, and begins. */
  async #prepare(job: PendingJob): Promise<void> {
    const { demand, preparation, record } = job
    if (preparation === undefined) {
      const find = async (id: string): Promise<JobRecord | undefined> => await this.find(id)
      const init = {
        record,
        plan: demand.plan,
        onNote: (cause: Cause) => this.#note(record.id, cause),
        onDone: () => this.#look(record.id)
      }
      job.preparation = new Preparation({ ...this.#components, find }, init)
      return
    }
    const { outcome } = preparation
    if (outcome === undefined) return
    if (!(outcome instanceof MeshError)) return await this.#begin(job, outcome)
    // What may go better is begun anew at the next look.
    job.preparation = undefined
    throw outcome
  }

  #note(jobId: string, cause: Cause): void {
    this.#alone(jobId, async (job) => {
      await this.#change(job, noted(job.record, cause, this.#components.nowMs()))
    }).catch((error: unknown) => {
      this.#components.logger.warn({ jobId, err: error }, 'a note on a job could not be stored')
    })
  }

  async #begin(job: PendingJob, { document, resolved }: PreparedJob): Promise<void> {
    const { documents, launcher, onChanged, store } = this.#components
    const { demand, record } = job
    const items = this.#itemsOf(job, resolved)
    const next = begun(record, items, this.#context(job))
    const text = resolved === document ? undefined : JSON.stringify(resolved)
    const changes: StoreChange[] = [{ kind: 'job', job: next }]
    if (text !== undefined) changes.push({ kind: 'document', jobId: record.id, document: text })
    // Others have theirs on disk since they came in.
    if (demand.plan.ops === 'every')
      changes.push(...items.map((item) => ({ kind: 'item' as const, item })))
    await store.apply(changes)
    if (text !== undefined) documents.keep(record.id, resolved, text.length)
    this.#forget(record)
    launcher.launch({ record: next, items, demand })
    onChanged(next)
  }

  #itemsOf({ demand, record }: PendingJob, document: JobDocument): ItemRecord[] {
    return demand.plan.ops === 'every'
      ? newItemsOn(record.id, this.#components.launcher.workersFor(demand))
      : newItems(record.id, document)
  }

  async #fail(job: PendingJob, error: MeshError): Promise<void> {
    const data = error.toData()
    await this.#end(job, { state: 'failed', cause: causeOf(data), error: data })
  }

  async #end(job: PendingJob, ending: Ending): Promise<JobRecord> {
    const { documents, store } = this.#components
    giveUpPreparation(job)
    const items = await store.items(job.record.id, { limit: LIMITS.jobItemsMax })
    const ended = endedPending(job.record, items, { context: this.#context(job), ending })
    await this.#change(
      job,
      ended.job,
      ended.items.map((item) => ({ kind: 'item', item }))
    )
    this.#forget(ended.job)
    documents.forget(ended.job.id)
    this.jobEnded(ended.job)
    return ended.job
  }

  async #change(
    job: PendingJob,
    next: JobRecord,
    more: readonly StoreChange[] = []
  ): Promise<JobRecord> {
    await this.#components.store.apply([{ kind: 'job', job: next }, ...more])
    job.record = next
    this.#components.onChanged(next)
    return next
  }

  #forget(record: JobRecord): void {
    this.#jobs.delete(record.id)
    this.#times.delete(record.id)
    this.#dependents.delete(record)
  }

  #lookAt(jobId: string, atMs: number): void {
    if (!this.#isStopped) this.#times.set(jobId, atMs)
  }

  #context({ demand }: PendingJob): StepContext {
    return { nowMs: this.#components.nowMs(), keep: demand.plan.keep }
  }
}

function giveUpPreparation(job: PendingJob): void {
  job.preparation?.giveUp()
  job.preparation = undefined
}
