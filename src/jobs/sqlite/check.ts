/**
 * Looks a job store or a backup of one over, for a person who wants to know whether it is whole: every
 * page, and whether its rows tell of jobs that a router can go on with. It reads only, and says what
 * it finds; what to do about it stays with that person.
 */
import { existsSync, rmSync, statSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { MeshError, messageOf } from '../../core/errors.ts'
import { formatOf } from './schema.ts'
import { isDamage, isInUse, toStoreError } from './errors.ts'
import { newestBackup } from './restore.ts'
import { SqliteJobCheck } from './job-check.ts'

export interface StoreReport {
  file: string
  bytes: number
  jobs: number
  byState: Record<string, number>
  /** The first hundred. */
  problems: string[]
  problemCount: number
}

const PROBLEMS_MAX = 100

/** A router holds the file for good: there is nothing to wait for. */
const BUSY_TIMEOUT_MS = 0

/** @throws MeshError NODE_ALREADY_RUNNING, or STORE_FAILED for a file that is no job store or can't be read */
export function checkStore(path: string): StoreReport {
  const file = resolve(path)
  if (!existsSync(file)) {
    throw new MeshError('STORE_FAILED', `there is no job store ${file}`, { retryable: false })
  }
  const report = emptyReport(file)
  try {
    readStore(file, report)
  } catch (cause) {
    if (isInUse(cause)) throw inUse(file, cause)
    if (!isDamage(cause)) throw toStoreError(cause, file)
    addProblem(report, `reading stopped: ${messageOf(cause)}`)
  }
  return report
}

function readStore(file: string, report: StoreReport): void {
  // A router that runs, or was killed, has left a WAL; without one nobody has the file open.
  const hasWal = existsSync(`${file}-wal`)
  const hadShm = existsSync(`${file}-shm`)
  const url = pathToFileURL(file)
  // SQLite then leaves no files beside it, which a router of another user could not open.
  if (!hasWal) url.searchParams.set('immutable', '1')
  const db = new DatabaseSync(url, { readOnly: true, timeout: BUSY_TIMEOUT_MS })
  try {
    checkDatabase(db, file, report)
  } finally {
    db.close()
    // The index of a WAL that was read; a router makes none, and needs none.
    if (hasWal && !hadShm) rmSync(`${file}-shm`, { force: true })
  }
  if (!hasWal && existsSync(`${file}-wal`)) throw inUse(file)
}

function checkDatabase(db: DatabaseSync, file: string, report: StoreReport): void {
  const format = formatOf(db, file)
  for (const row of db.prepare(`PRAGMA integrity_check(${PROBLEMS_MAX})`).all()) {
    const finding = String(row['integrity_check'])
    if (finding !== 'ok') addProblem(report, finding)
  }
  if (format === 0) return
  for (const row of db.prepare('SELECT state, count(*) AS count FROM jobs GROUP BY state').all()) {
    report.byState[String(row['state'])] = Number(row['count'])
    report.jobs += Number(row['count'])
  }
  new SqliteJobCheck(db, format, (problem) => addProblem(report, problem)).run()
}

function emptyReport(file: string): StoreReport {
  const bytes = statSync(file).size
  return { file, bytes, jobs: 0, byState: {}, problems: [], problemCount: 0 }
}

function addProblem(report: StoreReport, problem: string): void {
  report.problemCount += 1
  if (report.problems.length < PROBLEMS_MAX) report.problems.push(problem)
}

function inUse(file: string, cause?: unknown): MeshError {
  const backup = newestBackup(file)
  return new MeshError('NODE_ALREADY_RUNNING', `a running router uses the job store ${file}`, {
    hint:
      backup === undefined
        ? 'make a backup and check that, or stop the router'
        : `check a backup instead, such as ${backup}, or stop the router`,
    cause
  })
}
