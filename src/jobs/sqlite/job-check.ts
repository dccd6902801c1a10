/**
 * Whether the rows of a store fit each other: what a router relies on when it takes jobs up, and what
 * must be there of those that have ended. Job by job, so that a large store needs no more memory.
 */
import { isTerminal } from '../records.ts'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { ItemState, JobRecord } from '../records.ts'

/** A row of any table, as far as the checks look at it. */
interface Row {
  itemIndex: number
  number: number
  state: string
  text: string
}

/** Of an item, what its other rows must fit. */
interface ItemFacts {
  state: string
  attemptCount: number
  hasOutputFile: boolean
}

/** A job at hand. */
interface Case {
  seq: number
  id: string
  items: Map<number, ItemFacts>
}

const SQL = {
  documents: 'SELECT document AS text FROM documents WHERE seq = ?',
  items: 'SELECT item_index AS itemIndex, state, record AS text FROM items WHERE seq = ?',
  outputs: `SELECT item_index AS itemIndex, output AS text FROM outputs
    WHERE seq = ? AND output IS NOT NULL`,
  attempts: `SELECT item_index AS itemIndex, number, state, record AS text FROM attempts
    WHERE seq = ?`,
  decisions:
    'SELECT item_index AS itemIndex, attempt AS number, decision AS text FROM decisions WHERE seq = ?',
  logs: 'SELECT item_index AS itemIndex, attempt AS number, entries AS text FROM logs WHERE seq = ?'
} as const

/** Version 1 kept logs beside outputs. */
const FORMAT_WITH_LOGS = 2

export class SqliteJobCheck {
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  readonly #tell: (problem: string) => void

  constructor(db: DatabaseSync, format: number, tell: (problem: string) => void) {
    this.#db = db
    this.#tell = tell
    for (const [table, sql] of Object.entries(SQL)) {
      if (table !== 'logs' || format >= FORMAT_WITH_LOGS)
        this.#statements.set(table, db.prepare(sql))
    }
  }

  run(): void {
    const jobs = this.#db.prepare('SELECT seq, id, state, record AS text FROM jobs ORDER BY seq')
    for (const row of jobs.iterate()) {
      this.#checkJob(row as unknown as Row & { seq: number; id: string })
    }
  }

  #checkJob(row: Row & { seq: number; id: string }): void {
    const { seq, id } = row
    const at: Case = { seq, id, items: this.#itemsOf(seq, id) }
    const hasDocument = this.#checkDocument(at)
    this.#checkOutputs(at)
    this.#checkAttempts(at)
    const job = this.#parse(row.text, `the record of ${id}`) as JobRecord | undefined
    if (job === undefined) return
    if (job.state !== row.state)
      this.#tell(`${id} is listed as ${row.state}, its record says ${job.state}`)
    const hasEnded = isTerminal(job.state)
    if (!hasEnded && !hasDocument) this.#tell(`${id} is ${job.state}, but its document is missing`)
    // A schedule has no items at all, and `ops: every` has them only once it is queued.
    if (at.items.size === 0 && job.queuedAtMs === null) return
    if (hasEnded) this.#checkCounts(job, at)
    else if (at.items.size !== job.itemCount) {
      this.#tell(`${id} is ${job.state} and has ${at.items.size} of ${job.itemCount} items`)
    }
  }

  #checkDocument({ seq, id }: Case): boolean {
    let isThere = false
    for (const { text } of this.#rows('documents', seq)) {
      isThere = true
      this.#parse(text, `the document of ${id}`)
    }
    return isThere
  }

  #itemsOf(seq: number, id: string): Case['items'] {
    const items: Case['items'] = new Map()
    for (const { itemIndex, state, text } of this.#rows('items', seq)) {
      const name = `item ${itemIndex} of ${id}`
      const item = this.#parse(text, `the record of ${name}`) as
        | { state: string; attemptCount: number; outputFile?: object | null }
        | undefined
      if (item !== undefined && item.state !== state) {
        this.#tell(`${name} is listed as ${state}, its record says ${item.state}`)
      }
      // Of one that can't be read nothing more is said.
      const attemptCount = item?.attemptCount ?? Infinity
      const hasOutputFile = (item?.outputFile ?? null) !== null
      items.set(itemIndex, { state, attemptCount, hasOutputFile })
    }
    return items
  }

  #checkOutputs({ seq, id, items }: Case): void {
    const found = new Set<number>()
    for (const { itemIndex, text } of this.#rows('outputs', seq)) {
      found.add(itemIndex)
      this.#parse(text, `the output of item ${itemIndex} of ${id}`)
    }
    for (const [index, { hasOutputFile, state }] of items) {
      if (state === 'completed' && !found.has(index) && !hasOutputFile) {
        this.#tell(`item ${index} of ${id} is completed, but its output is missing`)
      }
    }
  }

  #checkAttempts({ seq, id, items }: Case): void {
    for (const { itemIndex, number, text } of this.#rows('attempts', seq)) {
      this.#parse(text, `attempt ${number} of item ${itemIndex} of ${id}`)
      const count = items.get(itemIndex)?.attemptCount ?? 0
      if (number > count) {
        this.#tell(`item ${itemIndex} of ${id} counts ${count} attempts, but has number ${number}`)
      }
    }
    for (const table of ['decisions', 'logs']) {
      for (const { itemIndex, number, text } of this.#rows(table, seq)) {
        this.#parse(text, `a row of ${table} for attempt ${number} of item ${itemIndex} of ${id}`)
      }
    }
  }

  #checkCounts(job: JobRecord, { id, items }: Case): void {
    const found: Record<string, number> = {}
    for (const { state } of items.values()) found[state] = (found[state] ?? 0) + 1
    for (const state of new Set([...Object.keys(job.counts), ...Object.keys(found)])) {
      const [counted, there] = [job.counts[state as ItemState] ?? 0, found[state] ?? 0]
      if (counted !== there)
        this.#tell(`${id} counts ${counted} items as ${state}; there are ${there}`)
    }
  }

  /** One at a time: the outputs of one job may be larger than memory. */
  #rows(table: string, seq: number): Iterable<Row> {
    return (this.#statements.get(table)?.iterate(seq) ?? []) as unknown as Iterable<Row>
  }

  #parse(text: string, name: string): unknown {
    try {
      return JSON.parse(text)
    } catch {
      this.#tell(`${name} is no JSON`)
      return undefined
    }
  }
}
