/**
 * Writes batches of changes, each batch as one transaction. Runs in the store's own thread.
 * It remembers the last jobs it met, because most changes belong to a job written moments ago:
 * that saves the look-up of its `seq` and leaves indexes alone that an update doesn't touch.
 */
import { assert } from '../../core/assert.ts'
import { isCallersFault, toStoreError } from './errors.ts'
import { JOB, OP, VALUE_COUNTS } from './batch.ts'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { BatchValue, CallFailure, OpCode, SqliteBatch } from './batch.ts'
import type { JobCounts } from './job-counts.ts'

/** What is known of a job's row; `state` is null while there is none. */
interface KnownJob {
  seq: number
  state: string | null
  createdAtMs: number
  labels: string
  submitter: string
  key: string | null
  parentId: string | null
  forgetAtMs: number | null
  forgetLogsAtMs: number | null
  name: string | null
  endedAtMs: number | null
}

/** Of one generation, some 300 bytes each; more than the jobs one router has running at a time. */
const KNOWN_JOBS_MAX = 32_768

/** Where rows of a job lie, besides its labels. */
const TABLES = [
  'keys',
  'jobs',
  'documents',
  'items',
  'outputs',
  'results',
  'attempts',
  'logs',
  'decisions',
  'receipts'
]

const SQL = {
  findKey: `SELECT k.seq, j.state, coalesce(j.created_at_ms, 0) AS createdAtMs,
      coalesce(j.labels, '') AS labels, coalesce(j.submitter, '') AS submitter, j.key,
      j.parent_id AS parentId, j.forget_at_ms AS forgetAtMs, j.forget_logs_at_ms AS forgetLogsAtMs,
      j.name, j.ended_at_ms AS endedAtMs
    FROM keys k LEFT JOIN jobs j ON j.seq = k.seq WHERE k.id = ?`,
  addKey: 'INSERT INTO keys (id) VALUES (?)',
  putJob: `INSERT OR REPLACE INTO jobs (seq, id, state, created_at_ms, labels, submitter, key,
      parent_id, forget_at_ms, forget_logs_at_ms, name, ended_at_ms, record)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  setEndAndRecord: `UPDATE jobs SET state = ?, forget_at_ms = ?, forget_logs_at_ms = ?,
      ended_at_ms = ?, record = ? WHERE seq = ?`,
  setStateAndRecord: 'UPDATE jobs SET state = ?, record = ? WHERE seq = ?',
  setRecord: 'UPDATE jobs SET record = ? WHERE seq = ?',
  addLabel: `INSERT INTO job_labels (name, value, created_at_ms, id, seq) VALUES (?, ?, ?, ?, ?)`,
  dropLabel: `DELETE FROM job_labels
    WHERE name = ? AND value = ? AND created_at_ms = ? AND id = ?`,
  putDocument: 'INSERT OR REPLACE INTO documents VALUES (?, ?)',
  putItem: 'INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?)',
  putOutput: 'INSERT OR REPLACE INTO outputs VALUES (?, ?, ?)',
  putResult: 'INSERT OR REPLACE INTO results (seq, item_index, key) VALUES (?, ?, ?)',
  putAttempt: 'INSERT OR REPLACE INTO attempts VALUES (?, ?, ?, ?, ?)',
  putLog: 'INSERT OR REPLACE INTO logs VALUES (?, ?, ?, ?, ?)',
  dropLogs: 'DELETE FROM logs WHERE seq = ?',
  unsetForgetLogs: 'UPDATE jobs SET forget_logs_at_ms = NULL WHERE seq = ?',
  putDecision: `INSERT OR REPLACE INTO decisions (seq, item_index, attempt, decision, at_ms)
    VALUES (?, ?, ?, ?, ?)`,
  dropDecisions: `DELETE FROM decisions WHERE (seq, item_index, attempt) IN
    (SELECT seq, item_index, attempt FROM decisions WHERE at_ms < ? ORDER BY at_ms LIMIT ?)`,
  putReceipt: 'INSERT OR REPLACE INTO receipts VALUES (?, ?, ?, ?, ?)',
  putNote: 'INSERT OR REPLACE INTO notes VALUES (?, ?)'
} as const

export class SqliteWriter {
  readonly #db: DatabaseSync
  readonly #file: string
  readonly #counts: JobCounts
  readonly #statements: Record<keyof typeof SQL, StatementSync>
  readonly #dropRows: readonly StatementSync[]
  /** Two generations: forgetting a whole one costs nothing, taking a Map's oldest entry costs a scan. */
  #known = new Map<string, KnownJob>()
  #knownBefore = new Map<string, KnownJob>()

  constructor(db: DatabaseSync, file: string, counts: JobCounts) {
    this.#db = db
    this.#counts = counts
    this.#file = file
    this.#statements = Object.fromEntries(
      Object.entries(SQL).map(([name, sql]) => [name, db.prepare(sql)])
    ) as Record<keyof typeof SQL, StatementSync>
    this.#dropRows = TABLES.map((table) => db.prepare(`DELETE FROM ${table} WHERE seq = ?`))
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
    for (let at = start; at < end; at += VALUE_COUNTS[values[at] as OpCode]) {
      this.#runChange(values, at)
    }
  }

  #runChange(values: readonly BatchValue[], at: number): void {
    const statements = this.#statements
    const key = values[at + 1] as string
    // A missing value stays `undefined`: SQLite refuses it, which is the caller's fault.
    const [a, b, c, d] = [values[at + 2]!, values[at + 3]!, values[at + 4]!, values[at + 5]!]
    switch (values[at] as OpCode) {
      case OP.job:
        this.#putJob(values, at)
        return
      case OP.document:
        statements.putDocument.run(this.#seqOf(key), a)
        return
      case OP.item:
        statements.putItem.run(this.#seqOf(key), a, b, c)
        return
      case OP.output:
        statements.putOutput.run(this.#seqOf(key), a, b)
        return
      case OP.result:
        statements.putResult.run(this.#seqOf(key), a, b)
        return
      case OP.attempt:
        statements.putAttempt.run(this.#seqOf(key), a, b, c, d)
        return
      case OP.decision:
        statements.putDecision.run(this.#seqOf(key), a, b, c, d)
        return
      case OP.receipt:
        statements.putReceipt.run(this.#seqOf(key), a, b, c, d)
        return
      case OP.log:
        statements.putLog.run(this.#seqOf(key), a, b, c, d)
        return
      case OP.forget:
        this.#forget(key)
        return
      case OP.forgetLogs:
        this.#forgetLogs(key)
        return
      case OP.forgetDecisions:
        statements.dropDecisions.run(values[at + 1]!, a)
        return
      case OP.note:
        statements.putNote.run(key, a)
        return
      default:
        assert(false, `the thread of the store knows change ${values[at]}`)
    }
  }

  /** Thrice in the life of each job: what can be compared in place isn't made an object of first. */
  #putJob(values: readonly BatchValue[], at: number): void {
    const known = this.#knownJob(values[at + JOB.id] as string)
    if (known.state === null || !isSameOrigin(known, values, at)) {
      this.#replaceJob(known, values, at)
      return
    }
    // A column that isn't named costs its indexes nothing.
    const state = values[at + JOB.state] as string
    const forgetAtMs = values[at + JOB.forgetAtMs] as number | null
    const forgetLogsAtMs = values[at + JOB.forgetLogsAtMs] as number | null
    const endedAtMs = values[at + JOB.endedAtMs] as number | null
    const record = values[at + JOB.record] as string
    const statements = this.#statements
    const isKept = forgetAtMs === known.forgetAtMs && forgetLogsAtMs === known.forgetLogsAtMs
    if (!isKept || endedAtMs !== known.endedAtMs) {
      const end = [forgetAtMs, forgetLogsAtMs, endedAtMs] as const
      statements.setEndAndRecord.run(state, ...end, record, known.seq)
      known.forgetAtMs = forgetAtMs
      known.forgetLogsAtMs = forgetLogsAtMs
      known.endedAtMs = endedAtMs
    } else if (state !== known.state) statements.setStateAndRecord.run(state, record, known.seq)
    else statements.setRecord.run(record, known.seq)
    this.#counts.moved(known.state, state)
    known.state = state
  }

  #replaceJob(known: KnownJob, values: readonly BatchValue[], at: number): void {
    const row = values.slice(at + JOB.id, at + VALUE_COUNTS[OP.job])
    this.#statements.putJob.run(known.seq, ...row)
    const id = values[at + JOB.id] as string
    this.#dropLabels(id, known)
    this.#counts.moved(known.state, values[at + JOB.state] as string)
    known.state = values[at + JOB.state] as string
    known.createdAtMs = values[at + JOB.createdAtMs] as number
    known.labels = values[at + JOB.labels] as string
    known.submitter = values[at + JOB.submitter] as string
    known.key = values[at + JOB.key] as string | null
    known.parentId = values[at + JOB.parentId] as string | null
    known.forgetAtMs = values[at + JOB.forgetAtMs] as number | null
    known.forgetLogsAtMs = values[at + JOB.forgetLogsAtMs] as number | null
    known.name = values[at + JOB.name] as string | null
    known.endedAtMs = values[at + JOB.endedAtMs] as number | null
    this.#addLabels(id, known)
  }

  #forget(jobId: string): void {
    const job = this.#findJob(jobId)
    if (job === undefined) return
    this.#dropLabels(jobId, job)
    for (const dropRows of this.#dropRows) dropRows.run(job.seq)
    this.#counts.moved(job.state, null)
    this.#known.delete(jobId)
    this.#knownBefore.delete(jobId)
  }

  /** The record keeps the time at which it was due; the column is what is asked for. */
  #forgetLogs(jobId: string): void {
    const job = this.#findJob(jobId)
    if (job === undefined) return
    this.#statements.dropLogs.run(job.seq)
    this.#statements.unsetForgetLogs.run(job.seq)
    job.forgetLogsAtMs = null
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
    const job = this.#findJob(id) ?? this.#addKey(id)
    if (this.#known.size >= KNOWN_JOBS_MAX) {
      this.#knownBefore = this.#known
      this.#known = new Map()
    }
    this.#known.set(id, job)
    return job
  }

  #findJob(id: string): KnownJob | undefined {
    const known = this.#known.get(id) ?? this.#knownBefore.get(id)
    return known ?? (this.#statements.findKey.get(id) as KnownJob | undefined)
  }

  #addKey(id: string): KnownJob {
    return {
      seq: Number(this.#statements.addKey.run(id).lastInsertRowid),
      state: null,
      createdAtMs: 0,
      labels: '',
      submitter: '',
      key: null,
      parentId: null,
      forgetAtMs: null,
      forgetLogsAtMs: null,
      name: null,
      endedAtMs: null
    }
  }

  #forgetAll(): void {
    this.#counts.reset()
    this.#known.clear()
    this.#knownBefore.clear()
  }
}

/** True when only what a job's life changes may differ. */
function isSameOrigin(known: KnownJob, values: readonly BatchValue[], at: number): boolean {
  return (
    known.createdAtMs === values[at + JOB.createdAtMs] &&
    known.labels === values[at + JOB.labels] &&
    known.submitter === values[at + JOB.submitter] &&
    known.key === values[at + JOB.key] &&
    known.parentId === values[at + JOB.parentId] &&
    known.name === values[at + JOB.name]
  )
}

function labelEntries(labels: string): [string, string][] {
  return labels === '' ? [] : Object.entries(JSON.parse(labels) as Record<string, string>)
}
