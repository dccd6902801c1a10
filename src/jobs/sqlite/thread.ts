/**
 * The thread that owns the database: an fsync blocks here and nowhere else. It answers messages in
 * the order in which they came, so that a read sees every write sent before it.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { assert } from '../../core/assert.ts'
import { messageOf } from '../../core/errors.ts'
import { JobCounts } from './job-counts.ts'
import { SqliteBackup } from './backup.ts'
import { toStoreError } from './errors.ts'
import { openDatabase } from './schema.ts'
import { SqliteReader } from './reader.ts'
import { SqliteWriter } from './writer.ts'
import type { DatabaseSync } from 'node:sqlite'
import type { FromThread, SqliteBatch, SqliteThreadInit, ToThread } from './batch.ts'

const port = parentPort
assert(port !== null, 'this file runs as a worker thread')
const init = workerData as SqliteThreadInit

const send = (message: FromThread): void => port.postMessage(message)

let db: DatabaseSync | undefined
try {
  db = openDatabase(init)
} catch (cause) {
  send({ kind: 'refused', error: toStoreError(cause, init.file).toData() })
}
if (db !== undefined) serve(db)

function serve(opened: DatabaseSync): void {
  assert(port !== null, 'checked above')
  const counts = new JobCounts(opened)
  const writer = new SqliteWriter(opened, init.file, counts)
  const reader = new SqliteReader(opened, counts)
  const backup = new SqliteBackup(opened, init.file)
  port.on('message', (message: ToThread) => {
    if (message.kind === 'write') write(writer, message.batch)
    else if (message.kind === 'read') read(reader, message.id, message)
    else if (message.kind === 'backup') void backUp(backup, message)
    else void close(opened, backup)
  })
  send({ kind: 'opened' })
}

function write(writer: SqliteWriter, batch: SqliteBatch): void {
  try {
    send({ kind: 'written', failures: writer.write(batch) })
  } catch (cause) {
    send({ kind: 'unwritten', error: toStoreError(cause, init.file).toData() })
  }
}

function read(
  reader: SqliteReader,
  id: number,
  query: { name: string; args: readonly unknown[] }
): void {
  try {
    // The other side is typed by this very class, see `SqliteLink.read`.
    const method = reader[query.name as keyof SqliteReader] as (...args: unknown[]) => unknown
    send({ kind: 'answer', id, value: method.apply(reader, [...query.args]) })
  } catch (cause) {
    send({ kind: 'unanswered', id, error: toStoreError(cause, init.file).toData() })
  }
}

async function backUp(
  backup: SqliteBackup,
  { id, file }: Extract<ToThread, { kind: 'backup' }>
): Promise<void> {
  try {
    await backup.copyTo(file)
    send({ kind: 'answer', id, value: undefined })
  } catch (cause) {
    send({ kind: 'unanswered', id, error: toStoreError(cause, init.file).toData() })
  }
}

/** Closing the last connection empties the WAL into the file; what fails here is recovered at the next start. */
async function close(opened: DatabaseSync, backup: SqliteBackup): Promise<void> {
  await backup.stop()
  try {
    opened.close()
  } catch (cause) {
    process.emitWarning(`the job store ${init.file} was not closed cleanly: ${messageOf(cause)}`)
  }
  backup.release()
  port?.close()
}
