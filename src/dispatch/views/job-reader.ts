/** What people can ask about jobs: lists, states, results, attempts, decisions. It changes nothing. */
import { deferred } from '../../core/abort.ts'
import { LIMITS } from '../../core/limits.ts'
import { MeshError } from '../../core/errors.ts'
import { isAtRest, isTerminal } from '../../jobs/records.ts'
import { attemptView, historyRows, itemView, jobView } from './job-views.ts'
import { placeOf } from '../../jobs/job-order.ts'
import { readPlace, writePlace } from './job-places.ts'
import type { AbortOptions } from '../../core/abort.ts'
import type {
  AttemptRecord,
  ItemRecord,
  ItemState,
  JobRecord,
  JobState
} from '../../jobs/records.ts'
import type { AttemptView, HistoryRow, ItemView, JobView } from '../../model/generated/api-job.ts'
import type { Clock } from '../../core/clock.ts'
import type { DecisionRecord } from '../../model/generated/decision.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { JobSort } from '../../jobs/job-order.ts'
import type { JobStore } from '../../jobs/store.ts'
import type { JobWatchers } from './job-watchers.ts'

export interface JobReaderComponents {
  store: JobStore
  dispatcher: Pick<Dispatcher, 'job' | 'liveAttempts' | 'outlook'>
  watchers: JobWatchers
  clock: Clock
}

export interface JobListFilter {
  state?: string
  labels?: Record<string, string>
  submitter?: string
  parent?: string
  sinceMs?: number
  text?: string
  sort?: JobSort
  after?: string
  limit: number
}

export interface JobPage {
  rows: JobView[]
  /** The `after` of the next page, if there may be one. */
  next: string | undefined
}

/** An ambiguous prefix is answered with so many of the ids that it begins. */
const CANDIDATE_IDS_MAX = 3

export class JobReader {
  readonly #components: JobReaderComponents

  constructor(components: JobReaderComponents) {
    this.#components = components
  }

  /** A job by its id or any unique prefix of it. @throws MeshError JOB_NOT_FOUND, ID_AMBIGUOUS */
  async find(id: string): Promise<JobRecord> {
    const { dispatcher, store } = this.#components
    const active = dispatcher.job(id)
    if (active !== undefined) return active.shownRecord
    const exact = await store.job(id)
    if (exact !== undefined) return exact
    const ids = await store.idsWithPrefix(id, CANDIDATE_IDS_MAX)
    if (ids.length > 1) {
      throw new MeshError(
        'ID_AMBIGUOUS',
        `"${id}" begins more than one job id: ${ids.join(', ')}`,
        { hint: 'write more letters of it' }
      )
    }
    const found = ids[0] === undefined ? undefined : await store.job(ids[0])
    if (found === undefined) {
      throw new MeshError('JOB_NOT_FOUND', `there is no job "${id}" here`, {
        hint: 'see `taskmesh job list`; jobs live on the router they were submitted to'
      })
    }
    return dispatcher.job(found.id)?.shownRecord ?? found
  }

  /** The whole id. @throws MeshError JOB_NOT_FOUND, ID_AMBIGUOUS */
  async jobId(id: string): Promise<string> {
    return (await this.find(id)).id
  }

