/** How the file of the job store is opened: private, exclusive, in WAL mode, in the format of this version. */
import { accessSync, constants, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { MeshError } from '../../core/errors.ts'
import { MIGRATIONS } from './migrations.ts'
import { touchPrivateFile } from '../../core/private-folder.ts'
import { damageOf, toStoreError } from './errors.ts'
import type { SqliteThreadInit } from './batch.ts'

const SCHEMA_VERSION = MIGRATIONS.length

/** "tmsh": marks the file as ours, so that no other program's database is ever written into. */
const APPLICATION_ID = 0x746d7368

/** A check reads the whole file; up to here that takes well below a second. */
const CHECKED_BYTES_MAX = 64 * 1_024 * 1_024

/** Long enough for a dying predecessor's last write, short enough to tell a user at once. */
const BUSY_TIMEOUT_MS = 250

/** A checkpoint each 32 MiB of WAL: pages written often are copied once (default 4 MiB). */
export const CHECKPOINT_PAGES = 8_192

/** What a check finds first is enough to tell a disk's fault from a program's. */
const FINDINGS_MAX = 3

/**
 * Opens or creates the store's file and keeps it locked until it is closed.
 * @throws MeshError NODE_ALREADY_RUNNING or STORE_FAILED
 */
export function openDatabase(init: SqliteThreadInit): DatabaseSync {
  const { file } = init
  let db: DatabaseSync | undefined
  try {
    makePrivate(file)
    db = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS })
    configure(db, init.sync)
    migrate(db, file)
    checkIntegrity(db)
    return db
  } catch (cause) {
    db?.close()
    throw toStoreError(cause, file)
  }
}

/** SQLite gives its WAL file the same mode. */
function makePrivate(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  touchPrivateFile(file)
  // SQLite itself would go on read-only, and then report a lock that it can't have as a fault of the disk.
  for (const path of [file, dirname(file)]) accessSync(path, constants.W_OK)
}

function configure(db: DatabaseSync, sync: 'full' | 'normal'): void {
  // Exclusive before WAL: then no other process can open the file and the WAL index stays in memory.
  db.exec('PRAGMA locking_mode = EXCLUSIVE')
  db.exec('PRAGMA journal_mode = WAL')
  db.exec(`PRAGMA synchronous = ${sync === 'full' ? 'FULL' : 'NORMAL'}`)
  // 64 MiB of pages in memory: the default of 2 MiB spills in the midst of a large transaction.
  db.exec('PRAGMA cache_size = -65536')
  db.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
  // One huge transaction doesn't leave its WAL's size behind for ever.
  db.exec('PRAGMA journal_size_limit = 134217728')
  db.exec('PRAGMA temp_store = MEMORY')
}

function migrate(db: DatabaseSync, file: string): void {
  db.exec('BEGIN EXCLUSIVE')
  const version = formatOf(db, file)
  // A file that is up to date isn't written: the router starts on a full disk too.
  if (version < SCHEMA_VERSION) {
    for (const statements of MIGRATIONS.slice(version)) db.exec(statements)
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
    db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`)
  }
  db.exec('COMMIT')
}

/**
 * The version of its tables; 0 of an empty file.
 * @throws MeshError STORE_FAILED for a file of a newer version or of another program
 */
export function formatOf(db: DatabaseSync, file: string): number {
  const version = pragma(db, 'user_version')
  const isOurs = pragma(db, 'application_id') === APPLICATION_ID
  if (!isOurs && (version !== 0 || tableCount(db) !== 0)) {
    throw new MeshError('STORE_FAILED', `${file} is a database of another program`, {
      retryable: false,
      hint: 'give the router a data folder of its own'
    })
  }
  if (version > SCHEMA_VERSION) {
    throw new MeshError(
      'STORE_FAILED',
      `the job store ${file} has format ${version}; this version of taskmesh knows up to ${SCHEMA_VERSION}`,
      { retryable: false, hint: 'start the newer version of taskmesh that wrote it' }
    )
  }
  return version
}

function checkIntegrity(db: DatabaseSync): void {
  const bytes = pragma(db, 'page_count') * pragma(db, 'page_size')
  if (bytes > CHECKED_BYTES_MAX) return
  const rows = db.prepare(`PRAGMA quick_check(${FINDINGS_MAX})`).all()
  const findings = rows.map((row) => String(row['quick_check']))
  if (findings[0] !== 'ok') throw damageOf(findings.join('; '))
}

function pragma(db: DatabaseSync, name: string): number {
  return Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0])
}

function tableCount(db: DatabaseSync): number {
  return Number(db.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.['count'])
}
