/**
 * Where jobs live. A change is durable when `apply` has resolved; that is the moment at which a
 * submission may be acknowledged. All stores pass test/conformance/job-store-suite.ts.
 */
import type { Startable } from '../core/startable.ts'
import type { AttemptRecord, ItemRecord, ItemState, JobRecord, JobState } from './records.ts'

/** One row to write. Records replace earlier ones with the same key. */
export type StoreChange =
  | { kind: 'job'; job: JobRecord }
  /** The job's document as JSON text; written once, with the job. */
  | { kind: 'document'; jobId: string; document: string }
  | { kind: 'item'; item: ItemRecord }
  /** What a completed item returned (JSON text) and what any ended item wrote to its console. */
  | { kind: 'output'; jobId: string; itemIndex: number; output: string | null; logs: string }
  | { kind: 'attempt'; attempt: AttemptRecord }
  /** The decision record of one attempt, as JSON text. */
  | { kind: 'decision'; jobId: string; itemIndex: number; attempt: number; decision: string }
  /** A small named document of the router itself, such as its reputation ledger. */
  | { kind: 'note'; name: string; text: string }

export interface JobFilter {
  state?: JobState | undefined
  /** Exact label matches. */
  labels?: Readonly<Record<string, string>> | undefined
  /** Only jobs listed behind the job with this id; none at all if there is no such job. */
  after?: string | undefined
  limit: number
}

export interface ItemFilter {
  state?: ItemState | undefined
  /** Only items with an index above this. */
  after?: number | undefined
  limit: number
}

export interface ItemOutput {
  output: string | null
  logs: string
}

export interface JobStore extends Startable {
  /**
   * Writes all changes or none. Calls made close together may share one commit; their order is kept.
   * Reads see every call made before them. Text is kept as UTF-8: half a surrogate pair becomes U+FFFD.
   * A job's rows may come before the job itself.
   * @throws MeshError STORE_FAILED
   */
  apply(changes: readonly StoreChange[]): Promise<void>
  job(jobId: string): Promise<JobRecord | undefined>
  /** Ids of the jobs whose id begins so, `limit` at most. */
  idsWithPrefix(prefix: string, limit: number): Promise<string[]>
  /** Newest first; of the same age, by id from the last. */
  jobs(filter: JobFilter): Promise<JobRecord[]>
  document(jobId: string): Promise<string | undefined>
  /** By index. */
  items(jobId: string, filter: ItemFilter): Promise<ItemRecord[]>
  /** The items with these indexes, in their order; those that are not there are left out. */
  itemsAt(jobId: string, itemIndexes: readonly number[]): Promise<ItemRecord[]>
  /** Index of the item with this id. */
  itemIndex(jobId: string, itemId: string): Promise<number | undefined>
  outputs(jobId: string, itemIndexes: readonly number[]): Promise<Map<number, ItemOutput>>
  /**
   * By item, then number. Without `itemIndex` the last item of a page comes with all its attempts,
   * even above `limit`, because the next page begins after that item.
   */
  attempts(
    jobId: string,
    filter: ItemFilter & { itemIndex?: number | undefined }
  ): Promise<AttemptRecord[]>
  /** The decision record of one attempt; of the item's last one without `attempt`. */
  decision(jobId: string, itemIndex: number, attempt?: number): Promise<string | undefined>
  /** Jobs that have not ended, oldest first: what a restarted router takes up again. */
  unfinished(): Promise<JobRecord[]>
  note(name: string): Promise<string | undefined>
}
