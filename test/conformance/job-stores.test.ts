/** Both job stores pass the suite, and answer alike whatever is written. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { JOB_SORTS } from '../../src/jobs/job-order.ts'
import { MemoryJobStore } from '../../src/jobs/memory-store.ts'
import { SqliteJobStore } from '../../src/jobs/sqlite/store.ts'
import { attemptChange, itemChange, jobChange, logChange } from './job-store-records.ts'
import { runJobStoreSuite } from './job-store-suite.ts'
import type { JobStore, StoreChange } from '../../src/jobs/store.ts'

const folder = mkdtempSync(join(tmpdir(), 'job-stores-'))
let fileCount = 0

afterAll(() => rmSync(folder, { recursive: true }))

function createSqlite(sync: 'full' | 'normal'): SqliteJobStore {
  fileCount += 1
  return new SqliteJobStore({ file: join(folder, `${fileCount}.db`), sync })
}

runJobStoreSuite('MemoryJobStore', () => new MemoryJobStore())
runJobStoreSuite('SqliteJobStore, full sync', () => createSqlite('full'))
runJobStoreSuite('SqliteJobStore, normal sync', () => createSqlite('normal'))

const JOB_IDS = ['j-a', 'j-ab', 'j-%', 'j_b', 'ä🌙', '\uFFFD', '🌙']
const PREFIXES = ['', 'j', 'j-a', 'j-%', 'j_', 'ä', '🌙', 'zz']
const LABELS = [{}, { a: '1' }, { a: '1', 'b"%': 'ü' }, { 'b"%': 'ü' }, { a: '' }]
/** Of jobs that may be there or not. */
const PLACES = JOB_SORTS.flatMap((sort) =>
  [undefined, { atMs: 1, id: 'ä🌙' }].map((after) => [sort, after] as const)
)
const KEYS = ['k', 'ü"%']
const STATES = ['queued', 'running', 'completed', 'failed', 'stopped', 'held'] as const

const jobId = fc.constantFrom(...JOB_IDS)
const state = fc.constantFrom(...STATES)
const attemptState = fc.constantFrom('running', 'completed', 'failed', 'stopped', 'lost')
/** NaN stands for a caller's mistake, which both must refuse, with all of its call. */
const index = fc.oneof(
  { weight: 40, arbitrary: fc.nat(4) },
  { weight: 1, arbitrary: fc.constant(Number.NaN) }
)
const text = fc.string({ unit: 'grapheme', maxLength: 12 })

const moment = fc.nat(3)

const change: fc.Arbitrary<StoreChange> = fc.oneof(
  fc
    .record({
      id: jobId,
      state,
      labels: fc.constantFrom(...LABELS),
      createdAtMs: fc.nat(3),
      endedAtMs: fc.option(fc.nat(3)),
      submitter: fc.constantFrom('http', 'me'),
      key: fc.option(fc.constantFrom(...KEYS)),
      parentId: fc.option(jobId),
      forgetAtMs: fc.option(fc.nat(3)),
      forgetLogsAtMs: fc.option(fc.nat(3)),
      attemptCount: fc.nat(),
      name: text
    })
    .map(({ id, ...more }) => jobChange(id, more)),
  fc
    .record({ id: jobId, index, state, workerId: text })
    .map(({ id, index: itemIndex, ...more }) => itemChange(id, itemIndex, more)),
  fc
    .record({ id: jobId, index, number: index, state: attemptState, workerId: text })
    .map(({ id, index: item, number, ...more }) => attemptChange(id, item, number, more)),
  fc.record({
    kind: fc.constant('output'),
    jobId,
    itemIndex: index,
    output: text
  }),
  fc
    .record({ id: jobId, item: index, attempt: index, from: index, texts: fc.array(text) })
    .map(({ id, item, attempt, from, texts }) => logChange(id, [item, attempt, from], texts)),
  fc.record({ kind: fc.constantFrom('forget', 'forgetLogs'), jobId }),
  fc.record({ kind: fc.constant('forgetDecisions'), beforeMs: moment, limit: fc.nat(2) }),
  fc.record({
    kind: fc.constant('decision'),
    jobId,
    itemIndex: index,
    attempt: index,
    atMs: moment,
    decision: text
  }),
  fc.record({
    kind: fc.constant('receipt'),
    jobId,
    itemIndex: index,
    attempt: index,
    order: text,
    receipt: text
  }),
  fc.record({ kind: fc.constant('document'), jobId, document: text }),
  fc.record({ kind: fc.constant('note'), name: jobId, text })
)

