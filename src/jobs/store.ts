/**
 * Where jobs live. A change is durable when `apply` has resolved; that is the moment at which a
 * submission may be acknowledged. All stores pass test/conformance/job-store-suite.ts.
 */
import type { JobPlace, JobSort } from './job-order.ts'
import type { Startable } from '../core/startable.ts'
import type { LogEntry } from '../model/generated/commands-execute-task.ts'
import type { AttemptRecord, ItemRecord, ItemState, JobRecord, JobState } from './records.ts'

/** One row to write. Records replace earlier ones with the same key. */
export type StoreChange =
  /** With `key`, `parentId`, `forgetAtMs` and `forgetLogsAtMs` it also changes what the queries below find. */
  | { kind: 'job'; job: JobRecord }
  /** The job's document as JSON text. */
  | { kind: 'document'; jobId: string; document: string }
  | { kind: 'item'; item: ItemRecord }
  /** What a completed item returned (JSON text). */
  | { kind: 'output'; jobId: string; itemIndex: number; output: string }
  /** Tasks with this key may use what that item returned; one item has the key at a time, the last one written. */
  | { kind: 'result'; key: string; jobId: string; itemIndex: number }
  | { kind: 'attempt'; attempt: AttemptRecord }
  /** Entries of an attempt's log, the first of which has the number `from`. The same `from` replaces. */
  | {
      kind: 'log'
      jobId: string
      itemIndex: number
      attempt: number
      from: number
      entries: readonly LogEntry[]
    }
  /** The decision record of one attempt, as JSON text. `atMs` is what `decisions` lists it by. */
  | {
      kind: 'decision'
      jobId: string
      itemIndex: number
      attempt: number
      atMs: number
      decision: string
    }
  /** What router and worker have signed of one attempt, each in base64. */
  | ({ kind: 'receipt'; jobId: string; itemIndex: number; attempt: number } & StoredReceipt)
  /** Takes away everything of a job, its key too. */
  | { kind: 'forget'; jobId: string }
  /** Takes away the logs of all its attempts; until the job is written again, `forgettable` does not name it. */
  | { kind: 'forgetLogs'; jobId: string }
  /** Takes away the decision records made before a moment, the oldest first, `limit` at most. */
  | { kind: 'forgetDecisions'; beforeMs: number; limit: number }
  /** A small named document of the router itself, such as its reputation ledger. */
  | { kind: 'note'; name: string; text: string }

export interface StoredReceipt {
  /** The router's order. */
  order: string
  /** The worker's receipt of it. */
  receipt: string
}

export interface JobFilter {
  state?: JobState | undefined
  /** Exact label matches. */
  labels?: Readonly<Record<string, string>> | undefined
  submitter?: string | undefined
  /** Runs of this schedule and reruns of this job. */
  parentId?: string | undefined
  /** Only jobs created at this time or later. */
  sinceMs?: number | undefined
  /** The beginning of an id, if it looks like one; else a part of a name, in capitals or not. */
  text?: string | undefined
  /** @default '-created' */
  sort?: JobSort | undefined
  /** Only jobs listed behind this place; the job that was there need not be there any more. */
  after?: JobPlace | undefined
  limit: number
}

export interface ItemFilter {
  state?: ItemState | undefined
  /** Only items with an index above this. */
  after?: number | undefined
  limit: number
}

/** Which jobs `unfinished` gives: those behind the last one of the page before. */
export interface PageAfter {
  after?: JobRecord | undefined
  limit: number
}

/** Which decisions `decisions` gives: of all jobs, from a moment on, those behind the last one of the page before. */
export interface DecisionFilter {
  sinceMs: number
  after?: { atMs: number; jobId: string; itemIndex: number; attempt: number } | undefined
  limit: number
}

/** What of a filter decides how far a search gets. */
export type JobSearch = Pick<JobFilter, 'after' | 'sort' | 'text'>

export interface JobStore extends Startable {
  /**
   * Writes all changes or none. Calls made close together may share one commit; their order is kept.
   * Reads see every call made before them. Text is kept as UTF-8: half a surrogate pair becomes U+FFFD.
   * A job's rows may come before the job itself.
   * @throws MeshError STORE_FAILED; QUEUE_FULL when too much waits for the disk
   */
  apply(changes: readonly StoreChange[]): Promise<void>
  job(jobId: string): Promise<JobRecord | undefined>
  /** The newest of the submitter's jobs with this key, as `jobs` has them. */
  jobByKey(submitter: string, key: string): Promise<JobRecord | undefined>
  /** Ids of the jobs whose id begins so, `limit` at most. */
  idsWithPrefix(prefix: string, limit: number): Promise<string[]>
  /** How many jobs there are in each state that some have. */
  jobCounts(): Promise<Partial<Record<JobState, number>>>
  jobs(filter: JobFilter): Promise<JobRecord[]>
  /**
   * Where a search for a part of a name stopped looking: at the last job that it looked at, if there are more
   * behind that. A search looks at so many names at most, so that nobody else waits long for the store.
   */
  searchEnd(filter: JobSearch): Promise<JobPlace | undefined>
  document(jobId: string): Promise<string | undefined>
  /** By index. */
  items(jobId: string, filter: ItemFilter): Promise<ItemRecord[]>
  /** The items with these indexes, in their order; those that are not there are left out. */
  itemsAt(jobId: string, itemIndexes: readonly number[]): Promise<ItemRecord[]>
  /** Index of the item with this id. */
  itemIndex(jobId: string, itemId: string): Promise<number | undefined>
  /** JSON texts of what items returned, by index. */
  outputs(jobId: string, itemIndexes: readonly number[]): Promise<Map<number, string>>
  /** The item whose result tasks with this key may use. */
  itemByResult(key: string): Promise<ItemRecord | undefined>
  /**
   * By item, then number. Without `itemIndex` the last item of a page comes with all its attempts,
   * even above `limit`, because the next page begins after that item.
   */
  attempts(
    jobId: string,
    filter: ItemFilter & { itemIndex?: number | undefined }
  ): Promise<AttemptRecord[]>
  /** The whole log of one attempt, in order. */
  log(jobId: string, itemIndex: number, attempt: number): Promise<LogEntry[]>
  /** The decision record of one attempt; of the item's last one without `attempt`. */
  decision(jobId: string, itemIndex: number, attempt?: number): Promise<string | undefined>
  /** What was signed of one attempt. */
  receipt(jobId: string, itemIndex: number, attempt: number): Promise<StoredReceipt | undefined>
  /** Decision records by time; those of the same moment in one order, always the same. */
  decisions(filter: DecisionFilter): Promise<string[]>
  /** Jobs that have not ended, oldest first: what a restarted router takes up again. */
  unfinished(page: PageAfter): Promise<JobRecord[]>
  /**
   * Ids of jobs whose time to be forgotten (or to lose their logs) has come, the longest due first.
   * For their logs alone it names none that are kept as long as their job: they go with it.
   */
  forgettable(what: 'job' | 'logs', nowMs: number, limit: number): Promise<string[]>
  note(name: string): Promise<string | undefined>
  /**
   * Copies the store, as it is at this moment, into a file that a router can start from, while it goes on working.
   * The file appears when it is whole and on disk; one that exists is refused.
   * @throws MeshError STORE_FAILED; a store in memory has nothing to copy
   */
  backup(file: string): Promise<void>
}

/** Whether a text is the beginning of an id, as all ids begin. */
export function isIdBeginning(text: string): boolean {
  return /^j-[0-9a-z]*$/i.test(text)
}
