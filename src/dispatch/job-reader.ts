/** What people can ask about jobs: lists, states, results, decisions, and to be told of changes. It changes nothing. */
import { deferred } from '../core/abort.ts'
import { MeshError } from '../core/errors.ts'
import { isTerminal } from '../jobs/records.ts'
import { attemptView, itemView, jobEvent, jobView } from './job-views.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { AttemptView, ItemView, JobView } from '../model/generated/api-job.ts'
import type { Clock } from '../core/clock.ts'
import type { DecisionRecord } from '../model/generated/decision.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { ItemState, JobRecord, JobState } from '../jobs/records.ts'
import type { JobEvent } from '../model/generated/api-job-event.ts'
import type { JobStore } from '../jobs/store.ts'
import type { JobWatchers } from './job-watchers.ts'

export interface JobReaderComponents {
  store: JobStore
  dispatcher: Dispatcher
  watchers: JobWatchers
  clock: Clock
  /** Milliseconds since 1970 that never jump. */
  nowMs: () => number
}

/** An ambiguous prefix is answered with so many of the ids that it begins. */
const CANDIDATE_IDS_MAX = 3

export class JobReader {
  readonly #components: JobReaderComponents

  constructor(components: JobReaderComponents) {
    this.#components = components
  }

  /** A job by its id or any unique prefix of it. */
  async find(id: string): Promise<JobRecord> {
    const { store } = this.#components
    const active = this.#components.dispatcher.job(id)
    if (active !== undefined) return active.shownRecord
    const exact = await store.job(id)
    if (exact !== undefined) return exact
    const ids = await store.idsWithPrefix(id, CANDIDATE_IDS_MAX)
    if (ids.length > 1) {
      throw new MeshError(
        'ID_AMBIGUOUS',
        `"${id}" begins more than one job id: ${ids.join(', ')}`,
        {
          hint: 'write more letters of it'
        }
      )
    }
    const found = ids[0] === undefined ? undefined : await store.job(ids[0])
    if (found === undefined) {
      throw new MeshError('JOB_NOT_FOUND', `there is no job "${id}" here`, {
        hint: 'see `taskmesh job list`; jobs live on the router they were submitted to'
      })
    }
    return this.#components.dispatcher.job(found.id)?.shownRecord ?? found
  }