function lists(store: JobStore): Promise<unknown>[] {
  const all: Promise<unknown>[] = []
  for (const part of ['j-a', 'J-', 'ME', 'x']) {
    for (const sort of JOB_SORTS) all.push(store.jobs({ text: part, sort, limit: 3 }))
    all.push(store.jobs({ text: part, state: 'held', submitter: 'me', limit: 2 }))
  }
  for (const labels of LABELS) {
    for (const [sort, after] of PLACES) {
      const list = { labels, sort, after, limit: 3 }
      all.push(store.jobs(list))
      all.push(store.jobs({ ...list, state: 'completed', limit: 2 }))
      all.push(store.jobs({ ...list, submitter: 'me', sinceMs: 1 }))
    }
    for (const sort of JOB_SORTS) {
      all.push(store.jobs({ labels, sort, parentId: 'j-a', limit: 3 }))
      all.push(store.jobs({ labels, sort, parentId: 'j-a', state: 'held', limit: 3 }))
    }
  }
  return all
}

/** All that can be asked, as one value to compare. */
async function answers(store: JobStore): Promise<unknown[]> {
  const all: Promise<unknown>[] = [
    store.unfinished({ limit: 99 }),
    store.jobCounts(),
    ...lists(store)
  ]
  for (const after of await store.jobs({ limit: 99 })) {
    all.push(store.unfinished({ after, limit: 3 }))
  }
  for (const sinceMs of [0, 2]) {
    all.push(store.decisions({ sinceMs, limit: 3 }))
    for (const id of JOB_IDS) {
      const after = { atMs: 1, jobId: id, itemIndex: 1, attempt: 0 }
      all.push(store.decisions({ sinceMs, after, limit: 3 }))
    }
  }
  for (const nowMs of [0, 1, 3]) {
    all.push(store.forgettable('job', nowMs, 3), store.forgettable('logs', nowMs, 3))
  }
  for (const key of KEYS) all.push(store.jobByKey('http', key), store.jobByKey('me', key))
  for (const prefix of PREFIXES) all.push(store.idsWithPrefix(prefix, 3))
  for (const id of JOB_IDS) {
    all.push(store.job(id), store.document(id), store.note(id), store.outputs(id, [4, 0, 1, 2, 3]))
    for (const after of [undefined, 0, 2]) {
      for (const only of [undefined, ...STATES]) {
        all.push(store.items(id, { after, state: only, limit: 2 }))
        all.push(store.attempts(id, { after, state: only, limit: 2 }))
        all.push(store.attempts(id, { after, state: only, itemIndex: 1, limit: 2 }))
      }
    }
    for (const item of [0, 1, 2]) {
      all.push(store.decision(id, item), store.decision(id, item, 1))
      all.push(store.itemIndex(id, String(item)), store.receipt(id, item, 1))
      all.push(store.log(id, item, 0), store.log(id, item, 1))
    }
    all.push(store.itemsAt(id, [3, 0, 4]))
  }
  return Promise.all(all)
}

test('memory and SQLite give the same answers after any changes', async () => {
  const call = fc.array(change, { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 60 }), async (calls) => {
      const memory = new MemoryJobStore()
      const sqlite = createSqlite('normal')
      await sqlite.start()
      try {
        const outcomes = await Promise.all(
          [memory, sqlite].map((store) =>
            Promise.allSettled(calls.map((changes) => store.apply(changes)))
          )
        )
        const statuses = outcomes.map((list) => list.map(({ status }) => status))
        expect(statuses[1]).toEqual(statuses[0])
        expect(await answers(sqlite)).toEqual(await answers(memory))
      } finally {
        await sqlite.stop()
      }
    }),
    { numRuns: 60 }
  )
})
