/**
 * Copies the database into another file while the router goes on writing. In WAL mode the file itself
 * changes only at a checkpoint: one is made, the next ones wait, and the file is copied as it lies
 * there, a chunk at a time between other work of this thread, while new writes go to the WAL.
 *
 * `node:sqlite`'s own `backup` was tried: its steps run beside this thread's transactions, are turned
 * away while one is open, and under load the first of them fails the whole. `VACUUM INTO` stops all
 * writing while it copies.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  read,
  rmSync,
  statSync
} from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { MeshError, messageOf } from '../../core/errors.ts'
import { CHECKPOINT_PAGES } from './schema.ts'
import { toStoreError } from './errors.ts'
import type { DatabaseSync } from 'node:sqlite'

/** Some milliseconds of a common disk. */
const CHUNK_BYTES = 1_024 * 1_024

/** What the WAL may grow to meanwhile: a target that takes nothing must not fill the store's own disk. */
const WAL_BYTES_MAX = 1_024 * 1_024 * 1_024

/** Files that SQLite takes as parts of the one before them, even if that is new. */
const SUFFIXES = ['', '-wal', '-journal', '-shm']

const readChunk = promisify(read)

export class SqliteBackup {
  readonly #db: DatabaseSync
  readonly #file: string
  /** Open until the database is closed: closing any handle of its file drops the locks on it. */
  readonly #source: number
  #running: Promise<void> | undefined
  #isStopping = false

  constructor(db: DatabaseSync, file: string) {
    this.#db = db
    this.#file = file
    this.#source = openSync(file, 'r')
  }

  /** The file appears under its name when it is whole and on disk. @throws MeshError STORE_FAILED */
  async copyTo(target: string): Promise<void> {
    if (this.#running !== undefined) {
      throw new MeshError('STORE_FAILED', 'another backup is being made', {
        hint: 'try again when it is done'
      })
    }
    this.#running = this.#copy(target)
    try {
      await this.#running
    } catch (cause) {
      throw toBackupError(cause, target)
    } finally {
      this.#running = undefined
    }
  }

  /** Gives up a copy that is being made. The database may be closed then. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#running?.catch(() => undefined)
  }

  /** After the database is closed. */
  release(): void {
    closeSync(this.#source)
  }

  async #copy(target: string): Promise<void> {
    assertFree(target)
    const part = `${target}.part`
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 })
    // One that a crash left behind is of no use, and may have another mode.
    rmSync(part, { force: true })
    // Up to the checkpoint nothing is waited for, so that what was applied later isn't in it.
    this.#db.exec('PRAGMA wal_autocheckpoint = 0')
    try {
      this.#checkpoint()
      await this.#writePart(part)
      assertFree(target)
      await rename(part, target)
      await syncFolder(dirname(target))
    } catch (cause) {
      await rm(part, { force: true })
      throw cause
    } finally {
      this.#db.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
    }
  }

  /** From here on the file is whole by itself. */
  #checkpoint(): void {
    try {
      const row = this.#db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()
      if (row?.['busy'] !== 0) throw new Error('its WAL could not be emptied into it')
    } catch (cause) {
      throw toStoreError(cause, this.#file)
    }
  }

  async #writePart(part: string): Promise<void> {
    const { size } = fstatSync(this.#source)
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    const output = await open(part, 'wx', 0o600)
    try {
      for (let position = 0; position < size;) {
        this.#assertGoesOn()
        const length = Math.min(CHUNK_BYTES, size - position)
        const { bytesRead } = await readChunk(this.#source, chunk, 0, length, position)
        if (bytesRead === 0) throw new Error(`${this.#file} became shorter`)
        await output.writeFile(chunk.subarray(0, bytesRead))
        position += bytesRead
      }
      await output.sync()
    } finally {
      await output.close()
    }
  }

  #assertGoesOn(): void {
    if (this.#isStopping) throw new MeshError('STOPPING', 'the router is stopping')
    if (statSync(`${this.#file}-wal`).size > WAL_BYTES_MAX) {
      throw new Error('it takes too long: the router has written 1 GiB since it began')
    }
  }
}

function assertFree(target: string): void {
  const taken = SUFFIXES.map((suffix) => target + suffix).find((file) => existsSync(file))
  if (taken === undefined) return
  throw new MeshError('STORE_FAILED', `a backup overwrites nothing, and ${taken} exists`, {
    retryable: false,
    hint: 'choose another name, or move that file away'
  })
}

/** Without it a power failure may forget the name of a file whose content is on disk. */
async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folders.
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function toBackupError(cause: unknown, target: string): MeshError {
  if (cause instanceof MeshError) return cause
  const isFull = (cause as NodeJS.ErrnoException).code === 'ENOSPC'
  return new MeshError('STORE_FAILED', `the backup ${target} failed: ${messageOf(cause)}`, {
    hint: isFull
      ? `the disk is full: free space where ${target} lies`
      : `see that the folder of ${target} can be written`,
    cause
  })
}