  /** A page of jobs, and behind what the next one begins. @throws MeshError FIELD_INVALID for a wrong `after` */
  async list({ after, parent: parentId, state, ...same }: JobListFilter): Promise<JobPage> {
    const { store } = this.#components
    const { limit, sort, text } = same
    const find = (id: string): Promise<JobRecord | undefined> => store.job(id)
    const start = after === undefined ? undefined : await readPlace(after, sort, find)
    const jobs = await store.jobs({
      ...same,
      after: start,
      parentId,
      state: state as JobState | undefined
    })
    const last = jobs.length === limit ? jobs.at(-1) : undefined
    // A search looks at so many jobs at a time: with less than a page found, it may not be at the end.
    const next =
      last === undefined ? await store.searchEnd({ after: start, sort, text }) : placeOf(last, sort)
    return {
      rows: jobs.map((job) => this.#view(job)),
      next: next && writePlace(next)
    }
  }

  /** As the list has it, but for why it waits: that would have to be found out among all workers. */
  glance(job: JobRecord): JobView {
    const record = this.#components.dispatcher.job(job.id)?.shownRecord ?? job
    return jobView(record, reasonOf(record) ?? null)
  }

  /** With result, logs, progress and worker where the job has no `each`. @throws MeshError JOB_NOT_FOUND, ID_AMBIGUOUS */
  async describe(id: string): Promise<JobView> {
    const { store } = this.#components
    const job = await this.find(id)
    const view = this.#view(job)
    if (job.itemCount > 1) return view
    const [item] = await this.items(job.id, { limit: 1 })
    if (item === undefined) return view
    const { attempts, worker } = item
    const entries = attempts === 0 ? [] : await store.log(job.id, item.index, attempts)
    return {
      ...view,
      ...pick(item, ['result', 'outputs', 'output_file', 'reused_from', 'verified', 'progress']),
      ...(entries.length === 0 ? {} : { logs: entries.map(({ text }) => text).join('') }),
      worker
    }
  }

  /** The document as it was submitted. */
  async document(id: string): Promise<unknown> {
    const { id: jobId } = await this.find(id)
    const text = await this.#components.store.document(jobId)
    if (text === undefined) throw new MeshError('NOT_FOUND', `the document of ${jobId} is not here`)
    return JSON.parse(text)
  }

  /** Resolves when the job has ended or is held, or when the time is up. @throws the signal's reason */
  async wait(id: string, options: AbortOptions & { timeoutMs: number }): Promise<JobView> {
    const { signal, timeoutMs } = options
    signal?.throwIfAborted()
    const job = await this.find(id)
    const { promise, resolve, reject } = deferred<void>()
    const unwatch = this.#components.watchers.add(job.id, ({ job: record }) => {
      if (isAtRest(record.state)) resolve()
    })
    const cancel = this.#components.clock.after(timeoutMs, resolve)
    const onAbort = (): void => reject(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      // Either may have come between the look and the watch.
      if (isAtRest((await this.find(job.id)).state)) resolve()
      if (signal?.aborted === true) onAbort()
      await promise
    } finally {
      cancel()
      unwatch()
      signal?.removeEventListener('abort', onAbort)
    }
    return await this.describe(job.id)
  }

  async items(
    id: string,
    filter: { state?: string; after?: number; limit: number }
  ): Promise<ItemView[]> {
    const { store } = this.#components
    const job = await this.find(id)
    const state = filter.state as ItemState | undefined
    const items = await store.items(job.id, { state, after: filter.after, limit: filter.limit })
    const completed = items.filter((item) => item.state === 'completed')
    const outputs = await store.outputs(
      job.id,
      completed.map(({ index }) => index)
    )
    return items.map((item) => itemView(item, outputs.get(item.index), this.#progressOf(item)))
  }

  async attempts(
    id: string,
    filter: { item?: string; after?: number; limit: number }
  ): Promise<AttemptView[]> {
    const { store } = this.#components
    const { after, item, limit } = filter
    const job = await this.find(id)
    const itemIndex = item === undefined ? undefined : await this.indexOf(job.id, item)
    const attempts = await store.attempts(job.id, { after, limit, itemIndex })
    const indexes = new Set(attempts.map((attempt) => attempt.itemIndex))
    const items = await store.itemsAt(job.id, [...indexes])
    const ids = new Map(items.map(({ id: itemId, index }) => [index, itemId]))
    return attempts.map((attempt) =>
      attemptView(this.#asNow(attempt), ids.get(attempt.itemIndex) ?? String(attempt.itemIndex))
    )
  }

  /** What happened to the job and, named or alone, to one item's attempts, oldest first. */
  async history(id: string, { item: itemId }: { item?: string }): Promise<HistoryRow[]> {
    const { store } = this.#components
    const job = await this.find(id)
    if (itemId === undefined && job.itemCount > 1) return historyRows(job, [], '')
    const index = itemId === undefined ? 0 : await this.indexOf(job.id, itemId)
    const [item] = await store.itemsAt(job.id, [index])
    const limit = LIMITS.pageRowsMax
    const attempts = await store.attempts(job.id, { itemIndex: index, limit })
    const asNow = attempts.map((attempt) => this.#asNow(attempt))
    return historyRows(job, asNow, item?.id ?? String(index))
  }

  /** Why an attempt went where it went. @throws MeshError NOT_FOUND when it was not yet sent anywhere */
  async explain(id: string, which: { item?: string; attempt?: number }): Promise<DecisionRecord> {
    const { dispatcher, store } = this.#components
    const job = await this.find(id)
    const index = which.item === undefined ? 0 : await this.indexOf(job.id, which.item)
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

  /** Of an item by its id. @throws MeshError NOT_FOUND */
  async indexOf(jobId: string, itemId: string): Promise<number> {
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

  #view(job: JobRecord): JobView {
    const { dispatcher } = this.#components
    const active = dispatcher.job(job.id)
    const record = active?.shownRecord ?? job
    const reason = reasonOf(record)
    if (reason !== undefined || active === undefined) return jobView(record, reason ?? null)
    if (record.counts.running > 0 && active.openCount > 0) {
      return jobView(record, this.#isFetching(record) ? FETCHING : null)
    }
    const outlook = dispatcher.outlook(active)
    const summary = outlook?.summarise() ?? null
    // Workers that could take it, and do not, know better why.
    const isRefused = outlook?.outlook === 'can_start' && active.lastRefusal !== undefined
    return jobView(record, isRefused ? `${summary}, but: ${active.lastRefusal}` : summary)
  }

  /** An attempt as it is now, where that is not stored yet. */
  #asNow(attempt: AttemptRecord): AttemptRecord {
    const live = this.#components.dispatcher.liveAttempts(attempt.jobId, attempt.itemIndex)
    return live.find(({ number }) => number === attempt.number) ?? attempt
  }

  /** Whether the only task has its slot, and not yet its inputs. */
  #isFetching({ id, itemCount }: JobRecord): boolean {
    if (itemCount > 1) return false
    const live = this.#components.dispatcher.liveAttempts(id, 0)
    return live.length > 0 && live.every(({ state }) => state === 'fetching')
  }

  #progressOf({ index, jobId, state }: ItemRecord): AttemptRecord['progress'] {
    if (state !== 'running') return null
    const live = this.#components.dispatcher.liveAttempts(jobId, index)
    // Of copies, the one that is furthest speaks for all.
    const ranked = live.flatMap(({ progress }) => progress ?? [])
    return ranked.toSorted((left, right) => (right.ratio ?? 0) - (left.ratio ?? 0))[0] ?? null
  }
}

/** Those of its fields that it has. */
function pick<T extends object, K extends keyof T>(
  from: T,
  keys: readonly K[]
): Partial<Pick<T, K>> {
  const entries = keys.flatMap((key) =>
    from[key] === undefined ? [] : [[key, from[key]] as const]
  )
  return Object.fromEntries(entries) as Partial<Pick<T, K>>
}

const ON_HOLD = 'its owner holds it back; nothing of it begins until it is released'

const FETCHING = 'its inputs, which its worker fetches from the mesh'

/** Why it does not go on, where that stands in the job itself; undefined where others must be asked. */
function reasonOf(record: JobRecord): string | null | undefined {
  if (record.isOnHold && !isTerminal(record.state)) return ON_HOLD
  return record.state === 'pending' ? describePending(record) : undefined
}

function describePending({ dueAtMs, needs }: JobRecord): string | null {
  if (dueAtMs !== null) return `its time comes at ${new Date(dueAtMs).toISOString()}`
  if (needs.length === 0) return null
  const what = needs.length === 1 ? `${needs[0]} is` : `the ${needs.length} jobs it needs are`
  return `it begins once ${what} completed`
}
