/**
 * How jobs come in, and how their owners end them: checks a document from outside, puts it on disk
 * before it is acknowledged, hands it to the dispatcher, and takes up what an earlier run left.
 */
import { deferred } from '../core/abort.ts'
import { newJobId } from '../core/ids.ts'
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { isTerminal } from '../jobs/records.ts'
import { checkJob, compileJob, encodeTask, itemCount, itemId } from '../model/job.ts'
import { resolveWeights } from '../selection/weights.ts'
import { selectWorker } from '../selection/select.ts'
import { ActiveJob, requestOf } from './active-job.ts'
import { jobView } from './job-views.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { CandidateSource } from './ports.ts'
import type { Dispatcher, FinishedItem } from './dispatcher.ts'
import type { DocumentCache } from './document-cache.ts'
import type { ItemRecord, JobRecord } from '../jobs/records.ts'
import type { JobDocument, JobPlan } from '../model/job.ts'
import type { JobReader } from './job-reader.ts'
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

/** What a job gave, for a caller that waited for it. */
export interface Executed {
  job: JobRecord
  items: FinishedItem[]
}

export class JobIntake implements Startable {
  readonly #components: JobIntakeComponents
  readonly #init: JobIntakeInit
  #nextOrder = 1

  constructor(components: JobIntakeComponents, init: JobIntakeInit) {
    this.#components = components
    this.#init = init
  }

  /** Takes up the jobs that an earlier run of this router left unfinished. */
  async start(): Promise<void> {
    for (const job of await this.#components.store.unfinished()) await this.#resume(job)
  }

  async stop(): Promise<void> {}

  /**
   * Checks a job and puts it on disk; from then on it is not lost.
   * @throws MeshError FIELD_UNKNOWN, FIELD_MISSING, FIELD_INVALID, REQUEST_TOO_LARGE, STORE_FAILED
   */
  async submit(value: unknown, submitter: string): Promise<JobView> {
    const job = await this.#accept(value, submitter)
    this.#components.dispatcher.add(job)
    return jobView(job.record, null)
  }

  /** Submits a job and waits for its end. An aborted signal stops the waiting, not the job. */
  async execute(value: unknown, submitter: string, options: AbortOptions = {}): Promise<Executed> {
    const job = await this.#accept(value, submitter)
    const items: FinishedItem[] = []
    const { promise, resolve, reject } = deferred<Executed>()
    const unwatch = this.#components.watchers.add(job.record.id, ({ job: record, finished }) => {
      if (finished !== undefined) items.push(finished)
      if (items.length === record.itemCount) resolve({ job: record, items })
    })
    const onAbort = (): void => reject(options.signal?.reason)
    options.signal?.addEventListener('abort', onAbort, { once: true })
    this.#components.dispatcher.add(job)
    try {
      return await promise
    } finally {
      unwatch()
      options.signal?.removeEventListener('abort', onAbort)
    }
  }

  /** Where a job would go now, and why; nothing is stored. */
  async plan(value: unknown): Promise<PlanView> {
    const plan = compileJob(checkJob(value))
    const { nowMs, random, source } = this.#components
    const request = requestOf(plan, this.#init.routeDefaults)
    const selection = selectWorker(request, source.candidates(), random.next(), nowMs())
    return {
      outcome: selection.outlook,
      summary: selection.summarise(),
      decision: selection.explain()
    }
  }

  /** @throws MeshError JOB_ENDED */
  async stopJob(id: string, reason: string): Promise<JobView> {
    const job = await this.#components.reader.find(id)
    const active = this.#components.dispatcher.job(job.id)
    if (active === undefined) throw new MeshError('JOB_ENDED', `${job.id} has already ${job.state}`)
    await this.#components.dispatcher.stopJob(active, reason)
    return jobView(active.record, null)
  }

  async #accept(value: unknown, submitter: string): Promise<ActiveJob> {
    const document = checkJob(value)
    const plan = compileJob(document)
    resolveWeights({ route: plan.route, defaults: this.#init.routeDefaults })
    const count = itemCount(document)
    const text = JSON.stringify(document)
    if (text.length > LIMITS.submissionBytesMax) {
      throw new MeshError(
        'REQUEST_TOO_LARGE',
        `the job is longer than ${LIMITS.submissionBytesMax} bytes`
      )
    }
    // A task that would not fit is refused now, with its path, not when its turn comes.
    if (text.length > LIMITS.taskBytesMax) {
      for (let index = 0; index < count; index += 1) encodeTask(document, index)
    }
    const record = newJob(newJobId(this.#components.random), plan, {
      submitter,
      itemCount: count,
      nowMs: this.#components.nowMs()
    })
    const items = Array.from({ length: count }, (_, index) => newItem(record.id, document, index))
    await this.#components.store.apply([
      { kind: 'job', job: record },
      { kind: 'document', jobId: record.id, document: text },
      ...items.map((item) => ({ kind: 'item' as const, item }))
    ])
    this.#components.documents.keep(record.id, document, text.length)
    return this.#activate(record, items, plan)
  }

  #activate(record: JobRecord, items: readonly ItemRecord[], plan: JobPlan): ActiveJob {
    const order = this.#nextOrder
    this.#nextOrder += 1
    return new ActiveJob({ record, items, plan, order, defaults: this.#init.routeDefaults })
  }

  async #resume(job: JobRecord): Promise<void> {
    const { logger, store } = this.#components
    const text = await store.document(job.id)
    if (text === undefined) {
      logger.error({ jobId: job.id }, 'a job has no document; it is left as it is')
      return
    }
    const plan = compileJob(JSON.parse(text) as JobDocument)
    const items = (await store.items(job.id, { limit: LIMITS.jobItemsMax }))
      .filter((item) => !isTerminal(item.state))
      // Whoever ran it lost its router; the result, if one came, has gone with it.
      .map((item): ItemRecord => (item.state === 'running' ? { ...item, state: 'queued' } : item))
    const running = job.counts.running
    const counts = { ...job.counts, running: 0, queued: job.counts.queued + running }
    this.#components.dispatcher.add(this.#activate({ ...job, counts }, items, plan))
    logger.info({ jobId: job.id, items: items.length }, 'job taken up again')
  }
}

function newJob(
  id: string,
  plan: JobPlan,
  init: { submitter: string; itemCount: number; nowMs: number }
): JobRecord {
  return {
    id,
    name: plan.name ?? null,
    state: 'queued',
    engine: plan.engine,
    priority: plan.priority,
    labels: plan.labels,
    submitter: init.submitter,
    itemCount: init.itemCount,
    counts: { queued: init.itemCount, running: 0, completed: 0, failed: 0, stopped: 0 },
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
