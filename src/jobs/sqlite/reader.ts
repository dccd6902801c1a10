/**
 * The queries of the job store. Runs in the store's own thread. Lists of records are answered as
 * one JSON text, which crosses to the router's thread far cheaper than objects do.
 */
import { conditionsOf, countQuery, listQuery, searchEndQuery } from './job-list.ts'
import { isByEnd } from '../job-order.ts'
import { isIdBeginning } from '../store.ts'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type {
  DecisionFilter,
  ItemFilter,
  JobFilter,
  JobSearch,
  PageAfter,
  StoredReceipt
} from '../store.ts'
import type { Condition } from './job-list.ts'
import type { JobPlace } from '../job-order.ts'
import type { JobCounts } from './job-counts.ts'

type Value = string | number

const UNFINISHED = ['pending', 'queued', 'running', 'held']

/** Conditions that more jobs meet count as equal: so far, counting costs less than it saves. */
const COUNTED_JOBS_MAX = 1_000

/** Names that one search looks at: some tens of milliseconds, in which nobody else reads or writes. */
export const SEARCHED_JOBS_MAX = 200_000

/** Shapes of list queries that are kept prepared: filters differ in what is given, and labels in number. */
const STATEMENTS_MAX = 64

export class SqliteReader {
  readonly #db: DatabaseSync
  readonly #counts: JobCounts
  readonly #statements = new Map<string, StatementSync>()

  constructor(db: DatabaseSync, counts: JobCounts) {
    this.#db = db
    this.#counts = counts
  }

  jobCounts(): [state: string, count: number][] {
    return this.#counts.read()
  }

