/**
 * Keeps jobs in memory, for tests and as the baseline of benchmarks: nothing outlives the process.
 * Records are kept as JSON text, as in the database, so that nobody shares an object with it.
 */
import { MeshError } from '../core/errors.ts'
import { decisionsByTime, forgetDecisions } from './memory-decisions.ts'
import { compareAges, compareTexts, countJobs, listJobs } from './memory-jobs.ts'
import { isTerminal } from './records.ts'
import type { DecisionRows } from './memory-decisions.ts'
import type { JobRow } from './memory-jobs.ts'
import type { LogEntry } from '../model/generated/commands-execute-task.ts'
import type { JobPlace } from './job-order.ts'
import type { AttemptRecord, ItemRecord, JobRecord, JobState } from './records.ts'
import type {
  DecisionFilter,
  ItemFilter,
  JobFilter,
  JobStore,
  PageAfter,
  StoreChange,
  StoredReceipt
} from './store.ts'

interface StepRow {
  state: string
  text: string
}

/** Everything of one job, which may come before the job itself. */
interface JobRows {
  job: JobRow | undefined
  document: string | undefined
  items: Map<number, StepRow>
  outputs: Map<number, string>
  /** By item, then number. */
  attempts: Map<number, Map<number, StepRow>>
  /** JSON texts by item and attempt, then the number of the first entry. */
  logs: Map<string, Map<number, string>>
  decisions: DecisionRows
  receipts: Map<number, Map<number, StoredReceipt>>
}

export class MemoryJobStore implements JobStore {
  readonly #jobs = new Map<string, JobRows>()
  readonly #notes = new Map<string, string>()
  readonly #results = new Map<string, { jobId: string; itemIndex: number }>()

  start(): Promise<void> {
    return Promise.resolve()
  }

  stop(): Promise<void> {
    return Promise.resolve()
  }

