/** The part of `ApiClient` that looks at jobs that are there and acts on them, one request at a time. */
import { LIMITS } from '../core/limits.ts'
import { jobPath } from './api-caller.ts'
import { FileApi } from './api-files.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { AttemptView, HistoryRow, ItemView, JobView } from '../model/generated/api-job.ts'
import type { DecisionRecord } from '../model/generated/decision.ts'
import type { JobDocument } from '../model/generated/job.ts'
import type { JobSort } from '../jobs/job-order.ts'
import type { LogEntry, LogView } from '../model/generated/api-log.ts'
import type { ReceiptView } from '../model/generated/api-receipt.ts'
import type { RerunRequest } from '../model/generated/api-rerun.ts'

export interface JobFilter {
  state?: JobView['state'] | undefined
  labels?: Readonly<Record<string, string>> | undefined
  /** PeerId, or `http` for jobs that came in through an API like this. */
  submitter?: string | undefined
  /** Only what this schedule or rerun made. */
  parent?: string | undefined
  /** How long ago at most (`1h`), or a moment (`2026-01-02T03:04:05Z`). */
  since?: string | undefined
  /** The beginning of an id, or a part of a name, in capitals or not. */
  text?: string | undefined
  /** By when they were created or, of those that have, ended; with `-` the latest first. @default '-created' */
  sort?: JobSort | undefined
  /** Only jobs listed behind the one with this id. */
  after?: string | undefined
  /** @default 100 */
  limit?: number | undefined
}

export interface ItemFilter {
  state?: ItemView['state'] | undefined
  /** Only items with an index above this. */
  after?: number | undefined
  /** @default 100 */
  limit?: number | undefined
}

export interface AttemptFilter {
  item?: string | undefined
  after?: number | undefined
  limit?: number | undefined
}

export interface LogFilter {
  /** May be left out for a job that has only one. */
  item?: string | undefined
  /** @default the newest */
  attempt?: number | undefined
  /** The last lines alone. */
  tail?: number | undefined
  stream?: LogEntry['stream'] | undefined
}

export interface WhichDecision {
  item?: string | undefined
  attempt?: number | undefined
  /** A worker, by any unique beginning or end of its PeerId. */
  whyNot?: string | undefined
}

export interface StopOptions extends AbortOptions {
  /** How long its tasks may still go on, such as `10s`. @default what the job says */
  killAfter?: string | undefined
}

export class JobApi extends FileApi {
  /**
   * One job, by any unique beginning of its id.
   * @throws MeshError JOB_NOT_FOUND, ID_AMBIGUOUS
   * @example
   * const { state, result } = await client.job('j-7m2k')
   */
  async job(id: string, options: AbortOptions = {}): Promise<JobView> {
    return this.get(jobPath(id), options)
  }

  /**
   * A page of jobs, newest first unless `sort` says otherwise.
   * @example
   * const running = await client.jobs({ state: 'running', labels: { team: 'media' }, since: '1h' })
   */
  async jobs(filter: JobFilter = {}, options: AbortOptions = {}): Promise<JobView[]> {
    const { labels = {}, text: q, ...rest } = filter
    const label = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
    return this.get('/v1/jobs', { ...options, query: { ...rest, label, q } })
  }

  /**
   * The document of a job, as it was submitted.
   * @example
   * await client.submit({ ...(await client.document(id)), key: 'once-more' })
   */
  async document(id: string, options: AbortOptions = {}): Promise<JobDocument> {
    return this.get(`${jobPath(id)}/document`, options)
  }

  /**
   * One page of a job's items, with their results. A page of large results may end before `limit`.
   * @example
   * const failed = await client.items(id, { state: 'failed', limit: 20 })
   */
  async items(
    id: string,
    filter: ItemFilter = {},
    options: AbortOptions = {}
  ): Promise<ItemView[]> {
    return this.get(`${jobPath(id)}/items`, { ...options, query: { ...filter } })
  }

