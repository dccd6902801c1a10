/** The writer on its own: transactions that fail, and what it remembers of jobs. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { appendChange } from '../../../src/jobs/sqlite/batch.ts'
import { conditionsOf, listQuery } from '../../../src/jobs/sqlite/job-list.ts'
import { openDatabase } from '../../../src/jobs/sqlite/schema.ts'
import { JobCounts } from '../../../src/jobs/sqlite/job-counts.ts'
import { SqliteReader } from '../../../src/jobs/sqlite/reader.ts'
import { SqliteWriter } from '../../../src/jobs/sqlite/writer.ts'
import {
  CREATED_AT_MS,
  badCall,
  buildJob,
  itemChange,
  jobChange
} from '../../conformance/job-store-records.ts'
import { useFiles } from './sqlite-support.ts'
import type { DatabaseSync } from 'node:sqlite'
import type { SqliteBatch } from '../../../src/jobs/sqlite/batch.ts'
import type { JobFilter, StoreChange } from '../../../src/jobs/store.ts'
import type { JobRecord } from '../../../src/jobs/records.ts'

const newFile = useFiles()
let db: DatabaseSync
let writer: SqliteWriter
let reader: SqliteReader

beforeEach(() => {
  const file = newFile()
  db = openDatabase({ file, sync: 'normal' })
  const counts = new JobCounts(db)
  writer = new SqliteWriter(db, file, counts)
  reader = new SqliteReader(db, counts)
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
  expect(JSON.parse(reader.unfinished({ limit: 99_999 }))).toEqual([buildJob('j-1')])

  db.exec('PRAGMA max_page_count = 1000000')
  expect(writer.write(batch)).toEqual([])
  expect(JSON.parse(reader.unfinished({ limit: 99_999 }))).toHaveLength(2)
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
  expect(JSON.parse(reader.unfinished({ limit: 99_999 }))).toHaveLength(69_999)
  expect(JSON.parse(reader.jobs({ state: 'completed', limit: 9 }))).toHaveLength(1)
})

test('what is undone is not counted', () => {
  writer.write(batchOf([jobChange('j-1')]))
  expect(reader.jobCounts()).toEqual([['queued', 1]])
  db.exec('PRAGMA max_page_count = 1')
  const documents = Array.from({ length: 9 }, (_, number): StoreChange[] => [
    jobChange(`j-full-${number}`),
    { kind: 'document', jobId: `j-full-${number}`, document: 'x'.repeat(99_999) }
  ])
  expect(() => writer.write(batchOf(...documents))).toThrow('full')
  expect(reader.jobCounts()).toEqual([['queued', 1]])
})

test('lists are answered from their indexes, and sort nothing', () => {
  const stretch = { after: { atMs: 5, id: 'x' }, until: { atMs: 2, id: 'a' } }
  const lists: [Partial<JobFilter>, string][] = [
    [{}, 'jobs_by_time'],
    [{ submitter: 'me', sinceMs: 3 }, 'jobs_by_time'],
    [{ state: 'held', submitter: 'me' }, 'jobs_by_state'],
    [{ text: 'resize', state: 'held', submitter: 'me' }, 'jobs_by_name'],
    [{ parentId: 'j-1', sinceMs: 3 }, 'jobs_by_parent'],
    [{ labels: { a: 'b' } }, 'l USING PRIMARY KEY (name=? AND value=?']
  ]
  for (const [filter, index] of lists) {
    for (const sort of ['-created', 'created'] as const) {
      const asked = { limit: 9, sort, ...filter }
      const conditions = conditionsOf(asked)
      const { sql, values } = listQuery(asked, conditions, conditions[0], stretch)
      const steps = plan(sql, [...values, 9])
      expect(steps).toMatch(/^SEARCH [jl] USING/)
      expect(steps).toContain(index)
      expect(steps).not.toContain('TEMP B-TREE')
    }
  }
})

test('lists by ends are answered from the index of those, and sort nothing', () => {
  const stretch = { after: { atMs: 5, id: 'x' }, until: { atMs: 2, id: 'a' } }
  const filters: Partial<JobFilter>[] = [
    {},
    { state: 'failed', submitter: 'me', sinceMs: 3 },
    { text: 'resize' },
    { labels: { a: 'b' }, parentId: 'j-1' }
  ]
  for (const sort of ['-ended', 'ended'] as const) {
    for (const filter of filters) {
      const asked = { limit: 9, sort, ...filter }
      const { sql, values } = listQuery(asked, conditionsOf(asked), undefined, stretch)
      const steps = plan(sql, [...values, 9])
      expect(steps).toMatch(/^SEARCH j USING INDEX jobs_by_end/)
      expect(steps).not.toContain('TEMP B-TREE')
    }
  }
})

describe('of 100,000 jobs', () => {
  const JOBS = 100_000

  /** Every hundredth is due, and one in a thousand is held. */
  beforeEach(() => {
    const jobs = Array.from({ length: JOBS }, (_, number) => {
      const id = `j-${number}`
      const state = number % 1_000 === 7 ? 'held' : 'queued'
      const [labels, forgetAtMs] = [{ team: 'a' }, number % 100 === 0 ? number : null]
      const createdAtMs = CREATED_AT_MS + number
      const submitter = number % 1_000 === 7 ? 'me' : 'http'
      const name = number === 9 ? 'The last one' : `job ${number}`
      return jobChange(id, { name, state, labels, forgetAtMs, createdAtMs, submitter })
    })
    writer.write(batchOf(jobs))
  })

  test('a thousand are forgotten, and none of the others looked at', () => {
    const due = within(100, () => reader.forgettable('job', JOBS, 1_000))
    expect(due).toHaveLength(1_000)
    expect(due[1]).toBe('j-100')
    const forget = due.map((jobId): StoreChange[] => [{ kind: 'forget', jobId }])
    expect(within(1_000, () => writer.write(batchOf(...forget)))).toEqual([])
    expect(reader.forgettable('job', JOBS, 9)).toEqual([])
  })

  test('the unfinished are read a page at a time', () => {
    let after: JobRecord | undefined
    let count = 0
    for (;;) {
      const text = within(500, () => reader.unfinished({ after, limit: 1_000 }))
      const page = JSON.parse(text) as JobRecord[]
      if (page.length === 0) break
      expect(page[0]?.createdAtMs).toBe(CREATED_AT_MS + count)
      count += page.length
      after = page.at(-1)
    }
    expect(count).toBe(JOBS)
  })

  test('a search through all names, and one that few meet, hold nobody up', () => {
    const found = within(200, () => reader.jobs({ text: 'THE LAST', limit: 100 }))
    expect(JSON.parse(found)).toHaveLength(1)
    const held = within(200, () => reader.jobs({ text: 'job', state: 'held', limit: 100 }))
    expect(JSON.parse(held)).toHaveLength(100)
    expect(within(100, () => reader.jobCounts())).toEqual([
      ['held', 100],
      ['queued', 99_900]
    ])
  })

  test('a common label does not hide a rare state or submitter', () => {
    const held = within(50, () => reader.jobs({ labels: { team: 'a' }, state: 'held', limit: 100 }))
    expect(JSON.parse(held)).toHaveLength(100)
    const none = within(50, () => reader.jobs({ labels: { team: 'a' }, state: 'failed', limit: 9 }))
    expect(none).toBe('[]')
    const mine = within(500, () => reader.jobs({ submitter: 'me', limit: 1_000 }))
    expect(JSON.parse(mine)).toHaveLength(100)
  })
})

function plan(sql: string, values: (string | number)[]): string {
  const steps = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values)
  return steps.map((step) => step['detail']).join('; ')
}

/** Of this thread's own time; far above what is measured, below what a look at all jobs takes. */
function within<T>(limitMs: number, work: () => T): T {
  const before = process.threadCpuUsage()
  const value = work()
  const { user, system } = process.threadCpuUsage(before)
  expect((user + system) / 1_000).toBeLessThan(limitMs)
  return value
}
