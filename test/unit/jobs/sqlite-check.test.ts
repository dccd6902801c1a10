/** What a check of a store finds, and that it leaves the store as it is. */
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { checkStore } from '../../../src/jobs/sqlite/check.ts'
import {
  itemChange,
  jobChange,
  logChange,
  submission
} from '../../conformance/job-store-records.ts'
import { opened, useFiles } from './sqlite-support.ts'
import type { StoreChange } from '../../../src/jobs/store.ts'

const newFile = useFiles()

/** One job that waits and one that has ended. */
function goodJobs(): StoreChange[] {
  const counts = { queued: 0, running: 0, completed: 1, failed: 0, stopped: 0, held: 0 }
  return [
    ...submission('j-1'),
    ...submission('j-2'),
    jobChange('j-2', { state: 'completed', counts }),
    itemChange('j-2', 0, { state: 'completed', attemptCount: 1 }),
    { kind: 'output', jobId: 'j-2', itemIndex: 0, output: '{"a":1}' },
    logChange('j-2', [0, 1, 0], ['done'])
  ]
}

async function written(changes: StoreChange[]): Promise<string> {
  const file = newFile()
  const store = await opened(file)
  await store.apply(changes)
  await store.stop()
  return file
}

test('finds nothing in a good store, and leaves it as it is', async () => {
  const file = await written(goodJobs())
  const before = readFileSync(file)
  expect(checkStore(file)).toEqual({
    file,
    bytes: before.length,
    jobs: 2,
    byState: { queued: 1, completed: 1 },
    problems: [],
    problemCount: 0
  })
  expect(readFileSync(file).equals(before)).toBe(true)
  expect(readdirSync(dirname(file))).toEqual(['jobs.db'])
})

test('misses no output of an item whose result is a file', async () => {
  const file = { name: 'output.json', file: 'sha256:ab', size: 1, kind: 'file' } as const
  const more = { state: 'completed', attemptCount: 1, outputFile: file } as const
  const counts = { queued: 0, running: 0, completed: 1, failed: 0, stopped: 0, held: 0 }
  const changes = [...submission('j-1'), jobChange('j-1', { state: 'completed', counts })]
  const stored = await written([...changes, itemChange('j-1', 0, more)])
  expect(checkStore(stored).problems).toEqual([])
})

test('misses no items of a job that was never queued, running or ended', async () => {
  const isNew = { itemCount: 1, queuedAtMs: null }
  const counts = { queued: 0, running: 0, completed: 0, failed: 0, stopped: 1, held: 0 }
  const schedule = submission('j-1').filter(({ kind }) => kind === 'document')
  const file = await written([
    ...schedule,
    jobChange('j-1', { ...isNew, state: 'pending' }),
    jobChange('j-2', { ...isNew, state: 'stopped', counts })
  ])
  expect(checkStore(file).problems).toEqual([])
})

test('reads what a killed router left in the WAL, and leaves that too', async () => {
  const [file, copy] = [newFile(), newFile()]
  const store = await opened(file)
  await store.apply(goodJobs())
  mkdirSync(dirname(copy))
  for (const end of ['', '-wal']) copyFileSync(file + end, copy + end)
  await store.stop()
  const wal = readFileSync(`${copy}-wal`)
  expect(checkStore(copy)).toMatchObject({ jobs: 2, problems: [] })
  expect(readFileSync(`${copy}-wal`).equals(wal)).toBe(true)
  expect(readdirSync(dirname(copy)).toSorted()).toEqual(['jobs.db', 'jobs.db-wal'])
})

const noDocument = submission('j-3').filter(({ kind }) => kind !== 'document')
const tooFew = jobChange('j-1', { itemCount: 3 })
const miscounted = jobChange('j-2', { state: 'failed' })
const noOutput = itemChange('j-1', 0, { state: 'completed', attemptCount: 1 })
const late = itemChange('j-1', 0)
const noJson: StoreChange = { kind: 'document', jobId: 'j-2', document: '{"half":' }

test.each([
  ['an unfinished job without its document', noDocument, 'its document is missing'],
  ['an unfinished job without all items', [tooFew], 'j-1 is queued and has 1 of 3 items'],
  [
    'counts that are not those of the items',
    [miscounted],
    'j-2 counts 0 items as completed; there are 1'
  ],
  [
    'a completed item without output',
    [noOutput],
    'item 0 of j-1 is completed, but its output is missing'
  ],
  ['an attempt above the count', [late], 'item 0 of j-1 counts 0 attempts, but has number 1'],
  ['a text that is no JSON', [noJson], 'the document of j-2 is no JSON']
])('finds %s', async (_, wrong, said) => {
  const { problems } = checkStore(await written([...goodJobs(), ...wrong]))
  expect(problems.join('\n')).toContain(said)
})

test('finds records that the disk has changed', async () => {
  const file = await written(goodJobs())
  const db = new DatabaseSync(file)
  db.exec(`UPDATE jobs SET record = substr(record, 5) WHERE id = 'j-1';
    UPDATE jobs SET state = 'held' WHERE id = 'j-2'; UPDATE items SET record = 'x' WHERE seq = 1`)
  db.close()
  expect(checkStore(file).problems.toSorted()).toEqual([
    'j-2 is listed as held, its record says completed',
    'the record of item 0 of j-1 is no JSON',
    'the record of j-1 is no JSON'
  ])
  const store = await opened(file)
  await expect(store.unfinished({ limit: 9 })).rejects.toMatchObject({
    code: 'STORE_FAILED',
    retryable: false,
    message: expect.stringContaining(`${file} is damaged`) as string
  })
  await store.stop()
})

test('names a hundred problems and counts the others', async () => {
  const broken = Array.from({ length: 150 }, (_, n) => jobChange(`j-${n}`))
  const { problems, problemCount } = checkStore(await written(broken))
  expect(problems).toHaveLength(100)
  expect(problemCount).toBe(300)
})

test('tells of damaged pages, of which the rest is not read', async () => {
  const file = await written(Array.from({ length: 300 }, (_, n) => submission(`j-${n}`)).flat())
  const bytes = readFileSync(file)
  bytes.fill(0xa5, 4_096 * 20, 4_096 * 22)
  writeFileSync(file, bytes)
  expect(checkStore(file).problemCount).toBeGreaterThan(0)
  bytes.fill(0, 0, 100)
  writeFileSync(file, bytes)
  expect(checkStore(file).problems).toEqual(['reading stopped: file is not a database'])
})

test('a store in use is refused, with the newest backup to check instead', async () => {
  const file = newFile()
  const store = await opened(file)
  const backups = ['b-new', 'a-old'].map((name) => join(dirname(file), 'backups', `${name}.db`))
  for (const backup of backups) await store.backup(backup)
  utimesSync(backups[1] as string, 1, 1)
  expect(() => checkStore(file)).toThrow(
    expect.objectContaining({
      code: 'NODE_ALREADY_RUNNING',
      hint: expect.stringContaining(backups[0] as string) as string
    })
  )
  await store.stop()
  expect(readdirSync(dirname(file)).toSorted()).toEqual(['backups', 'jobs.db'])
})

test('what is no job store is refused, and nothing is made', async () => {
  const file = newFile()
  expect(() => checkStore(file)).toThrow(`there is no job store ${file}`)
  mkdirSync(dirname(file))
  new DatabaseSync(file).exec('CREATE TABLE theirs (x)')
  expect(() => checkStore(file)).toThrow('database of another program')
})