  /**
   * All items of a job in their order, fetched page by page as they are read.
   * @example
   * for await (const item of client.allItems(id)) console.log(item.id, item.result)
   */
  async *allItems(
    id: string,
    filter: ItemFilter = {},
    options: AbortOptions = {}
  ): AsyncGenerator<ItemView, void, undefined> {
    let after = filter.after
    for (let hasMore = true; hasMore;) {
      // A page is asked for when the one before it has been read.
      // oxlint-disable-next-line no-await-in-loop
      const { value: page, headers } = await this.transport.request<ItemView[]>(
        `${jobPath(id)}/items`,
        { ...options, query: { limit: LIMITS.pageRowsMax, ...filter, after } }
      )
      yield* page
      after = page.at(-1)?.index
      hasMore = after !== undefined && headers.get('link')?.includes('rel="next"') === true
    }
  }

  /**
   * Every time that an item of the job was sent to a worker, and what came of it.
   * @example
   * const attempts = await client.attempts(id, { item: 'a' })
   */
  async attempts(
    id: string,
    filter: AttemptFilter = {},
    options: AbortOptions = {}
  ): Promise<AttemptView[]> {
    return this.get(`${jobPath(id)}/attempts`, { ...options, query: { ...filter } })
  }

  /**
   * What routers and workers have signed of the job's attempts; of a reused result, of the earlier run.
   * @example
   * for (const { order, receipt } of await client.receipts(id)) console.log(order, receipt)
   */
  async receipts(
    id: string,
    filter: AttemptFilter & { attempt?: number | undefined } = {},
    options: AbortOptions = {}
  ): Promise<ReceiptView[]> {
    return this.get(`${jobPath(id)}/receipts`, { ...options, query: { ...filter } })
  }

  /**
   * Everything that happened to a job and to the attempts of one item, oldest first.
   * @example
   * for (const { state, reason, by } of await client.history(id)) console.log(state, reason, by)
   */
  async history(
    id: string,
    which: { item?: string | undefined } = {},
    options: AbortOptions = {}
  ): Promise<HistoryRow[]> {
    return this.get(`${jobPath(id)}/history`, { ...options, query: which })
  }

  /**
   * Why an attempt went where it went: the last one, unless `attempt` names another. With `whyNot` the record lists
   * the chosen worker and that one alone.
   * @example
   * const { chosen, candidates } = await client.explain(id)
   */
  async explain(
    id: string,
    { whyNot, ...which }: WhichDecision = {},
    options: AbortOptions = {}
  ): Promise<DecisionRecord> {
    const query = { ...which, why_not: whyNot }
    return this.get(`${jobPath(id)}/explain`, { ...options, query })
  }

  /**
   * What an attempt has written up to now.
   * @example
   * const { entries } = await client.log(id, { tail: 20, stream: 'err' })
   */
  async log(id: string, filter: LogFilter = {}, options: AbortOptions = {}): Promise<LogView> {
    return this.get(`${jobPath(id)}/logs`, { ...options, query: { ...filter } })
  }

  /**
   * Stops a job: tells its tasks to end, and waits some seconds until they have.
   * @throws MeshError JOB_ENDED if it has ended already
   * @example
   * await client.stop(id, 'wrong input', { killAfter: '0s' })
   */
  async stop(id: string, reason?: string, options: StopOptions = {}): Promise<JobView> {
    const { killAfter, ...rest } = options
    const wish = {
      ...(reason === undefined ? {} : { reason }),
      ...(killAfter === undefined ? {} : { kill_after: killAfter })
    }
    return this.post(`${jobPath(id)}/stop`, wish, rest)
  }

  /**
   * Lets nothing more of a job begin; what runs goes on.
   * @throws MeshError JOB_ENDED
   * @example
   * await client.hold(id, 'the input is not there yet')
   */
  async hold(id: string, reason?: string, options: AbortOptions = {}): Promise<JobView> {
    return this.post(`${jobPath(id)}/hold`, reason === undefined ? {} : { reason }, options)
  }

  /**
   * Lets a held job go on.
   * @throws MeshError JOB_NOT_HELD
   * @example
   * await client.release(id)
   */
  async release(id: string, options: AbortOptions = {}): Promise<JobView> {
    return this.post(`${jobPath(id)}/release`, {}, options)
  }

  /**
   * Runs what failed of an ended job, or all of it, again as a new job.
   * @throws MeshError JOB_NOT_ENDED
   * @example
   * const { id: again } = await client.rerun(id, { set: { 'timeouts.run': '1h' } })
   */
  async rerun(
    id: string,
    request: RerunRequest = {},
    options: AbortOptions = {}
  ): Promise<JobView> {
    return this.post(`${jobPath(id)}/rerun`, request, options)
  }
}
