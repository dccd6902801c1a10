/**
 * The queries of the job store. Runs in the store's own thread. Lists of records are answered as
 * one JSON text, which crosses to the router's thread far cheaper than objects do.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { ItemFilter, ItemOutput, JobFilter } from './store.ts'

type Value = string | number

/** A job seen from its place in the list: newest first, equal times by id. */
const NEWEST_FIRST = 'ORDER BY j.created_at_ms DESC, j.id DESC LIMIT ?'

/** Shapes of list queries that are kept prepared: filters differ in what is given, and labels in number. */
const STATEMENTS_MAX = 64

export class SqliteReader {
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  job(jobId: string): string | undefined {
    return this.#text(
      'SELECT j.record FROM keys k JOIN jobs j ON j.seq = k.seq WHERE k.id = ?',
      jobId
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
    const labels = Object.entries(filter.labels ?? {})
    const [first, ...others] = labels
    const where: string[] = []
    const values: Value[] = []
    // The first label's index leads, in the order of the answer; without one the index by time or state.
    let from = 'jobs j'
    let time = 'j'
    if (first !== undefined) {
      // CROSS keeps SQLite from taking the tables the other way round.
      from = 'job_labels l CROSS JOIN jobs j ON j.seq = l.seq'
      time = 'l'
      where.push('l.name = ? AND l.value = ?')
      values.push(...first)
    }
    for (const label of others) {
      where.push(`EXISTS (SELECT 1 FROM job_labels x WHERE x.name = ? AND x.value = ?
        AND x.created_at_ms = j.created_at_ms AND x.id = j.id)`)
      values.push(...label)
    }
    if (filter.state !== undefined) {
      where.push('j.state = ?')
      values.push(filter.state)
    }
    if (filter.after !== undefined) {
      const createdAtMs = this.#createdAtMs(filter.after)
      if (createdAtMs === undefined) return '[]'
      where.push(`(${time}.created_at_ms, ${time}.id) < (?, ?)`)
      values.push(createdAtMs, filter.after)
    }
    const condition = where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`
    const order = NEWEST_FIRST.replaceAll('j.', `${time}.`)
    return this.#records(`SELECT j.record FROM ${from} ${condition} ${order}`, [
      ...values,
      bounded(filter.limit)
    ])
  }

  unfinished(): string {
    return this.#records(
      `SELECT j.record FROM jobs j WHERE j.state IN ('pending', 'queued', 'running', 'held')
       ORDER BY j.created_at_ms, j.id`,
      []
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

  outputs(jobId: string, itemIndexes: readonly number[]): [number, ItemOutput][] {
    const statement = this.#prepared(
      `SELECT o.output, o.logs FROM keys k JOIN outputs o ON o.seq = k.seq
       WHERE k.id = ? AND o.item_index = ?`
    )
    const found: [number, ItemOutput][] = []
    for (const index of itemIndexes) {
      const row = statement.get(jobId, index)
      if (row !== undefined) {
        found.push([index, { output: row['output'] as string | null, logs: row['logs'] as string }])
      }
    }
    return found
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

  note(name: string): string | undefined {
    return this.#text('SELECT text FROM notes WHERE name = ?', name)
  }

  #createdAtMs(jobId: string): number | undefined {
    const row = this.#prepared(
      'SELECT j.created_at_ms AS at FROM keys k JOIN jobs j ON j.seq = k.seq WHERE k.id = ?'
    ).get(jobId)
    return row?.['at'] as number | undefined
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

function given(state: string | undefined): string[] {
  return state === undefined ? [] : [state]
}

/** SQLite takes no infinity. */
function bounded(limit: number): number {
  return Math.min(limit, Number.MAX_SAFE_INTEGER)
}
