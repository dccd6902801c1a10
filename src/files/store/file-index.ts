/**
 * What this node has, remembered: each file once, by its id, with where its bytes lie: a part or a blob
 * of the store's own, and paths of the owner's that hold it as well. It tells who listens when a file
 * has come to be here whole, and when it no longer is. It believes what it is told of the disk.
 */
import { EventEmitter } from 'node:events'
import { assert } from '../../core/assert.ts'
import { MeshError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { DiskReserve } from './disk-reserve.ts'
import { planOf } from '../content/piece-plan.ts'
import { openIndex } from './index-database.ts'
import { toStoreError } from './disk-errors.ts'
import { ENTRY, toEntry, toSharedPath } from './file-entry.ts'
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { Clock } from '../../core/clock.ts'
import type { FileEntry, FilePage, Keep, OwnCopy, Row, SharedPath } from './file-entry.ts'
import type { FileManifest } from '../content/manifest.ts'

export type { FileEntry, FilePage, Keep, OwnCopy, SharedPath } from './file-entry.ts'

export interface FileEvents {
  /** The whole file is here now. */
  added: [FileEntry]
  /** It is here as before; whether it is pinned, or for whom it is kept, has changed. */
  changed: [FileEntry]
  /** It is not any more. */
  removed: [string]
}

export class FileIndex {
  readonly events = new EventEmitter<FileEvents>()
  readonly #clock: Clock
  readonly #file: string
  #db: DatabaseSync | undefined
  readonly #reserve: DiskReserve
  readonly #statements = new Map<string, StatementSync>()
  /** Once somebody has asked: to add them up takes the longer the more files there are. */
  #ownBytes: number | undefined

  constructor({ clock }: { clock: Clock }, file: string) {
    this.#clock = clock
    this.#file = file
    this.#reserve = new DiskReserve(`${file}-reserve`)
  }

  /** @throws MeshError NODE_ALREADY_RUNNING, STORE_FULL or STORE_FAILED */
  open(): void {
    this.#db ??= openIndex(this.#file)
    this.#reserve.take()
  }

  close(): void {
    this.#statements.clear()
    this.#ownBytes = undefined
    this.#db?.close()
    this.#db = undefined
  }

  find(id: string): FileEntry | undefined {
    const row = this.#get(`${ENTRY} WHERE id = ?`, id)
    return row === undefined ? undefined : toEntry(row, this.#nowMs())
  }

  list({ after, limit = LIMITS.pageRowsMax, order = 'name' }: FilePage = {}): FileEntry[] {
    const rows = Math.min(limit, LIMITS.pageRowsMax)
    const { id = '', name = '' } = after ?? {}
    const nowMs = this.#nowMs()
    return (
      order === 'id'
        ? this.#all(`${ENTRY} WHERE id > ? ORDER BY id LIMIT ?`, id, rows)
        : this.#all(`${ENTRY} WHERE (name, id) > (?, ?) ORDER BY name, id LIMIT ?`, name, id, rows)
    ).map((row) => toEntry(row, nowMs))
  }

  /** How many files there are, and their bytes, each once. */
  totals(): { fileCount: number; sizeBytes: number } {
    const row = this.#get('SELECT count(*) AS files, total(size) AS bytes FROM files')
    return { fileCount: Number(row?.['files']), sizeBytes: Number(row?.['bytes']) }
  }

  manifest(id: string): FileManifest | undefined {
    const row = this.#get('SELECT size, piece_bytes, hashes FROM files WHERE id = ?', id)
    if (row === undefined) return undefined
    const plan = planOf(Number(row['size']), Number(row['piece_bytes']))
    return { id, plan, hashes: row['hashes'] as Uint8Array }
  }

  /** The pieces of a part that are on the disk, as `PieceSet` writes them; none known is undefined. */
  verified(id: string): Uint8Array | undefined {
    return (this.#get('SELECT verified FROM files WHERE id = ?', id)?.['verified'] ?? undefined) as
      | Uint8Array
      | undefined
  }

  sharedPathsOf(id: string): SharedPath[] {
    return this.#all('SELECT * FROM shared WHERE file = ? ORDER BY path', id).map(toSharedPath)
  }

  sharedPath(path: string): SharedPath | undefined {
    const row = this.#get('SELECT * FROM shared WHERE path = ?', path)
    return row === undefined ? undefined : toSharedPath(row)
  }

  /** @param folder undefined for those that were added by themselves */
  sharedPathsIn(folder: string | undefined): SharedPath[] {
    return this.#all('SELECT * FROM shared WHERE folder IS ?', folder ?? null).map(toSharedPath)
  }

  folders(): string[] {
    return this.#all('SELECT path FROM folders ORDER BY path').map((row) => String(row['path']))
  }

  addFolder(path: string): void {
    this.#write(() => this.#run('INSERT OR IGNORE INTO folders VALUES (?)', path))
  }

  /** With all that was shared in it. */
  removeFolder(path: string): void {
    for (const shared of this.sharedPathsIn(path)) this.removeShared(shared.path)
    this.#write(() => this.#run('DELETE FROM folders WHERE path = ?', path))
  }

  /** Files whose bytes the store holds, whole or in part. */
  ownFiles(own: Exclude<OwnCopy, 'none'>): FileEntry[] {
    const nowMs = this.#nowMs()
    return this.#all(`${ENTRY} WHERE own = ? ORDER BY id`, own).map((row) => toEntry(row, nowMs))
  }

  /** Parts count whole: their room is promised. */
  ownBytes(): number {
    this.#ownBytes ??= Number(
      this.#get("SELECT total(size) AS sum FROM files WHERE own <> 'none'")?.['sum']
    )
    return this.#ownBytes
  }

  /** What of its own the store may not let go of. */
  keptBytes(): number {
    const sql = `SELECT total(size) AS sum FROM files WHERE own <> 'none' AND (is_pinned = 1
      OR EXISTS (SELECT 1 FROM keeps WHERE file = files.id AND until > ?))`
    return Number(this.#get(sql, this.#nowMs())?.['sum'])
  }

  /** What may go to make room, least recently used first. */
  *evictable(): Generator<FileEntry, undefined> {
    const nowMs = this.#nowMs()
    const sql = `${ENTRY} WHERE own <> 'none' AND is_pinned = 0
      AND NOT EXISTS (SELECT 1 FROM keeps WHERE file = files.id AND until > ?)
      ORDER BY used_at, id LIMIT ? OFFSET ?`
    for (let offset = 0; ; offset += LIMITS.pageRowsMax) {
      const page = this.#all(sql, nowMs, LIMITS.pageRowsMax, offset)
      for (const row of page) yield toEntry(row, nowMs)
      if (page.length < LIMITS.pageRowsMax) return
    }
  }

  /** A path holds that file; what it held before is forgotten. */
  addShared(
    manifest: FileManifest,
    name: string,
    { folder, path, stamp }: Omit<SharedPath, 'id'>
  ): void {
    this.#change([manifest.id, this.sharedPath(path)?.id], () => {
      this.#insert(manifest, name)
      this.#run(
        'INSERT OR REPLACE INTO shared (path, file, folder, stamp) VALUES (?, ?, ?, ?)',
        path,
        manifest.id,
        folder ?? null,
        stamp
      )
    })
  }

  removeShared(path: string): void {
    this.#change([this.sharedPath(path)?.id], () =>
      this.#run('DELETE FROM shared WHERE path = ?', path)
    )
  }

  /** A part begins, with no piece in it. */
  addPart(manifest: FileManifest, name: string): void {
    this.#reserve.take()
    this.#change([manifest.id], () => {
      this.#insert(manifest, name)
      this.#run("UPDATE files SET own = 'part', verified = NULL WHERE id = ?", manifest.id)
    })
  }

  /** These pieces of a part are on the disk. */
  recordVerified(id: string, verified: Uint8Array): void {
    this.#write(() =>
      this.#run("UPDATE files SET verified = ? WHERE id = ? AND own = 'part'", verified, id)
    )
  }

  /** Parts have become blobs. */
  completeParts(ids: readonly string[]): void {
    this.#change(ids, () => {
      for (const id of ids) {
        this.#run("UPDATE files SET own = 'blob', verified = NULL WHERE id = ?", id)
      }
    })
  }

  /** The store holds nothing of it any more. */
  removeOwn(id: string): void {
    this.#change([id], () =>
      this.#run("UPDATE files SET own = 'none', verified = NULL WHERE id = ?", id)
    )
  }

  pin(id: string, isPinned: boolean): void {
    this.#write(() =>
      this.#run('UPDATE files SET is_pinned = ? WHERE id = ?', Number(isPinned), id)
    )
    this.#tellChanged(id)
  }

  /** It stays until then; who said so before may move the moment. */
  keep(id: string, { keptFor, untilMs }: Keep): void {
    this.#write(() =>
      this.#run(
        'INSERT OR REPLACE INTO keeps (file, kept_for, until) VALUES (?, ?, ?)',
        id,
        keptFor,
        Math.floor(untilMs)
      )
    )
    this.#tellChanged(id)
  }

  /** Whose time is up wants nothing kept any more, and that is told. */
  endKeeps(): void {
    let ended: Row[] = []
    this.#write(() => {
      ended = this.#all('DELETE FROM keeps WHERE until <= ? RETURNING file', this.#nowMs())
    })
    for (const id of new Set(ended.map((row) => String(row['file'])))) this.#tellChanged(id)
  }

  /** Until when somebody wants it kept; undefined where it does not, or no longer. */
  keptUntil(id: string, keptFor: string): number | undefined {
    const sql = 'SELECT until FROM keeps WHERE file = ? AND kept_for = ? AND until > ?'
    const until = this.#get(sql, id, keptFor, this.#nowMs())?.['until']
    return until === undefined ? undefined : Number(until)
  }

  letGo(id: string, keptFor: string): void {
    this.#write(() => this.#run('DELETE FROM keeps WHERE file = ? AND kept_for = ?', id, keptFor))
    this.#tellChanged(id)
  }

  noteUse(id: string): void {
    this.#write(() => this.#run('UPDATE files SET used_at = ? WHERE id = ?', this.#nowMs(), id))
  }

  #tellChanged(id: string): void {
    const entry = this.find(id)
    if (entry?.isComplete === true) this.events.emit('changed', entry)
  }

  #insert({ hashes, id, plan }: FileManifest, name: string): void {
    this.#run(
      `INSERT OR IGNORE INTO files
         (id, name, size, piece_bytes, own, is_pinned, added_at, used_at, hashes)
       VALUES (?, ?, ?, ?, 'none', 0, ?, ?, ?)`,
      id,
      name,
      plan.sizeBytes,
      plan.pieceBytes,
      this.#nowMs(),
      this.#nowMs(),
      hashes
    )
  }

  /** Makes a change whole or not at all, forgets what is then nowhere, and tells what it meant. */
  #change(concerned: readonly (string | undefined)[], work: () => void): void {
    const ids = [...new Set(concerned.filter((id) => id !== undefined))]
    const before = ids.map((id) => this.find(id))
    this.#write(() => this.#transact(ids, work))
    const after = ids.map((id) => this.find(id))
    if (this.#ownBytes !== undefined) this.#ownBytes += ownBytesOf(after) - ownBytesOf(before)
    ids.forEach((id, index) => {
      const entry = after[index]
      const wasComplete = before[index]?.isComplete === true
      if (entry?.isComplete === true && !wasComplete) this.events.emit('added', entry)
      else if (entry?.isComplete !== true && wasComplete) this.events.emit('removed', id)
    })
  }

  #transact(ids: readonly string[], work: () => void): void {
    this.#run('BEGIN IMMEDIATE')
    try {
      work()
      for (const id of ids) {
        const entry = this.find(id)
        if (entry?.own === 'none' && entry.sharedCount === 0) {
          this.#run('DELETE FROM files WHERE id = ?', id)
        }
      }
      this.#run('COMMIT')
    } catch (cause) {
      // A full disk has rolled it back already.
      if (this.#db?.isTransaction === true) this.#run('ROLLBACK')
      throw cause
    }
  }

  /** A full disk has room for this all the same. */
  #write(work: () => void): void {
    try {
      work()
    } catch (cause) {
      const isFull = cause instanceof MeshError && cause.code === 'STORE_FULL'
      if (!isFull || !this.#reserve.release()) throw cause
      work()
    }
  }

  #nowMs(): number {
    return Math.floor(this.#clock.wallMs())
  }

  #get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#try(sql, (statement) => statement.get(...values))
  }

  #all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#try(sql, (statement) => statement.all(...values))
  }

  #run(sql: string, ...values: SQLInputValue[]): void {
    this.#try(sql, (statement) => statement.run(...values))
  }

  #try<T>(sql: string, work: (statement: StatementSync) => T): T {
    assert(this.#db !== undefined, 'the index is open while it is used')
    try {
      let statement = this.#statements.get(sql)
      if (statement === undefined) {
        statement = this.#db.prepare(sql)
        this.#statements.set(sql, statement)
      }
      return work(statement)
    } catch (cause) {
      throw toStoreError(cause, this.#file)
    }
  }
}

function ownBytesOf(files: readonly (FileEntry | undefined)[]): number {
  return files.reduce((sum, file) => {
    return file === undefined || file.own === 'none' ? sum : sum + file.sizeBytes
  }, 0)
}