  /** Newest first. */
  async list(filter: {
    state?: string
    labels?: Record<string, string>
    after?: string
    limit: number
  }): Promise<JobView[]> {
    const { after, labels, limit } = filter
    const state = filter.state as JobState | undefined
    const jobs = await this.#components.store.jobs({ state, labels, after, limit })
    return jobs.map((job) => this.#view(job))
  }

  /** @throws MeshError JOB_NOT_FOUND, ID_AMBIGUOUS */
  async describe(id: string): Promise<JobView> {
    return await this.#describe(await this.find(id))
  }

  /** Resolves when the job has ended, or when the time is up. @throws the signal's reason */
  async wait(id: string, options: AbortOptions & { timeoutMs: number }): Promise<JobView> {
    const { signal, timeoutMs } = options
    signal?.throwIfAborted()
    const job = await this.find(id)
    const { promise, resolve, reject } = deferred<void>()
    const unwatch = this.#components.watchers.add(job.id, ({ job: record }) => {
      if (isTerminal(record.state)) resolve()
    })
    const cancel = this.#components.clock.after(timeoutMs, resolve)
    const onAbort = (): void => reject(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      // Either may have come between the look and the watch.
      if (isTerminal((await this.find(job.id)).state)) resolve()
      if (signal?.aborted === true) onAbort()
      await promise
    } finally {
      cancel()
      unwatch()
      signal?.removeEventListener('abort', onAbort)
    }
    return await this.#describe(await this.find(job.id))
  }

  async items(
    id: string,
    filter: { state?: string; after?: number; limit: number }
  ): Promise<ItemView[]> {
    const { store } = this.#components
    const job = await this.find(id)
    const state = filter.state as ItemState | undefined
    const items = await store.items(job.id, { state, after: filter.after, limit: filter.limit })
    const outputs = await store.outputs(
      job.id,
      items.map((item) => item.index)
    )
    return items.map((item) => itemView(item, outputs.get(item.index)))
  }

  async attempts(
    id: string,
    filter: { item?: string; after?: number; limit: number }
  ): Promise<AttemptView[]> {
    const { store } = this.#components
    const { after, item, limit } = filter
    const job = await this.find(id)
    const itemIndex = item === undefined ? undefined : await this.#indexOf(job.id, item)
    const attempts = await store.attempts(job.id, { after, limit, itemIndex })
    const indexes = new Set(attempts.map((attempt) => attempt.itemIndex))
    const items = await store.itemsAt(job.id, [...indexes])
    const ids = new Map(items.map(({ id: itemId, index }) => [index, itemId]))
    return attempts.map((attempt) =>
      attemptView(attempt, ids.get(attempt.itemIndex) ?? String(attempt.itemIndex))
    )
  }

  /** Why an attempt went where it went. @throws MeshError NOT_FOUND when it was not yet sent anywhere */
  async explain(id: string, which: { item?: string; attempt?: number }): Promise<DecisionRecord> {
    const { dispatcher, store } = this.#components
    const job = await this.find(id)
    const index = which.item === undefined ? 0 : await this.#indexOf(job.id, which.item)
    const decision = await store.decision(job.id, index, which.attempt)
    if (decision !== undefined) return JSON.parse(decision) as DecisionRecord
    const active = dispatcher.job(job.id)
    const outlook = active === undefined ? undefined : dispatcher.outlook(active, index)
    if (which.attempt === undefined && outlook !== undefined) {
      return { ...outlook.explain(), job_id: job.id, item: index, chosen: null, draw: null }
    }
    throw new MeshError('NOT_FOUND', `there is no such attempt of ${job.id}`, {
      hint: `see \`taskmesh job attempts ${job.id}\``
    })
  }

  /** The state now, then each change. Resolves to what ends it. */
  async watch(id: string, onEvent: (event: JobEvent) => void): Promise<() => void> {
    const { dispatcher, nowMs, watchers } = this.#components
    const job = await this.find(id)
    let isLive = false
    const unwatch = watchers.add(job.id, ({ job: record }) => {
      isLive = true
      onEvent(jobEvent(record, nowMs()))
    })
    const record = dispatcher.job(job.id)?.shownRecord ?? (await this.find(job.id))
    // What changed during the look has been told, and is newer.
    if (!isLive) onEvent(jobEvent(record, nowMs()))
    return unwatch
  }

  #view(job: JobRecord): JobView {
    const active = this.#components.dispatcher.job(job.id)
    const record = active?.shownRecord ?? job
    if (active === undefined || record.counts.running > 0) return jobView(record, null)
    return jobView(record, this.#components.dispatcher.outlook(active)?.summarise() ?? null)
  }

  /** With result, logs and worker where the job has no `each`. */
  async #describe(job: JobRecord): Promise<JobView> {
    const view = this.#view(job)
    if (job.itemCount > 1) return view
    const [item] = await this.items(job.id, { limit: 1 })
    if (item === undefined) return view
    const { logs, result, worker } = item
    return {
      ...view,
      ...(result === undefined ? {} : { result }),
      ...(logs === undefined ? {} : { logs }),
      worker
    }
  }

  async #indexOf(jobId: string, itemId: string): Promise<number> {
    const { store } = this.#components
    // Without ids of their own, items are called by their position.
    const position = /^\d{1,6}$/.test(itemId) ? Number(itemId) : undefined
    const [guess] = position === undefined ? [] : await store.itemsAt(jobId, [position])
    const index = guess?.id === itemId ? guess.index : await store.itemIndex(jobId, itemId)
    if (index === undefined) {
      throw new MeshError('NOT_FOUND', `the job has no item "${itemId}"`, { path: 'item' })
    }
    return index
  }
}
