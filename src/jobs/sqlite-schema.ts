/**
 * The tables of the job store and how its file is opened: private, exclusive, in WAL mode.
 *
 * A job's id is random, so rows keyed by it would dirty one 4 KiB page each. `keys` maps it once to
 * a growing `seq`, and everything of a job lies together at the end of its table.
 */
import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { MeshError } from '../core/errors.ts'
import { damaged, toStoreError } from './sqlite-errors.ts'
import type { SqliteThreadInit } from './sqlite-batch.ts'

/** Grows by one with every change of the tables; `MIGRATIONS[n]` leads from version n to n + 1. */
const SCHEMA_VERSION = 1

/** "tmsh": marks the file as ours, so that no other program's database is ever written into. */
const APPLICATION_ID = 0x746d7368

/** A check reads the whole file; up to here that takes well below a second. */
const CHECKED_BYTES_MAX = 64 * 1_024 * 1_024

/** Long enough for a dying predecessor's last write, short enough to tell a user at once. */
const BUSY_TIMEOUT_MS = 250

const MIGRATIONS = [
  `
  CREATE TABLE keys (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE jobs (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at_ms REAL NOT NULL,
    labels TEXT NOT NULL,
    record TEXT NOT NULL
  ) STRICT;
  CREATE INDEX jobs_by_time ON jobs (created_at_ms, id);
  CREATE INDEX jobs_by_state ON jobs (state, created_at_ms, id);
  CREATE TABLE job_labels (
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    created_at_ms REAL NOT NULL,
    id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (name, value, created_at_ms, id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE documents (seq INTEGER PRIMARY KEY, document TEXT NOT NULL) STRICT;
  CREATE TABLE items (
    seq INTEGER NOT NULL,
    item_index INTEGER NOT NULL,
    state TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (seq, item_index)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE outputs (
    seq INTEGER NOT NULL,
    item_index INTEGER NOT NULL,
    output TEXT,
    logs TEXT NOT NULL,
    PRIMARY KEY (seq, item_index)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE attempts (
    seq INTEGER NOT NULL,
    item_index INTEGER NOT NULL,
    number INTEGER NOT NULL,
    state TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (seq, item_index, number)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE decisions (
    seq INTEGER NOT NULL,
    item_index INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    decision TEXT NOT NULL,
    PRIMARY KEY (seq, item_index, attempt)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE notes (name TEXT NOT NULL PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `
]

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
    checkIntegrity(db, file)
    return db
  } catch (cause) {
    db?.close()
    throw toStoreError(cause, file)
  }
}

/** SQLite gives its WAL file the same mode. An existing file isn't opened here: closing it would drop locks. */
function makePrivate(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
    if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600)
  }
}

function configure(db: DatabaseSync, sync: 'full' | 'normal'): void {
  // Exclusive before WAL: then no other process can open the file and the WAL index stays in memory.
  db.exec('PRAGMA locking_mode = EXCLUSIVE')
  db.exec('PRAGMA journal_mode = WAL')
  db.exec(`PRAGMA synchronous = ${sync === 'full' ? 'FULL' : 'NORMAL'}`)
  // 64 MiB of pages in memory: the default of 2 MiB spills in the midst of a large transaction.
  db.exec('PRAGMA cache_size = -65536')
  // A checkpoint each 32 MiB of WAL: pages written often are copied once (default 4 MiB).
  db.exec('PRAGMA wal_autocheckpoint = 8192')
  // One huge transaction doesn't leave its WAL's size behind for ever.
  db.exec('PRAGMA journal_size_limit = 134217728')
  db.exec('PRAGMA temp_store = MEMORY')
}

function migrate(db: DatabaseSync, file: string): void {
  db.exec('BEGIN EXCLUSIVE')
  const version = pragma(db, 'user_version')
  if (version > SCHEMA_VERSION) {
    throw new MeshError(
      'STORE_FAILED',
      `the job store ${file} has format ${version}; this version of taskmesh knows up to ${SCHEMA_VERSION}`,
      { retryable: false, hint: 'start the newer version of taskmesh that wrote it' }
    )
  }
  const isOurs = pragma(db, 'application_id') === APPLICATION_ID
  if (!isOurs && (version !== 0 || tableCount(db) !== 0)) {
    throw new MeshError('STORE_FAILED', `${file} is a database of another program`, {
      retryable: false,
      hint: 'give the router a data folder of its own'
    })
  }
  for (const statements of MIGRATIONS.slice(version)) db.exec(statements)
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
  db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`)
  db.exec('COMMIT')
}

function checkIntegrity(db: DatabaseSync, file: string): void {
  const bytes = pragma(db, 'page_count') * pragma(db, 'page_size')
  if (bytes > CHECKED_BYTES_MAX) return
  const row = db.prepare('PRAGMA quick_check(1)').get()
  const verdict = String(Object.values(row ?? {})[0])
  if (verdict !== 'ok') throw damaged(file, verdict)
}

function pragma(db: DatabaseSync, name: string): number {
  return Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0])
}

function tableCount(db: DatabaseSync): number {
  return Number(db.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.['count'])
}
