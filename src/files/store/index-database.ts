/** How the file of the index is opened: private, exclusive, in WAL mode, in the format of this version. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { MeshError } from '../../core/errors.ts'
import { touchPrivateFile } from '../../core/private-folder.ts'
import { toStoreError } from './disk-errors.ts'

/** "tmfx": marks the file as an index of files, so that no other database is written into. */
const APPLICATION_ID = 0x746d6678
/** SQLite's result codes for a file that another process holds. */
const BUSY = 5
const LOCKED = 6

/**
 * The steps that lead to the tables: a file of any earlier version takes those that it lacks. A step
 * that was released never changes. Hashes come last in their row, so that a list does not read them.
 */
const MIGRATIONS = [
  `CREATE TABLE files (
     id TEXT PRIMARY KEY,
     name TEXT NOT NULL,
     size INTEGER NOT NULL,
     piece_bytes INTEGER NOT NULL,
     own TEXT NOT NULL CHECK (own IN ('none', 'part', 'blob')),
     is_pinned INTEGER NOT NULL,
     added_at INTEGER NOT NULL,
     used_at INTEGER NOT NULL,
     verified BLOB,
     hashes BLOB NOT NULL
   ) STRICT;
   CREATE INDEX files_by_name ON files (name, id);
   CREATE INDEX files_by_use ON files (used_at, id) WHERE own <> 'none';
   CREATE TABLE shared (
     path TEXT PRIMARY KEY,
     file TEXT NOT NULL REFERENCES files (id),
     folder TEXT,
     stamp TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX shared_by_file ON shared (file);
   CREATE INDEX shared_by_folder ON shared (folder);
   CREATE TABLE folders (path TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;`,
  `CREATE TABLE keeps (
     file TEXT NOT NULL REFERENCES files (id) ON DELETE CASCADE,
     kept_for TEXT NOT NULL,
     until INTEGER NOT NULL,
     PRIMARY KEY (file, kept_for)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX keeps_by_until ON keeps (until);`
]

/**
 * Opens or creates the index and keeps it locked until it is closed.
 * @throws MeshError NODE_ALREADY_RUNNING, STORE_FULL or STORE_FAILED
 */
export function openIndex(file: string): DatabaseSync {
  let db: DatabaseSync | undefined
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    // SQLite gives its WAL file the same rights.
    touchPrivateFile(file)
    db = new DatabaseSync(file)
    // Before anything is set that is written into the file.
    checkFormat(db, file)
    // Exclusive before WAL: then no other process can open it and the WAL index stays in memory.
    db.exec('PRAGMA locking_mode = EXCLUSIVE')
    db.exec('PRAGMA journal_mode = WAL')
    // A power cut may lose the last changes but keeps their order: what is then not known is looked
    // at again. So nobody waits for the disk here.
    db.exec('PRAGMA synchronous = NORMAL')
    db.exec('PRAGMA foreign_keys = ON')
    migrate(db)
    return db
  } catch (cause) {
    db?.close()
    throw toIndexError(cause, file)
  }
}

function checkFormat(db: DatabaseSync, file: string): void {
  const version = pragma(db, 'user_version')
  const isOurs = pragma(db, 'application_id') === APPLICATION_ID
  const isNew = version === 0 && db.prepare('SELECT 1 FROM sqlite_schema').get() === undefined
  if ((isOurs || isNew) && version <= MIGRATIONS.length) return
  throw new MeshError('STORE_FAILED', `${file} is of another program, or of a newer version`, {
    retryable: false,
    hint: 'start the newer version of taskmesh, or give this node a folder of its own'
  })
}

function migrate(db: DatabaseSync): void {
  db.exec('BEGIN EXCLUSIVE')
  const version = pragma(db, 'user_version')
  // One that is up to date isn't written: the node starts on a full disk too.
  if (version < MIGRATIONS.length) {
    for (const statements of MIGRATIONS.slice(version)) db.exec(statements)
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
    db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`)
  }
  db.exec('COMMIT')
}

function toIndexError(cause: unknown, file: string): MeshError {
  const { errcode } = (cause ?? {}) as { errcode?: unknown }
  const code = typeof errcode === 'number' ? errcode & 0xff : undefined
  if (code !== BUSY && code !== LOCKED) return toStoreError(cause, file)
  return new MeshError('NODE_ALREADY_RUNNING', `another process uses the file store of ${file}`, {
    hint: 'stop it, or give this node a folder of its own',
    cause
  })
}

function pragma(db: DatabaseSync, name: string): number {
  return Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0])
}
