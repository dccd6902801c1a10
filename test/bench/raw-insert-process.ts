/** Process of intake.bench: the bytes of a submitted job, inserted by bare node:sqlite as one row. */
import { DatabaseSync } from 'node:sqlite'
import { CHECKPOINT_PAGES } from '../../src/jobs/sqlite/schema.ts'
import { answerParent, readInit } from './support/child.ts'
import { jobText } from './support/bodies.ts'
import { runLoad } from './support/load.ts'
import { submitChanges } from './support/store-records.ts'
import type { LoadInit, LoadResult } from './support/load.ts'

export interface RawInsertInit {
  file: string
  /** All rows that are there at a time in one transaction, instead of one each. */
  isGrouped: boolean
}

const { file, isGrouped } = readInit() as RawInsertInit
const db = new DatabaseSync(file)
db.exec('PRAGMA locking_mode = EXCLUSIVE')
db.exec('PRAGMA journal_mode = WAL')
db.exec('PRAGMA synchronous = FULL')
// As rarely as the job store does.
db.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
db.exec('CREATE TABLE jobs (seq INTEGER PRIMARY KEY, id TEXT UNIQUE, bytes TEXT)')
const insert = db.prepare('INSERT INTO jobs (id, bytes) VALUES (?, ?)')

let nextJob = 1
let waiting: PromiseWithResolvers<void>[] = []

async function insertOne(): Promise<void> {
  const written = Promise.withResolvers<void>()
  if (waiting.push(written) === 1) setImmediate(flush)
  await written.promise
}

function flush(): void {
  const written = waiting
  waiting = []
  if (isGrouped) db.exec('BEGIN IMMEDIATE')
  for (const _ of written) insertRow()
  if (isGrouped) db.exec('COMMIT')
  for (const one of written) one.resolve()
}

function insertRow(): void {
  const id = `j-${String(nextJob++).padStart(12, '0')}`
  insert.run(id, JSON.stringify(submitChanges(id, jobText(0))))
}

answerParent({ load: (init: LoadInit): Promise<LoadResult> => runLoad(init, insertOne) })
