/** Copies of a store that is in use. */
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { basename, dirname } from 'node:path'
import { expect, test } from 'vitest'
import { checkStore } from '../../../src/jobs/sqlite/check.ts'
import { SqliteBackup } from '../../../src/jobs/sqlite/backup.ts'
import { openDatabase } from '../../../src/jobs/sqlite/schema.ts'
import { MemoryJobStore } from '../../../src/jobs/memory-store.ts'
import { jobChange, submission } from '../../conformance/job-store-records.ts'
import { idsOf, opened, refusal, runScript, useFiles } from './sqlite-support.ts'

const newFile = useFiles()

/** Files in the folder of a backup. */
function beside(file: string): string[] {
  return readdirSync(dirname(file))
}

test('has what was applied before it, and nothing applied after', async () => {
  const [file, target] = [newFile(), newFile()]
  const store = await opened(file)
  void store.apply(submission('j-1'))
  const copied = store.backup(target)
  const later = Array.from({ length: 50 }, (_, n) => store.apply(submission(`j-later-${n}`)))
  await copied
  await Promise.all(later)
  expect(await idsOf(store)).toHaveLength(51)
  await store.stop()

  expect(statSync(target).mode & 0o777).toBe(0o600)
  expect(statSync(dirname(target)).mode & 0o777).toBe(0o700)
  expect(beside(target)).toEqual([basename(target)])
  expect(checkStore(target)).toMatchObject({ jobs: 1, problems: [] })
  const copy = await opened(target)
  expect(await idsOf(copy)).toEqual(['j-1'])
  expect(await copy.document('j-1')).toBe('{"of":"j-1"}')
  await copy.stop()
})

test('is whole while the router writes as fast as it can', async () => {
  const [file, ...targets] = [newFile(), newFile(), newFile(), newFile()]
  const store = await opened(file)
  const over = new AbortController()
  let written = 0
  const lane = async (name: number): Promise<void> => {
    for (let n = 0; !over.signal.aborted; n += 1) {
      await store.apply(submission(`j-${name}-${n}`))
      written += 1
    }
  }
  const lanes = Array.from({ length: 64 }, (_, name) => lane(name))
  for (const target of targets) {
    const before = written
    await store.backup(target)
    const { jobs, problems } = checkStore(target)
    expect(problems).toEqual([])
    expect(jobs).toBeGreaterThanOrEqual(before)
  }
  over.abort()
  await Promise.all(lanes)
  await store.stop()
  const again = await opened(file)
  expect(await idsOf(again)).toHaveLength(written)
  await again.stop()
})

test('leaves the file to its router: nobody else can open it afterwards', async () => {
  const [file, target] = [newFile(), newFile()]
  const script = runScript(
    file,
    `const store = new SqliteJobStore({ file })
     await store.start()
     await store.backup(${JSON.stringify(target)})
     say('copied')
     setInterval(() => {}, 1000)`
  )
  await script.lines.next()
  expect(await refusal(file)).toMatchObject({ code: 'NODE_ALREADY_RUNNING' })
  script.child.kill('SIGKILL')
  await script.exited
})

test.each(['', '-wal', '-journal'])(
  'refuses a target of which there is a file "%s"',
  async (end) => {
    const [file, target] = [newFile(), newFile()]
    mkdirSync(dirname(target))
    writeFileSync(target + end, 'precious')
    const store = await opened(file)
    await expect(store.backup(target)).rejects.toMatchObject({
      code: 'STORE_FAILED',
      retryable: false,
      message: expect.stringContaining(`${target}${end} exists`) as string
    })
    await expect(store.backup(file)).rejects.toMatchObject({ code: 'STORE_FAILED' })
    await store.apply([jobChange('j-1')])
    expect(beside(target)).toEqual([basename(target) + end])
    await store.stop()
  }
)

test('replaces what a crash left behind, and leaves nothing of its own when it fails', async () => {
  const [file, target] = [newFile(), newFile()]
  mkdirSync(dirname(target))
  writeFileSync(`${target}.part`, 'half a backup', { mode: 0o644 })
  const store = await opened(file)
  await store.backup(target)
  expect(beside(target)).toEqual([basename(target)])
  expect(statSync(target).mode & 0o777).toBe(0o600)
  await expect(store.backup(`${target}/below-a-file.db`)).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringContaining('below-a-file.db failed') as string
  })
  await store.apply([jobChange('j-1')])
  await store.stop()
})

test('is given up when the store stops, and leaves nothing', async () => {
  const [file, target] = [newFile(), newFile()]
  const store = await opened(file)
  await store.apply([{ kind: 'document', jobId: 'j-1', document: 'x'.repeat(2 ** 25) }])
  const copied = store.backup(target)
  const second = store.backup(`${target}.2`)
  const outcomes = Promise.allSettled([copied, second])
  await store.stop()
  const [first, other] = await outcomes
  expect(first).toMatchObject({ status: 'rejected', reason: { code: 'STOPPING' } })
  expect(other).toMatchObject({ reason: { message: 'another backup is being made' } })
  expect(beside(target)).toEqual([])
})

test('lets checkpoints go on afterwards', async () => {
  const [file, target] = [newFile(), newFile()]
  const db = openDatabase({ file, sync: 'normal' })
  const backup = new SqliteBackup(db, file)
  await backup.copyTo(target)
  expect(db.prepare('PRAGMA wal_autocheckpoint').get()).toEqual({ wal_autocheckpoint: 8_192 })
  await expect(backup.copyTo(target)).rejects.toThrow('exists')
  expect(db.prepare('PRAGMA wal_autocheckpoint').get()).toEqual({ wal_autocheckpoint: 8_192 })
  db.close()
  backup.release()
  // It is a database like any other, which a person may look into.
  const copy = new DatabaseSync(target, { readOnly: true })
  expect(copy.prepare('SELECT count(*) AS count FROM jobs').get()).toEqual({ count: 0 })
  copy.close()
})

test('is nothing that a store in memory could do', async () => {
  await expect(new MemoryJobStore().backup()).rejects.toMatchObject({
    code: 'STORE_FAILED',
    retryable: false
  })
})
