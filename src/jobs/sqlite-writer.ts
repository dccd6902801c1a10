/**
 * Writes batches of changes, each batch as one transaction. Runs in the store's own thread.
 * It remembers the last jobs it met, because most changes belong to a job written moments ago:
 * that saves the look-up of its `seq` and leaves indexes alone that an update doesn't touch.
 */
import { assert } from '../core/assert.ts'
import { isCallersFault, toStoreError } from './sqlite-errors.ts'
import { OP, VALUES_PER_CHANGE } from './sqlite-batch.ts'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { BatchValue, CallFailure, OpCode, SqliteBatch } from './sqlite-batch.ts'

/** What is known of a job's row; `state` is null while there is none. */
interface KnownJob {
  seq: number
  state: string | null
  createdAtMs: number
  labels: string
}

/** A key whose job was never written has a `seq` only. */
type KeyRow = Pick<KnownJob, 'seq' | 'state'> & {
  createdAtMs: number | null
  labels: string | null
}

/** Of one generation, about 150 bytes each; more than the jobs one router has running at a time. */
const KNOWN_JOBS_MAX = 32_768

const SQL = {
  findKey: `SELECT k.seq, j.state, j.created_at_ms AS createdAtMs, j.labels
    FROM keys k LEFT JOIN jobs j ON j.seq = k.seq WHERE k.id = ?`,
  addKey: 'INSERT INTO keys (id) VALUES (?)',
  putJob: `INSERT OR REPLACE INTO jobs (seq, id, state, created_at_ms, labels, record)
    VALUES (?, ?, ?, ?, ?, ?)`,
  setStateAndRecord: 'UPDATE jobs SET state = ?, record = ? WHERE seq = ?',
  setRecord: 'UPDATE jobs SET record = ? WHERE seq = ?',
  addLabel: `INSERT INTO job_labels (name, value, created_at_ms, id, seq) VALUES (?, ?, ?, ?, ?)`,
  dropLabel: `DELETE FROM job_labels
    WHERE name = ? AND value = ? AND created_at_ms = ? AND id = ?`,
  putDocument: 'INSERT OR REPLACE INTO documents VALUES (?, ?)',
  putItem: 'INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?)',
  putOutput: 'INSERT OR REPLACE INTO outputs VALUES (?, ?, ?, ?)',
  putAttempt: 'INSERT OR REPLACE INTO attempts VALUES (?, ?, ?, ?, ?)',
  putDecision: 'INSERT OR REPLACE INTO decisions VALUES (?, ?, ?, ?)',
  putNote: 'INSERT OR REPLACE INTO notes VALUES (?, ?)'
} as const

export class SqliteWriter {
  readonly #db: DatabaseSync
  readonly #file: string
  readonly #statements: Record<keyof typeof SQL, StatementSync>
  /** Two generations: forgetting a whole one costs nothing, taking a Map's oldest entry costs a scan. */
  #known = new Map<string, KnownJob>()
  #knownBefore = new Map<string, KnownJob>()