  async apply(changes: readonly StoreChange[]): Promise<void> {
    // First all of them are made ready, which is where a bad one fails; then all are done.
    const writes = changes.map((change) => this.#prepare(change))
    for (const write of writes) write()
  }

  async job(jobId: string): Promise<JobRecord | undefined> {
    const row = this.#jobs.get(jobId)?.job
    return row && (JSON.parse(row.text) as JobRecord)
  }

  async jobByKey(submitter: string, key: string): Promise<JobRecord | undefined> {
    const rows = this.#jobRows().filter((row) => row.submitter === submitter && row.key === key)
    const newest = rows.toSorted(compareAges).at(-1)
    return newest && (JSON.parse(newest.text) as JobRecord)
  }

  async idsWithPrefix(prefix: string, limit: number): Promise<string[]> {
    return this.#jobRows()
      .map((row) => row.id)
      .filter((id) => id.startsWith(prefix))
      .toSorted(compareTexts)
      .slice(0, limit)
  }

  async jobCounts(): Promise<Partial<Record<JobState, number>>> {
    return countJobs(this.#jobRows())
  }

  async searchEnd(): Promise<JobPlace | undefined> {
    return undefined
  }

  async jobs(filter: JobFilter): Promise<JobRecord[]> {
    return listJobs(this.#jobRows(), filter).map((row) => JSON.parse(row.text) as JobRecord)
  }

  async document(jobId: string): Promise<string | undefined> {
    return this.#jobs.get(jobId)?.document
  }

  async items(jobId: string, filter: ItemFilter): Promise<ItemRecord[]> {
    return byNumber(this.#jobs.get(jobId)?.items)
      .filter(([index, row]) => isAsked(filter, index, row.state))
      .slice(0, filter.limit)
      .map(([, row]) => JSON.parse(row.text) as ItemRecord)
  }

  async itemsAt(jobId: string, itemIndexes: readonly number[]): Promise<ItemRecord[]> {
    const rows = itemIndexes.map((index) => this.#jobs.get(jobId)?.items.get(index))
    return rows.flatMap((row) => (row === undefined ? [] : [JSON.parse(row.text) as ItemRecord]))
  }

  async itemIndex(jobId: string, itemId: string): Promise<number | undefined> {
    const items = byNumber(this.#jobs.get(jobId)?.items)
    return items.find(([, row]) => (JSON.parse(row.text) as ItemRecord).id === itemId)?.[0]
  }

  async outputs(jobId: string, itemIndexes: readonly number[]): Promise<Map<number, string>> {
    const found = new Map<number, string>()
    for (const index of itemIndexes) {
      const output = this.#jobs.get(jobId)?.outputs.get(index)
      if (output !== undefined) found.set(index, output)
    }
    return found
  }

  async itemByResult(key: string): Promise<ItemRecord | undefined> {
    const found = this.#results.get(key)
    const row = found && this.#jobs.get(found.jobId)?.items.get(found.itemIndex)
    return row && (JSON.parse(row.text) as ItemRecord)
  }

  async attempts(
    jobId: string,
    filter: ItemFilter & { itemIndex?: number | undefined }
  ): Promise<AttemptRecord[]> {
    const { itemIndex, limit } = filter
    const found: string[] = []
    for (const [index, attempts] of byNumber(this.#jobs.get(jobId)?.attempts)) {
      if (found.length >= limit) break
      if (itemIndex !== undefined && index !== itemIndex) continue
      const rows = byNumber(attempts).filter(([, row]) => isAsked(filter, index, row.state))
      found.push(...rows.map(([, row]) => row.text))
    }
    // A page of several items ends with a whole one; that of one item is cut where it is asked to be.
    const page = itemIndex === undefined ? found : found.slice(0, limit)
    return page.map((json) => JSON.parse(json) as AttemptRecord)
  }

  async log(jobId: string, itemIndex: number, attempt: number): Promise<LogEntry[]> {
    const parts = byNumber(this.#jobs.get(jobId)?.logs.get(`${itemIndex} ${attempt}`))
    return parts.flatMap(([, entries]) => JSON.parse(entries) as LogEntry[])
  }

  async decision(jobId: string, itemIndex: number, attempt?: number): Promise<string | undefined> {
    const decisions = this.#jobs.get(jobId)?.decisions.get(itemIndex)
    const row = attempt === undefined ? byNumber(decisions).at(-1)?.[1] : decisions?.get(attempt)
    return row?.text
  }

  async decisions(filter: DecisionFilter): Promise<string[]> {
    return decisionsByTime(this.#jobs, filter)
  }

  async receipt(
    jobId: string,
    itemIndex: number,
    attempt: number
  ): Promise<StoredReceipt | undefined> {
    const row = this.#jobs.get(jobId)?.receipts.get(itemIndex)?.get(attempt)
    return row === undefined ? undefined : { ...row }
  }

  async unfinished({ after, limit }: PageAfter): Promise<JobRecord[]> {
    return this.#jobRows()
      .filter((row) => !isTerminal(row.state))
      .filter((row) => after === undefined || compareAges(row, after) > 0)
      .toSorted(compareAges)
      .slice(0, limit)
      .map((row) => JSON.parse(row.text) as JobRecord)
  }

  async forgettable(what: 'job' | 'logs', nowMs: number, limit: number): Promise<string[]> {
    return this.#jobRows()
      .map(({ id, forgetAtMs, forgetLogsAtMs }) => ({
        id,
        dueAtMs: what === 'job' ? forgetAtMs : forgetLogsAtMs
      }))
      .filter((due): due is { id: string; dueAtMs: number } => due.dueAtMs !== null)
      .filter(({ dueAtMs }) => dueAtMs <= nowMs)
      .toSorted((left, right) => left.dueAtMs - right.dueAtMs || compareTexts(left.id, right.id))
      .slice(0, limit)
      .map(({ id }) => id)
  }

  async note(name: string): Promise<string | undefined> {
    return this.#notes.get(name)
  }

  backup(): Promise<void> {
    return Promise.reject(
      new MeshError('STORE_FAILED', 'a store in memory has nothing to copy', { retryable: false })
    )
  }

  #jobRows(): JobRow[] {
    return [...this.#jobs.values()].flatMap(({ job }) => (job === undefined ? [] : [job]))
  }

  /** Checks a change and takes a copy of it; what it returns can't fail. */
  #prepare(change: StoreChange): () => void {
    switch (change.kind) {
      case 'job': {
        const row = jobRow(change.job)
        return () => (this.#rowsOf(row.id).job = row)
      }
      case 'document': {
        const [jobId, document] = [text(change.jobId), text(change.document)]
        return () => (this.#rowsOf(jobId).document = document)
      }
      case 'item': {
        const { jobId, index, state } = change.item
        const row = { state: text(state), text: JSON.stringify(change.item) }
        const key = [text(jobId), integer(index)] as const
        return () => this.#rowsOf(key[0]).items.set(key[1], row)
      }
      case 'output': {
        const key = [text(change.jobId), integer(change.itemIndex)] as const
        const row = text(change.output)
        return () => this.#rowsOf(key[0]).outputs.set(key[1], row)
      }
      case 'result': {
        const result = { jobId: text(change.jobId), itemIndex: integer(change.itemIndex) }
        const key = text(change.key)
        return () => this.#results.set(key, result)
      }
      case 'attempt': {
        const { jobId, itemIndex, number, state } = change.attempt
        const row = { state: text(state), text: JSON.stringify(change.attempt) }
        const key = [text(jobId), integer(itemIndex), integer(number)] as const
        return () => inner(this.#rowsOf(key[0]).attempts, key[1]).set(key[2], row)
      }
      case 'log': {
        const { itemIndex, attempt } = change
        const row = text(JSON.stringify(change.entries))
        const [jobId, from] = [text(change.jobId), integer(change.from)]
        const key = `${integer(itemIndex)} ${integer(attempt)}`
        return () => inner(this.#rowsOf(jobId).logs, key).set(from, row)
      }
      case 'forget': {
        const jobId = text(change.jobId)
        return () => this.#forget(jobId)
      }
      case 'forgetLogs': {
        const jobId = text(change.jobId)
        return () => this.#forgetLogs(jobId)
      }
      case 'decision': {
        const { jobId, itemIndex, attempt } = change
        const row = { atMs: finite(change.atMs), text: text(change.decision) }
        const key = [text(jobId), integer(itemIndex), integer(attempt)] as const
        return () => inner(this.#rowsOf(key[0]).decisions, key[1]).set(key[2], row)
      }
      case 'receipt': {
        const { jobId, itemIndex, attempt } = change
        const row = { order: text(change.order), receipt: text(change.receipt) }
        const key = [text(jobId), integer(itemIndex), integer(attempt)] as const
        return () => inner(this.#rowsOf(key[0]).receipts, key[1]).set(key[2], row)
      }
      case 'forgetDecisions': {
        const [beforeMs, limit] = [finite(change.beforeMs), integer(change.limit)]
        return () => forgetDecisions(this.#jobs, beforeMs, limit)
      }
      case 'note': {
        const [name, note] = [text(change.name), text(change.text)]
        return () => this.#notes.set(name, note)
      }
    }
  }

  #forget(jobId: string): void {
    this.#jobs.delete(jobId)
    for (const [key, result] of this.#results) if (result.jobId === jobId) this.#results.delete(key)
  }

  #forgetLogs(jobId: string): void {
    const rows = this.#jobs.get(jobId)
    rows?.logs.clear()
    if (rows?.job !== undefined) rows.job.forgetLogsAtMs = null
  }

  #rowsOf(jobId: string): JobRows {
    let rows = this.#jobs.get(jobId)
    if (rows === undefined) {
      rows = {
        job: undefined,
        document: undefined,
        items: new Map(),
        outputs: new Map(),
        attempts: new Map(),
        logs: new Map(),
        decisions: new Map(),
        receipts: new Map()
      }
      this.#jobs.set(jobId, rows)
    }
    return rows
  }
}

function jobRow(job: JobRecord): JobRow {
  const { endedAtMs, key, parentId, forgetAtMs, forgetLogsAtMs } = job
  const goWithJob = forgetLogsAtMs !== null && forgetAtMs !== null && forgetLogsAtMs >= forgetAtMs
  return {
    id: text(job.id),
    state: text(job.state) as JobRecord['state'],
    createdAtMs: finite(job.createdAtMs),
    endedAtMs: endedAtMs === null ? null : finite(endedAtMs),
    labels: { ...job.labels },
    submitter: text(job.submitter),
    key: key === null ? null : text(key),
    parentId: parentId === null ? null : text(parentId),
    forgetAtMs: forgetAtMs === null ? null : finite(forgetAtMs),
    forgetLogsAtMs: forgetLogsAtMs === null || goWithJob ? null : finite(forgetLogsAtMs),
    name: job.name === null ? null : job.name.toLowerCase(),
    text: JSON.stringify(job)
  }
}

function isAsked(filter: ItemFilter, index: number, state: string): boolean {
  return index > (filter.after ?? -1) && (filter.state === undefined || filter.state === state)
}

function byNumber<T>(rows: ReadonlyMap<number, T> | undefined): [number, T][] {
  return [...(rows ?? [])].toSorted(([left], [right]) => left - right)
}

function inner<K, T>(outer: Map<K, Map<number, T>>, key: K): Map<number, T> {
  let map = outer.get(key)
  if (map === undefined) {
    map = new Map()
    outer.set(key, map)
  }
  return map
}

/** Text is kept as UTF-8, which has no half characters. */
function text(value: string): string {
  if (typeof value !== 'string') throw refused(value)
  return value.toWellFormed()
}

function integer(value: number): number {
  if (!Number.isInteger(value)) throw refused(value)
  return value
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw refused(value)
  return value
}

function refused(value: unknown): MeshError {
  return new MeshError('STORE_FAILED', `the job store refused a change with ${String(value)}`, {
    retryable: false,
    hint: 'this is a bug of taskmesh: please report it with this message'
  })
}
