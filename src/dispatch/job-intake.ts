/**
 * How jobs come in, and how their owners end them: checks a document from outside, puts it on disk
 * before it is acknowledged, hands it to the dispatcher, and takes up what an earlier run left.
 */
import { deferred } from '../core/abort.ts'
import { newJobId } from '../core/ids.ts'
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { checkJob, encodeTask, itemCount, itemId } from '../model/job.ts'
import { resolveWeights } from '../selection/weights.ts'
import { selectWorker } from '../selection/select.ts'
import { ActiveJob } from './active-job.ts'
import { DemandCache } from './demand.ts'
import { jobView } from './job-views.ts'
import { recoverJob } from './job-recovery.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { CandidateSource } from './ports.ts'
import type { Demand } from './demand.ts'
import type { Dispatcher, FinishedItem } from './dispatcher.ts'
import type { DocumentCache } from './document-cache.ts'
import type { ItemRecord, JobRecord } from '../jobs/records.ts'
import type { JobDocument } from '../model/job.ts'
import type { JobReader } from './job-reader.ts'
import type { JobRecoveryComponents, Recovered } from './job-recovery.ts'
import type { JobStore } from '../jobs/store.ts'
import type { JobView } from '../model/generated/api-job.ts'
import type { JobWatchers } from './job-watchers.ts'
import type { Logger } from '../observe/logger.ts'
import type { PlanView } from '../model/generated/api-plan.ts'
import type { Random } from '../core/random.ts'
import type { SelectionRequest } from '../selection/candidate.ts'
import type { Startable } from '../core/startable.ts'

export interface JobIntakeComponents {
  dispatcher: Dispatcher
  documents: DocumentCache
  reader: JobReader
  source: CandidateSource
  store: JobStore
  watchers: JobWatchers
  logger: Logger
  random: Random
  /** Milliseconds since 1970 that never jump. */
  nowMs: () => number
}

export interface JobIntakeInit {
  /** The router's own preset and weights, where a job names none. */
  routeDefaults: SelectionRequest['defaults']
}

/** Enough to keep the store's thread busy, few enough to hold their documents. */
const RESUMED_AT_ONCE = 64

/** Of one unit of JavaScript's text. */
const UTF8_BYTES_PER_UNIT_MAX = 3

/** What a job gave, for a caller that waited for it. */
export interface Executed {
  job: JobRecord
  items: FinishedItem[]
}

export class JobIntake implements Startable {
  readonly #components: JobIntakeComponents
  readonly #demands: DemandCache
  readonly #recovery: JobRecoveryComponents
  readonly #resumed = deferred<void>()
  #nextOrder = 1

  constructor(components: JobIntakeComponents, init: JobIntakeInit) {
    this.#components = components
    this.#demands = new DemandCache(init.routeDefaults)
    this.#recovery = { ...components, demandOf: (document) => this.#demandOf(document) }
    this.#resumed.promise.catch(() => {})
  }