  constructor(db: DatabaseSync, file: string) {
    this.#db = db
    this.#file = file
    this.#statements = Object.fromEntries(
      Object.entries(SQL).map(([name, sql]) => [name, db.prepare(sql)])
    ) as Record<keyof typeof SQL, StatementSync>
  }

  /**
   * Commits the batch. Calls with impossible values are left out and returned.
   * @throws MeshError STORE_FAILED, and then nothing of the batch was written
   */
  write(batch: SqliteBatch): CallFailure[] {
    try {
      this.#transaction(() => this.#runChanges(batch.values, 0, batch.values.length))
      return []
    } catch (cause) {
      if (!isCallersFault(cause)) throw toStoreError(cause, this.#file)
    }
    const failures: CallFailure[] = []
    try {
      this.#transaction(() => this.#runCallsApart(batch, failures))
    } catch (cause) {
      throw toStoreError(cause, this.#file)
    }
    return failures
  }

  #transaction(work: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      work()
      this.#db.exec('COMMIT')
    } catch (cause) {
      // What was learnt inside the transaction is no longer true. SQLite itself rolls back some errors.
      this.#forgetAll()
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw cause
    }
  }

  #runCallsApart(batch: SqliteBatch, failures: CallFailure[]): void {
    let start = 0
    for (const [call, end] of batch.callEnds.entries()) {
      this.#db.exec('SAVEPOINT one_call')
      try {
        this.#runChanges(batch.values, start, end)
      } catch (cause) {
        if (!isCallersFault(cause)) throw cause
        this.#forgetAll()
        this.#db.exec('ROLLBACK TO one_call')
        failures.push({ call, error: toStoreError(cause, this.#file).toData() })
      }
      this.#db.exec('RELEASE one_call')
      start = end
    }
  }

  #runChanges(values: readonly BatchValue[], start: number, end: number): void {
    for (let at = start; at < end; at += VALUES_PER_CHANGE) this.#runChange(values, at)
  }

  #runChange(values: readonly BatchValue[], at: number): void {
    const statements = this.#statements
    const key = values[at + 1] as string
    // A missing value stays `undefined`: SQLite refuses it, which is the caller's fault.
    const [a, b, c, d] = [values[at + 2]!, values[at + 3]!, values[at + 4]!, values[at + 5]!]
    switch (values[at] as OpCode) {
      case OP.job:
        this.#putJob(values, at + 1)
        return
      case OP.document:
        statements.putDocument.run(this.#seqOf(key), a)
        return
      case OP.item:
        statements.putItem.run(this.#seqOf(key), a, b, c)
        return
      case OP.output:
        statements.putOutput.run(this.#seqOf(key), a, b, c)
        return
      case OP.attempt:
        statements.putAttempt.run(this.#seqOf(key), a, b, c, d)
        return
      case OP.decision:
        statements.putDecision.run(this.#seqOf(key), a, b, c)
        return
      case OP.note:
        statements.putNote.run(key, a)
        return
      default:
        assert(false, `the thread of the store knows change ${values[at]}`)
    }
  }

  #putJob(values: readonly BatchValue[], at: number): void {
    const [id, state, createdAtMs, labels, record] = values.slice(at, at + 5) as [
      string,
      string,
      number,
      string,
      string
    ]
    const job = this.#knownJob(id)
    if (job.state !== null && job.createdAtMs === createdAtMs && job.labels === labels) {
      if (job.state === state) this.#statements.setRecord.run(record, job.seq)
      else this.#statements.setStateAndRecord.run(state, record, job.seq)
    } else {
      this.#statements.putJob.run(job.seq, id, state, createdAtMs, labels, record)
      this.#dropLabels(id, job)
      job.labels = labels
      job.createdAtMs = createdAtMs
      this.#addLabels(id, job)
    }
    job.state = state
  }

  #addLabels(id: string, job: KnownJob): void {
    for (const [name, value] of labelEntries(job.labels)) {
      this.#statements.addLabel.run(name, value, job.createdAtMs, id, job.seq)
    }
  }

  #dropLabels(id: string, job: KnownJob): void {
    for (const [name, value] of labelEntries(job.labels)) {
      this.#statements.dropLabel.run(name, value, job.createdAtMs, id)
    }
  }

  /** Rows of a job may be written before the job itself. */
  #seqOf(jobId: string): number {
    return this.#knownJob(jobId).seq
  }

  #knownJob(id: string): KnownJob {
    const known = this.#known.get(id)
    if (known !== undefined) return known
    const job = this.#knownBefore.get(id) ?? this.#findOrAddKey(id)
    if (this.#known.size >= KNOWN_JOBS_MAX) {
      this.#knownBefore = this.#known
      this.#known = new Map()
    }
    this.#known.set(id, job)
    return job
  }

  #findOrAddKey(id: string): KnownJob {
    const row = this.#statements.findKey.get(id) as KeyRow | undefined
    if (row !== undefined) {
      const { seq, state, createdAtMs, labels } = row
      return { seq, state, createdAtMs: createdAtMs ?? 0, labels: labels ?? '' }
    }
    const seq = Number(this.#statements.addKey.run(id).lastInsertRowid)
    return { seq, state: null, createdAtMs: 0, labels: '' }
  }

  #forgetAll(): void {
    this.#known.clear()
    this.#knownBefore.clear()
  }
}

function labelEntries(labels: string): [string, string][] {
  return labels === '' ? [] : Object.entries(JSON.parse(labels) as Record<string, string>)
}
