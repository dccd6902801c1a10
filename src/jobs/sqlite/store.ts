/**
 * Keeps jobs in one SQLite file: the embedded default, nothing to install. Everything that touches
 * the disk happens in a thread of its own, and calls made close together share one commit.
 */
import { resolve } from 'node:path'
import { MeshError, messageOf } from '../../core/errors.ts'
import { damageOf, toStoreError } from './errors.ts'
import { SqliteLink } from './link.ts'
import type { LogEntry } from '../../model/generated/commands-execute-task.ts'
import type { JobPlace } from '../job-order.ts'
import type { AttemptRecord, ItemRecord, JobRecord, JobState } from '../records.ts'
import type {
  DecisionFilter,
  ItemFilter,
  JobFilter,
  JobSearch,
  JobStore,
  PageAfter,
  StoreChange,
  StoredReceipt
} from '../store.ts'

export interface SqliteJobStoreInit {
  /** The database; its folder is made if it is missing. Beside it lies `<file>-wal`. */
  file: string
  /**
   * `full` keeps every acknowledged change through a power failure. `normal` keeps them through a
   * crash of the process, not of the machine, and commits without waiting for the disk.
   * @default 'full'
   */
  sync?: 'full' | 'normal' | undefined
  /** Bytes that may wait for the disk before `apply` refuses. @default 256 MiB */
  backlogBytesMax?: number | undefined
  /** Changes that may wait for the disk before `apply` refuses. @default 500,000 */
  backlogChangesMax?: number | undefined
}

const DEFAULT_SQLITE_JOB_STORE = {
  sync: 'full',
  /** Four of the largest submissions. */
  backlogBytesMax: 256 * 1_024 * 1_024,
  /** Some seconds of work at the pace of a common disk. */
  backlogChangesMax: 500_000
} as const

export class SqliteJobStore implements JobStore {
  readonly #file: string
  readonly #link: SqliteLink
  #started: Promise<void> | undefined
  #stopped: Promise<void> | undefined

  constructor(init: SqliteJobStoreInit) {
    const defaults = DEFAULT_SQLITE_JOB_STORE
    this.#file = resolve(init.file)
    this.#link = new SqliteLink(
      { file: this.#file, sync: init.sync ?? defaults.sync },
      {
        backlogBytesMax: init.backlogBytesMax ?? defaults.backlogBytesMax,
        backlogChangesMax: init.backlogChangesMax ?? defaults.backlogChangesMax
      }
    )
  }

  /** @throws MeshError NODE_ALREADY_RUNNING, or STORE_FAILED for a file that can't be used */
  start(): Promise<void> {
    if (this.#stopped !== undefined) return Promise.reject(notRunning('it was stopped'))
    this.#started ??= this.#link.start()
    return this.#started
  }

  /** Completes what was applied. A stopped store stays stopped. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  apply(changes: readonly StoreChange[]): Promise<void> {
    return this.#running()?.apply(changes) ?? Promise.reject(notRunning('it is not running'))
  }

  async job(jobId: string): Promise<JobRecord | undefined> {
    const text = await this.#read('job', jobId)
    return text === undefined ? undefined : (this.#parse(text) as JobRecord)
  }

  async jobByKey(submitter: string, key: string): Promise<JobRecord | undefined> {
    const text = await this.#read('jobByKey', submitter, key)
    return text === undefined ? undefined : (this.#parse(text) as JobRecord)
  }

  idsWithPrefix(prefix: string, limit: number): Promise<string[]> {
    return this.#read('idsWithPrefix', prefix, limit)
  }

  async jobCounts(): Promise<Partial<Record<JobState, number>>> {
    return Object.fromEntries(await this.#read('jobCounts'))
  }

  async jobs(filter: JobFilter): Promise<JobRecord[]> {
    return this.#parse(await this.#read('jobs', filter)) as JobRecord[]
  }

  searchEnd(filter: JobSearch): Promise<JobPlace | undefined> {
    return this.#read('searchEnd', filter)
  }

  document(jobId: string): Promise<string | undefined> {
    return this.#read('document', jobId)
  }

  async items(jobId: string, filter: ItemFilter): Promise<ItemRecord[]> {
    return this.#parse(await this.#read('items', jobId, filter)) as ItemRecord[]
  }

  async itemsAt(jobId: string, itemIndexes: readonly number[]): Promise<ItemRecord[]> {
    return this.#parse(await this.#read('itemsAt', jobId, itemIndexes)) as ItemRecord[]
  }

  itemIndex(jobId: string, itemId: string): Promise<number | undefined> {
    return this.#read('itemIndex', jobId, itemId)
  }

  async outputs(jobId: string, itemIndexes: readonly number[]): Promise<Map<number, string>> {
    return new Map(await this.#read('outputs', jobId, itemIndexes))
  }

  async itemByResult(key: string): Promise<ItemRecord | undefined> {
    const text = await this.#read('itemByResult', key)
    return text === undefined ? undefined : (this.#parse(text) as ItemRecord)
  }

  async attempts(
    jobId: string,
    filter: ItemFilter & { itemIndex?: number | undefined }
  ): Promise<AttemptRecord[]> {
    return this.#parse(await this.#read('attempts', jobId, filter)) as AttemptRecord[]
  }

  decision(jobId: string, itemIndex: number, attempt?: number): Promise<string | undefined> {
    return this.#read('decision', jobId, itemIndex, attempt)
  }

  decisions(filter: DecisionFilter): Promise<string[]> {
    return this.#read('decisions', filter)
  }

  async receipt(
    jobId: string,
    itemIndex: number,
    attempt: number
  ): Promise<StoredReceipt | undefined> {
    const row = await this.#read('receipt', jobId, itemIndex, attempt)
    return row === undefined ? undefined : { ...row }
  }

  async log(jobId: string, itemIndex: number, attempt: number): Promise<LogEntry[]> {
    return this.#parse(await this.#read('log', jobId, itemIndex, attempt)) as LogEntry[]
  }

  async unfinished(page: PageAfter): Promise<JobRecord[]> {
    return this.#parse(await this.#read('unfinished', page)) as JobRecord[]
  }

  forgettable(what: 'job' | 'logs', nowMs: number, limit: number): Promise<string[]> {
    return this.#read('forgettable', what, nowMs, limit)
  }

  note(name: string): Promise<string | undefined> {
    return this.#read('note', name)
  }

  /**
   * The copy appears under its name when it is whole and on disk. One at a time.
   * @throws MeshError STORE_FAILED, and then there is no such file
   */
  backup(file: string): Promise<void> {
    return this.#running()?.backup(resolve(file)) ?? Promise.reject(notRunning('it is not running'))
  }

  readonly #read: SqliteLink['read'] = (name, ...args) =>
    this.#running()?.read(name, ...args) ?? Promise.reject(notRunning('it is not running'))

  /** Only JSON is written: what is none has changed on the disk. */
  #parse(text: string): unknown {
    try {
      return JSON.parse(text)
    } catch (cause) {
      throw toStoreError(damageOf(`a record is no JSON: ${messageOf(cause)}`), this.#file)
    }
  }

  #running(): SqliteLink | undefined {
    return this.#started !== undefined && this.#stopped === undefined ? this.#link : undefined
  }

  async #stop(): Promise<void> {
    if (this.#started === undefined) return
    // A start that failed has told its caller; here it only matters that it is over.
    await this.#started.catch(() => undefined)
    await this.#link.stop()
  }
}

function notRunning(why: string): MeshError {
  return new MeshError('STORE_FAILED', `the job store can't be used: ${why}`, {
    hint: 'start it before use and use it before it is stopped'
  })
}