  job(jobId: string): string | undefined {
    return this.#text(
      'SELECT j.record FROM keys k JOIN jobs j ON j.seq = k.seq WHERE k.id = ?',
      jobId
    )
  }

  /** The newest of several, as the list has them. */
  jobByKey(submitter: string, key: string): string | undefined {
    return this.#text(
      `SELECT record FROM jobs INDEXED BY jobs_by_key WHERE submitter = ? AND key = ?
       ORDER BY created_at_ms DESC, id DESC LIMIT 1`,
      submitter,
      key
    )
  }

  idsWithPrefix(prefix: string, limit: number): string[] {
    // A range, not LIKE: it uses the index and knows no wildcards. No letter sorts above U+10FFFF.
    return this.#texts(
      `SELECT k.id FROM keys k JOIN jobs j ON j.seq = k.seq
       WHERE k.id >= ? AND k.id < ? ORDER BY k.id LIMIT ?`,
      [prefix, `${prefix}\u{10FFFF}`, bounded(limit)]
    )
  }

  jobs(filter: JobFilter): string {
    const conditions = conditionsOf(filter)
    const isSearch = conditions.some((condition) => condition.isSearch === true)
    const stretch = { after: filter.after, until: isSearch ? this.#searchEnd(filter) : undefined }
    // The indexes of conditions have their jobs in the order of their ages: by their ends, they would have to be sorted.
    const leading = isByEnd(filter.sort) ? this.#rare(conditions) : this.#rarest(conditions)
    const { sql, values } = listQuery(filter, conditions, leading, stretch)
    return this.#records(sql, [...values, bounded(filter.limit)])
  }

  searchEnd(search: JobSearch): JobPlace | undefined {
    const { text } = search
    return text === undefined || isIdBeginning(text) ? undefined : this.#searchEnd(search)
  }

  /** The first page's worth of each state, which their index has in order, and the oldest of these. */
  unfinished(page: PageAfter): string {
    const { after } = page
    const limit = bounded(page.limit)
    const isBehind = after === undefined ? '' : 'AND (created_at_ms, id) > (?, ?)'
    const behind = after === undefined ? [] : [after.createdAtMs, after.id]
    const oldest = `SELECT * FROM (SELECT seq, created_at_ms, id FROM jobs INDEXED BY jobs_by_state
      WHERE state = ? ${isBehind} ORDER BY created_at_ms, id LIMIT ?)`
    return this.#records(
      `SELECT j.record FROM (${UNFINISHED.map(() => oldest).join(' UNION ALL ')}
         ORDER BY created_at_ms, id LIMIT ?) found CROSS JOIN jobs j ON j.seq = found.seq
       ORDER BY found.created_at_ms, found.id`,
      [...UNFINISHED.flatMap((state) => [state, ...behind, limit]), limit]
    )
  }

  forgettable(what: 'job' | 'logs', nowMs: number, limit: number): string[] {
    const [column, index] =
      what === 'job' ? ['forget_at_ms', 'jobs_to_forget'] : ['forget_logs_at_ms', 'logs_to_forget']
    return this.#texts(
      `SELECT id FROM jobs INDEXED BY ${index} WHERE ${column} <= ? ORDER BY ${column}, id LIMIT ?`,
      [nowMs, bounded(limit)]
    )
  }

  document(jobId: string): string | undefined {
    return this.#text(
      'SELECT d.document FROM keys k JOIN documents d ON d.seq = k.seq WHERE k.id = ?',
      jobId
    )
  }

  items(jobId: string, filter: ItemFilter): string {
    const state = filter.state === undefined ? '' : 'AND i.state = ?'
    return this.#records(
      `SELECT i.record FROM keys k JOIN items i ON i.seq = k.seq
       WHERE k.id = ? AND i.item_index > ? ${state} ORDER BY i.item_index LIMIT ?`,
      [jobId, filter.after ?? -1, ...given(filter.state), filter.limit]
    )
  }

  itemsAt(jobId: string, itemIndexes: readonly number[]): string {
    const statement = this.#prepared(
      `SELECT i.record FROM keys k JOIN items i ON i.seq = k.seq
       WHERE k.id = ? AND i.item_index = ?`
    )
    const rows = itemIndexes.map((index) => statement.get(jobId, index)?.['record'])
    return `[${rows.filter((record) => record !== undefined).join(',')}]`
  }

  /** Reads through the job's items, which lie together; an index on their ids would cost each write. */
  itemIndex(jobId: string, itemId: string): number | undefined {
    const row = this.#prepared(
      `SELECT i.item_index AS found FROM keys k JOIN items i ON i.seq = k.seq
       WHERE k.id = ? AND i.record ->> 'id' = ? ORDER BY i.item_index LIMIT 1`
    ).get(jobId, itemId)
    return row?.['found'] as number | undefined
  }

  outputs(jobId: string, itemIndexes: readonly number[]): [number, string][] {
    const statement = this.#prepared(
      `SELECT o.output FROM keys k JOIN outputs o ON o.seq = k.seq
       WHERE k.id = ? AND o.item_index = ?`
    )
    const found: [number, string][] = []
    for (const index of itemIndexes) {
      const row = statement.get(jobId, index)
      if (row !== undefined) found.push([index, row['output'] as string])
    }
    return found
  }

  itemByResult(key: string): string | undefined {
    return this.#text(
      `SELECT i.record FROM results r
       JOIN items i ON i.seq = r.seq AND i.item_index = r.item_index WHERE r.key = ?`,
      key
    )
  }

  attempts(jobId: string, filter: ItemFilter & { itemIndex?: number | undefined }): string {
    const { after, state, itemIndex, limit } = filter
    const from = 'FROM keys k JOIN attempts a ON a.seq = k.seq WHERE k.id = ?'
    const ofState = state === undefined ? '' : 'AND a.state = ?'
    if (itemIndex !== undefined) {
      return this.#records(
        `SELECT a.record ${from} AND a.item_index = ? AND a.item_index > ? ${ofState}
         ORDER BY a.number LIMIT ?`,
        [jobId, itemIndex, after ?? -1, ...given(state), bounded(limit)]
      )
    }
    // The last item of a page is given whole: the next page begins after that item.
    const lastIndex = this.#prepared(
      `SELECT a.item_index AS last ${from} AND a.item_index > ? ${ofState}
       ORDER BY a.item_index, a.number LIMIT 1 OFFSET ?`
    ).get(jobId, after ?? -1, ...given(state), bounded(limit) - 1)
    const last = limit < 1 ? -1 : ((lastIndex?.['last'] as number) ?? Number.MAX_SAFE_INTEGER)
    return this.#records(
      `SELECT a.record ${from} AND a.item_index > ? AND a.item_index <= ? ${ofState}
       ORDER BY a.item_index, a.number`,
      [jobId, after ?? -1, last, ...given(state)]
    )
  }

  log(jobId: string, itemIndex: number, attempt: number): string {
    const parts = this.#texts(
      `SELECT l.entries FROM keys k JOIN logs l ON l.seq = k.seq
       WHERE k.id = ? AND l.item_index = ? AND l.attempt = ? ORDER BY l.first`,
      [jobId, itemIndex, attempt]
    )
    // Each part is a list of its own: without their brackets they are one.
    const entries = parts.map((part) => part.slice(1, -1)).filter((part) => part !== '')
    return `[${entries.join(',')}]`
  }

  decision(jobId: string, itemIndex: number, attempt?: number): string | undefined {
    const from = 'SELECT d.decision FROM keys k JOIN decisions d ON d.seq = k.seq'
    if (attempt !== undefined) {
      return this.#text(
        `${from} WHERE k.id = ? AND d.item_index = ? AND d.attempt = ?`,
        jobId,
        itemIndex,
        attempt
      )
    }
    return this.#text(
      `${from} WHERE k.id = ? AND d.item_index = ? ORDER BY d.attempt DESC LIMIT 1`,
      jobId,
      itemIndex
    )
  }

  decisions({ after, limit, sinceMs }: DecisionFilter): string[] {
    const { atMs, attempt, itemIndex, jobId } = after ?? BEFORE_ALL
    // Of a job that was forgotten meanwhile nothing is left: then some of the same moment come again.
    return this.#texts(
      `SELECT decision FROM decisions
       WHERE (at_ms, seq, item_index, attempt) >
         (?, coalesce((SELECT seq FROM keys WHERE id = ?), 0), ?, ?)
       ORDER BY at_ms, seq, item_index, attempt LIMIT ?`,
      [
        ...(atMs < sinceMs ? [sinceMs, '', -1, -1] : [atMs, jobId, itemIndex, attempt]),
        bounded(limit)
      ]
    )
  }

  receipt(jobId: string, itemIndex: number, attempt: number): StoredReceipt | undefined {
    return this.#prepared(
      `SELECT r.router_order AS "order", r.receipt FROM keys k JOIN receipts r ON r.seq = k.seq
       WHERE k.id = ? AND r.item_index = ? AND r.attempt = ?`
    ).get(jobId, itemIndex, attempt) as StoredReceipt | undefined
  }

  note(name: string): string | undefined {
    return this.#text('SELECT text FROM notes WHERE name = ?', name)
  }

  #searchEnd(search: JobSearch): JobPlace | undefined {
    const { sql, values } = searchEndQuery(search)
    const found = this.#prepared(sql).get(...values, SEARCHED_JOBS_MAX - 1)
    return found === undefined ? undefined : ({ ...found } as unknown as JobPlace)
  }

  /** The condition that the fewest jobs meet. */
  #rarest(conditions: readonly Condition[]): Condition | undefined {
    if (conditions.length < 2) return conditions[0]
    const counts = conditions.map((condition) => this.#countOf(condition))
    return conditions[counts.indexOf(Math.min(...counts))]
  }

  /** The same, if those are so few that they are soon sorted. */
  #rare(conditions: readonly Condition[]): Condition | undefined {
    const rarest = this.#rarest(conditions)
    return rarest !== undefined && this.#countOf(rarest) < COUNTED_JOBS_MAX ? rarest : undefined
  }

  /** No more than are counted. */
  #countOf(condition: Condition): number {
    if (condition.isSearch === true) return COUNTED_JOBS_MAX
    const counted = this.#prepared(countQuery(condition, COUNTED_JOBS_MAX))
    return Number(counted.get(...condition.values)?.['count'])
  }

  #records(sql: string, values: readonly Value[]): string {
    return `[${this.#texts(sql, values).join(',')}]`
  }

  #text(sql: string, ...values: Value[]): string | undefined {
    return this.#texts(sql, values)[0]
  }

  #texts(sql: string, values: readonly Value[]): string[] {
    const statement = this.#prepared(sql)
    const texts: string[] = []
    for (const row of statement.all(...values))
      for (const name in row) texts.push(row[name] as string)
    return texts
  }

  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    if (this.#statements.size >= STATEMENTS_MAX) this.#statements.clear()
    const statement = this.#db.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }
}

/** No decision was made earlier. */
const BEFORE_ALL = { atMs: -1, jobId: '', itemIndex: -1, attempt: -1 }

function given(state: string | undefined): string[] {
  return state === undefined ? [] : [state]
}

/** SQLite takes no infinity. */
function bounded(limit: number): number {
  return Math.min(limit, Number.MAX_SAFE_INTEGER)
}