  /** Takes up the jobs that an earlier run of this router left unfinished; until then nothing new comes in. */
  async start(): Promise<void> {
    const jobs = await this.#components.store.unfinished()
    for (let first = 0; first < jobs.length; first += RESUMED_AT_ONCE) {
      const some = jobs.slice(first, first + RESUMED_AT_ONCE)
      const recovered = await Promise.all(some.map((job) => recoverJob(job, this.#recovery)))
      for (const one of recovered) this.#resume(one)
    }
    if (jobs.length > 0) this.#components.logger.info({ jobs: jobs.length }, 'jobs taken up again')
    this.#resumed.resolve()
  }

  async stop(): Promise<void> {
    this.#resumed.reject(new MeshError('STOPPING', 'the router is stopping'))
  }

  /**
   * Checks a job and puts it on disk; from then on it is not lost.
   * @throws MeshError FIELD_UNKNOWN, FIELD_MISSING, FIELD_INVALID, REQUEST_TOO_LARGE, STORE_FAILED
   */
  async submit(value: unknown, submitter: string): Promise<JobView> {
    const job = await this.#accept(value, submitter)
    this.#components.dispatcher.add(job)
    return jobView(job.record, null)
  }

  /** Submits a job and waits for its end. An aborted signal stops the waiting, not an accepted job. */
  async execute(value: unknown, submitter: string, options: AbortOptions = {}): Promise<Executed> {
    const { signal } = options
    signal?.throwIfAborted()
    const job = await this.#accept(value, submitter)
    const items: FinishedItem[] = []
    const room = { bytes: LIMITS.frameBytesMax }
    const { promise, resolve, reject } = deferred<Executed>()
    const unwatch = this.#components.watchers.add(job.record.id, ({ job: record, finished }) => {
      if (finished !== undefined) items.push(fitting(finished, room))
      if (items.length < record.itemCount) return
      if (room.bytes >= 0) resolve({ job: record, items })
      else reject(tooMuch(record.id))
    })
    const onAbort = (): void => reject(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#components.dispatcher.add(job)
    if (signal?.aborted === true) onAbort()
    try {
      return await promise
    } finally {
      unwatch()
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /** Where a job would go now, and why; nothing is stored. */
  async plan(value: unknown): Promise<PlanView> {
    const { request } = this.#demandOf(checkJob(value))
    const { nowMs, random, source } = this.#components
    const selection = selectWorker(request, source.candidates(), random.next(), nowMs())
    return {
      outcome: selection.outlook,
      summary: selection.summarise(),
      decision: selection.explain()
    }
  }

  /** @throws MeshError JOB_NOT_FOUND, ID_AMBIGUOUS, JOB_ENDED */
  async stopJob(id: string, reason: string): Promise<JobView> {
    const job = await this.#components.reader.find(id)
    const active = this.#components.dispatcher.job(job.id)
    if (active === undefined || active.hasEnded) {
      const { state } = active?.record ?? job
      throw new MeshError('JOB_ENDED', `${job.id} has already ended: it is ${state}`)
    }
    await this.#components.dispatcher.stopJob(active, reason)
    return jobView(active.record, null)
  }

  async #accept(value: unknown, submitter: string): Promise<ActiveJob> {
    const document = checkJob(value)
    const demand = this.#demandOf(document)
    const count = itemCount(document)
    const text = JSON.stringify(document)
    assertFits(document, text)
    await this.#resumed.promise
    const record = newJob(newJobId(this.#components.random), document, {
      demand,
      submitter,
      nowMs: this.#components.nowMs()
    })
    const items = Array.from({ length: count }, (_, index) => newItem(record.id, document, index))
    await this.#components.store.apply([
      { kind: 'job', job: record },
      { kind: 'document', jobId: record.id, document: text },
      ...items.map((item) => ({ kind: 'item' as const, item }))
    ])
    this.#components.documents.keep(record.id, document, text.length)
    return this.#activate(record, items, demand)
  }

  /** @throws MeshError FIELD_INVALID where a text does not parse or the weights make no score */
  #demandOf(document: JobDocument): Demand {
    const demand = this.#demands.of(document)
    resolveWeights(demand.request)
    return demand
  }

  #activate(record: JobRecord, items: readonly ItemRecord[], demand: Demand): ActiveJob {
    const order = this.#nextOrder
    this.#nextOrder += 1
    return new ActiveJob({ record, items, demand, order })
  }

  #resume({ demand, open, record }: Recovered): void {
    if (demand === undefined || open.length === 0) {
      const fields = { jobId: record.id, state: record.state, why: record.error?.message }
      this.#components.logger.warn(fields, 'job not taken up again')
      return
    }
    this.#components.dispatcher.add(this.#activate(record, open, demand))
  }
}

/** A task that would not fit is refused now, with its path, not when its turn comes. */
function assertFits(document: JobDocument, text: string): void {
  if (text.length > LIMITS.submissionBytesMax) {
    throw new MeshError(
      'REQUEST_TOO_LARGE',
      `the job is longer than ${LIMITS.submissionBytesMax} bytes`
    )
  }
  // A text of a third of the bytes can't be longer in UTF-8, and then no task of it is.
  if (text.length * UTF8_BYTES_PER_UNIT_MAX <= LIMITS.taskBytesMax) return
  for (let index = 0; index < itemCount(document); index += 1) encodeTask(document, index)
}

/** The item; without what it gave once there is no room for that. */
function fitting(finished: FinishedItem, room: { bytes: number }): FinishedItem {
  room.bytes -= (finished.output?.length ?? 0) + finished.logs.length
  return room.bytes < 0 ? { item: finished.item, output: null, logs: '' } : finished
}

function tooMuch(jobId: string): MeshError {
  return new MeshError(
    'TASK_OUTPUT_TOO_LARGE',
    `the results of ${jobId} are longer than ${LIMITS.frameBytesMax} bytes together`,
    { hint: `nothing is lost: read them page by page with \`taskmesh job items ${jobId}\`` }
  )
}

function newJob(
  id: string,
  document: JobDocument,
  init: { demand: Demand; submitter: string; nowMs: number }
): JobRecord {
  const count = itemCount(document)
  const { engine, priority } = init.demand.plan
  return {
    id,
    name: document.name ?? null,
    state: 'queued',
    engine,
    priority,
    labels: document.labels ?? {},
    submitter: init.submitter,
    itemCount: count,
    counts: { queued: count, running: 0, completed: 0, failed: 0, stopped: 0 },
    attemptCount: 0,
    createdAtMs: init.nowMs,
    startedAtMs: null,
    endedAtMs: null,
    error: null
  }
}

function newItem(jobId: string, document: JobDocument, index: number): ItemRecord {
  return {
    jobId,
    index,
    id: itemId(document.each?.[index], index),
    state: 'queued',
    attemptCount: 0,
    failureCount: 0,
    workerId: null,
    startedAtMs: null,
    endedAtMs: null,
    error: null
  }
}
