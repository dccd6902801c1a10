/** Files of earlier versions: they open, keep their jobs, and their records get what they lack. */
import { mkdirSync, readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import { MIGRATIONS } from '../../../src/jobs/sqlite/migrations.ts'
import { checkStore } from '../../../src/jobs/sqlite/check.ts'
import { specOf } from '../../../src/model/job.ts'
import {
  buildAttempt,
  buildItem,
  buildJob,
  jobChange,
  receiptChange
} from '../../conformance/job-store-records.ts'
import { opened, refusal, useFiles } from './sqlite-support.ts'
import type { JobDocument } from '../../../src/model/job.ts'

const newFile = useFiles()

const WEEK_MS = 7 * 86_400_000

/** What version 1 did not know. */
const LATER = new Set(
  `share key parentId needs dueAtMs spec queuedAtMs forgetAtMs forgetLogsAtMs isOnHold history held
   pinnedTo crashedOn ending leaseId progress outputs outputFile reusedFrom logFile`.split(/\s+/)
)

function asVersion1(record: object): string {
  return JSON.stringify(record, (key, value: unknown) => (LATER.has(key) ? undefined : value))
}

const document: JobDocument = {
  name: 'squares',
  labels: { team: 'a' },
  task: { engine: 'javascript', source: 'function main (n) { return n * n }' },
  each: [{ id: 'two', input: 2 }, { input: { null: null } }],
  retry: { attempts: 2, backoff: { delay: '2s' } },
  priority: 60,
  where: { require: ['os = linux'] }
}

const ended = buildJob('j-1', {
  state: 'failed',
  labels: { team: 'a' },
  submitter: '12D3Ko',
  itemCount: 2,
  counts: { queued: 0, running: 0, completed: 1, failed: 1, stopped: 0, held: 0 },
  startedAtMs: 1_790_000_000_001.5,
  endedAtMs: 1_790_000_000_002.25,
  error: { code: 'TASK_FAILED', message: 'it "broke"', blame: 'job', retryable: false }
})
const waiting = buildJob('j-2')

/** A file as the first release wrote it. */
function version1(): string {
  const file = newFile()
  mkdirSync(dirname(file))
  const db = new DatabaseSync(file)
  db.exec(
    `PRAGMA journal_mode = WAL; ${MIGRATIONS[0]}; PRAGMA application_id = 1953330024; PRAGMA user_version = 1`
  )
  const run = (sql: string, ...values: (string | number | null)[]): void => {
    db.prepare(sql).run(...values)
  }
  for (const [seq, job] of [ended, waiting].entries()) {
    const labels = seq === 0 ? '{"team":"a"}' : ''
    run('INSERT INTO keys VALUES (?, ?)', seq + 1, job.id)
    run(
      'INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?)',
      seq + 1,
      job.id,
      job.state,
      job.createdAtMs,
      labels,
      asVersion1(job)
    )
  }
  run('INSERT INTO job_labels VALUES (?, ?, ?, ?, ?)', 'team', 'a', ended.createdAtMs, 'j-1', 1)
  run('INSERT INTO documents VALUES (1, ?)', JSON.stringify(document))
  run('INSERT INTO documents VALUES (2, ?)', '{"task":{"engine":"javascript","source":"x"}}')
  for (const [index, state] of ['completed', 'failed'].entries()) {
    const item = buildItem('j-1', index, { state: state as 'completed', attemptCount: index + 1 })
    run('INSERT INTO items VALUES (1, ?, ?, ?)', index, state, asVersion1(item))
    run(
      'INSERT INTO attempts VALUES (1, ?, ?, ?, ?)',
      index,
      index + 1,
      'completed',
      asVersion1(buildAttempt('j-1', index, index + 1))
    )
    run(
      'INSERT INTO outputs VALUES (1, ?, ?, ?)',
      index,
      index === 0 ? '4' : null,
      index === 0 ? '' : 'it "threw"\n'
    )
  }
  run('INSERT INTO items VALUES (2, 0, ?, ?)', 'queued', asVersion1(buildItem('j-2', 0)))
  run("INSERT INTO notes VALUES ('ledger', '{}')")
  db.close()
  return file
}

test('a file of version 1 keeps its jobs, which get what they lack', async () => {
  const file = version1()
  expect(checkStore(file)).toMatchObject({ jobs: 2, problems: [] })
  const store = await opened(file)
  // Of what kind its task is, was not said then: its engine stands for that.
  const { type: _type, ...spec } = specOf(document)
  const forgetAtMs = (ended.endedAtMs ?? 0) + WEEK_MS
  expect(await store.job('j-1')).toEqual({
    ...ended,
    share: '12D3Ko',
    spec,
    forgetAtMs,
    forgetLogsAtMs: forgetAtMs,
    history: []
  })
  expect(JSON.stringify((await store.job('j-1'))?.spec)).toBe(JSON.stringify(spec))
  expect(await store.unfinished({ limit: 9 })).toEqual([{ ...waiting, history: [] }])
  expect(await store.items('j-2', { limit: 9 })).toEqual([buildItem('j-2', 0)])
  const [attempt] = await store.attempts('j-1', { limit: 1 })
  expect(attempt?.leaseId).toMatch(/^l-[0-9a-f]{12}$/)
  expect(attempt).toEqual(buildAttempt('j-1', 0, 1, { leaseId: attempt?.leaseId ?? '' }))

  expect(await store.outputs('j-1', [0, 1])).toEqual(new Map([[0, '4']]))
  expect(await store.log('j-1', 0, 1)).toEqual([])
  expect(await store.log('j-1', 1, 2)).toEqual([{ ms: 0, stream: 'out', text: 'it "threw"\n' }])
  expect(await store.jobs({ submitter: '12D3Ko', labels: { team: 'a' }, limit: 9 })).toHaveLength(1)
  const byEnd = await store.jobs({ sort: '-ended', limit: 9 })
  expect(byEnd.map(({ id }) => id)).toEqual(['j-1'])
  expect(await store.note('ledger')).toBe('{}')
  expect(await store.forgettable('job', forgetAtMs - 1, 9)).toEqual([])
  expect(await store.forgettable('job', forgetAtMs, 9)).toEqual(['j-1'])
  expect(await store.forgettable('logs', forgetAtMs, 9)).toEqual([])

  // Nothing was signed then; what is signed now has its place.
  expect(await store.receipt('j-1', 0, 1)).toBeUndefined()
  await store.apply([receiptChange('j-1', 0, 1)])
  expect(await store.receipt('j-1', 0, 1)).toEqual({ order: 'order 1', receipt: 'receipt 1' })

  await store.apply([{ kind: 'forget', jobId: 'j-1' }, jobChange('j-2', { key: 'k' })])
  expect(await store.jobs({ labels: { team: 'a' }, limit: 9 })).toEqual([])
  await store.stop()
  const again = await opened(file)
  expect((await again.jobByKey('http', 'k'))?.id).toBe('j-2')
  await again.stop()
  expect(checkStore(file)).toMatchObject({ jobs: 1, problems: [] })
})

test('one that cannot take the step stays as it was', async () => {
  const file = version1()
  const db = new DatabaseSync(file)
  db.exec("UPDATE jobs SET record = 'no JSON' WHERE seq = 2")
  db.close()
  const before = readFileSync(file)
  expect(await refusal(file)).toMatchObject({ code: 'STORE_FAILED' })
  expect(readFileSync(file).equals(before)).toBe(true)
  expect(checkStore(file).problems).toEqual(['the record of j-2 is no JSON'])
})
