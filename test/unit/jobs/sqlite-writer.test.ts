/** The writer on its own: transactions that fail, and what it remembers of jobs. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { appendChange } from '../../../src/jobs/sqlite-batch.ts'
import { openDatabase } from '../../../src/jobs/sqlite-schema.ts'
import { SqliteReader } from '../../../src/jobs/sqlite-reader.ts'
import { SqliteWriter } from '../../../src/jobs/sqlite-writer.ts'
import { badCall, buildJob, itemChange, jobChange } from '../../conformance/job-store-records.ts'
import { useFiles } from './sqlite-support.ts'
import type { DatabaseSync } from 'node:sqlite'
import type { SqliteBatch } from '../../../src/jobs/sqlite-batch.ts'
import type { StoreChange } from '../../../src/jobs/store.ts'

const newFile = useFiles()
let db: DatabaseSync
let writer: SqliteWriter
let reader: SqliteReader

beforeEach(() => {
  const file = newFile()
  db = openDatabase({ file, sync: 'normal' })
  writer = new SqliteWriter(db, file)
  reader = new SqliteReader(db)
})

afterEach(() => db.close())

function batchOf(...calls: StoreChange[][]): SqliteBatch {
  const batch: SqliteBatch = { values: [], callEnds: [] }
  for (const changes of calls) {
    for (const change of changes) appendChange(batch.values, change)
    batch.callEnds.push(batch.values.length)
  }
  return batch
}

test('a full disk fails the whole batch, says so, and is got over', () => {
  writer.write(batchOf([jobChange('j-1')]))
  const pages = Number(db.prepare('PRAGMA page_count').get()?.['page_count'])
  db.exec(`PRAGMA max_page_count = ${pages}`)
  const large: StoreChange = { kind: 'document', jobId: 'j-2', document: 'x'.repeat(100_000) }
  const batch = batchOf([jobChange('j-1', { state: 'running' })], [jobChange('j-2'), large])
  expect(() => writer.write(batch)).toThrow(
    expect.objectContaining({
      code: 'STORE_FAILED',
      retryable: true,
      message: expect.stringContaining('database or disk is full') as string,
      hint: expect.stringContaining('free space') as string
    })
  )
  expect(JSON.parse(reader.unfinished())).toEqual([buildJob('j-1')])

  db.exec('PRAGMA max_page_count = 1000000')
  expect(writer.write(batch)).toEqual([])
  expect(JSON.parse(reader.unfinished())).toHaveLength(2)
  expect(reader.document('j-2')).toHaveLength(100_000)
})

test('a bad call forgets what was learnt of its jobs', () => {
  const failures = writer.write(
    batchOf([jobChange('j-1')], badCall('j-2'), [itemChange('j-2', 0)], badCall('j-1'))
  )
  expect(failures.map(({ call }) => call)).toEqual([1, 3])
  expect(failures[0]?.error).toMatchObject({ code: 'STORE_FAILED', retryable: false })
  writer.write(batchOf([jobChange('j-2', { state: 'running' })]))
  expect(JSON.parse(reader.jobs({ limit: 9 }))).toEqual([
    buildJob('j-2', { state: 'running' }),
    buildJob('j-1')
  ])
})

test('jobs long forgotten are found again in the file', () => {
  const ids = Array.from({ length: 70_000 }, (_, number) => `j-${number}`)
  writer.write(batchOf(ids.map((id) => jobChange(id))))
  writer.write(batchOf([jobChange('j-0', { state: 'completed' }), itemChange('j-0', 0)]))
  expect(reader.job('j-0')).toContain('"state":"completed"')
  expect(JSON.parse(reader.unfinished())).toHaveLength(69_999)
  expect(JSON.parse(reader.jobs({ state: 'completed', limit: 9 }))).toHaveLength(1)
})

test('lists are answered from their indexes', () => {
  const order = 'ORDER BY j.created_at_ms DESC, j.id DESC LIMIT 9'
  const after = "(j.created_at_ms, j.id) < (5, 'x')"
  const byTime = plan(`SELECT j.record FROM jobs j WHERE ${after} ${order}`)
  expect(byTime).toContain('SEARCH j USING INDEX jobs_by_time')
  expect(byTime).not.toContain('TEMP B-TREE')
  const byState = plan(`SELECT j.record FROM jobs j WHERE j.state = 'held' AND ${after} ${order}`)
  expect(byState).toContain('SEARCH j USING INDEX jobs_by_state')
  expect(byState).not.toContain('TEMP B-TREE')
})

function plan(sql: string): string {
  const steps = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all()
  return steps.map((step) => step['detail']).join('; ')
}
