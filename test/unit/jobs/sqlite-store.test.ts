/** What only the database on disk has to do: survive, refuse, stay private, stop. */
import { Worker } from 'node:worker_threads'
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { SqliteJobStore } from '../../../src/jobs/sqlite/store.ts'
import { itemChange, jobChange, submission } from '../../conformance/job-store-records.ts'
import { opened, refusal, runScript, useFiles } from './sqlite-support.ts'

const newFile = useFiles()

afterEach(() => vi.restoreAllMocks())

describe('after a crash', () => {
  test('everything acknowledged is there when the process was killed', async () => {
    const file = newFile()
    const script = runScript(
      file,
      `const store = new SqliteJobStore({ file })
       await store.start()
       const loop = async (lane) => {
         for (let number = 0; ; number += 1) {
           await store.apply(submission('j-' + lane + '-' + number))
           say('j-' + lane + '-' + number)
         }
       }
       for (let lane = 0; lane < 16; lane += 1) loop(lane)`
    )
    const acknowledged: string[] = []
    for (let line = await script.lines.next(); !line.done; line = await script.lines.next()) {
      acknowledged.push(line.value)
      if (acknowledged.length === 2_000) script.child.kill('SIGKILL')
    }
    expect((await script.exited).signal).toBe('SIGKILL')
    expect(acknowledged.length).toBeGreaterThanOrEqual(2_000)

    const store = await opened(file)
    const found = await store.jobs({ limit: 1_000_000 })
    const ids = new Set(found.map((job) => job.id))
    expect(acknowledged.filter((id) => !ids.has(id))).toEqual([])
    // What was never acknowledged may be there too, but then all of it.
    for (const id of ids) {
      expect(await store.document(id)).toBe(`{"of":"${id}"}`)
      expect(await store.attempts(id, { limit: 9 })).toHaveLength(1)
      expect(await store.decision(id, 0)).toBeDefined()
    }
    await store.stop()
  })

  test('a store that was stopped comes back whole, and can be written again', async () => {
    const file = newFile()
    const first = await opened(file)
    const pending = Array.from({ length: 500 }, (_, number) =>
      first.apply(submission(`j-${number}`))
    )
    await first.stop()
    await Promise.all(pending)
    expect(() => statSync(`${file}-wal`)).toThrow('ENOENT')

    const second = await opened(file)
    await second.apply([jobChange('j-7', { state: 'completed', labels: { a: 'b' } })])
    expect(await second.unfinished({ limit: 9_999 })).toHaveLength(499)
    expect(await second.items('j-7', { limit: 9 })).toHaveLength(1)
    expect(await second.jobs({ labels: { a: 'b' }, limit: 9 })).toHaveLength(1)
    await second.stop()
  })
})

describe('opening', () => {
  test('makes a folder and files that only their owner can read', async () => {
    const file = newFile()
    const store = await opened(file)
    await store.apply([jobChange('j-1')])
    expect(statSync(dirname(file)).mode & 0o777).toBe(0o700)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(statSync(`${file}-wal`).mode & 0o777).toBe(0o600)
    await store.stop()
  })

  test('refuses a file that this process has open', async () => {
    const file = newFile()
    const store = await opened(file)
    expect(await refusal(file)).toMatchObject({ code: 'NODE_ALREADY_RUNNING' })
    await store.apply([jobChange('j-1')])
    await store.stop()
  })

  test('refuses a file that another process has open, until it is gone', async () => {
    const file = newFile()
    const script = runScript(
      file,
      `await new SqliteJobStore({ file }).start(); say('open'); setInterval(() => {}, 1000)`
    )
    await script.lines.next()
    const error = await refusal(file)
    expect(error).toMatchObject({ code: 'NODE_ALREADY_RUNNING' })
    expect(String(error)).toContain(file)
    script.child.kill('SIGKILL')
    await script.exited
    await (await opened(file)).stop()
  })

  test('refuses the format of a newer version, and leaves it alone', async () => {
    const file = newFile()
    await (await opened(file)).stop()
    const db = new DatabaseSync(file)
    db.exec('PRAGMA user_version = 99')
    db.close()
    const error = await refusal(file)
    expect(error).toMatchObject({ code: 'STORE_FAILED', retryable: false })
    expect(String(error)).toContain('has format 99')
    const again = new DatabaseSync(file)
    expect(again.prepare('PRAGMA user_version').get()).toEqual({ user_version: 99 })
    again.close()
  })

  test("refuses another program's database", async () => {
    const file = newFile()
    mkdirSync(dirname(file))
    const db = new DatabaseSync(file)
    db.exec('CREATE TABLE theirs (x)')
    db.close()
    expect(String(await refusal(file))).toContain('database of another program')
  })

  test('says so when the folder cannot be made', async () => {
    const parent = newFile()
    mkdirSync(dirname(parent))
    writeFileSync(parent, '')
    expect(await refusal(`${parent}/jobs.db`)).toMatchObject({ code: 'STORE_FAILED' })
  })
})

describe('the thread', () => {
  test.each([
    ['throws', (worker: Worker) => worker.emit('error', new Error('boom'))],
    ['ends', (worker: Worker) => worker.terminate()]
  ])('rejects all that waits when it %s, and all that comes later', async (_, kill) => {
    const post = vi.spyOn(Worker.prototype, 'postMessage')
    const store = await opened(newFile())
    await store.apply([jobChange('j-1')])
    const worker = post.mock.contexts[0] as Worker
    const waiting = [store.apply([jobChange('j-2')]), store.job('j-1'), store.apply([])]
    void kill(worker)
    for (const outcome of await Promise.allSettled(waiting)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'STORE_FAILED' } })
    }
    await expect(store.apply([])).rejects.toMatchObject({ code: 'STORE_FAILED' })
    await expect(store.job('j-1')).rejects.toMatchObject({ code: 'STORE_FAILED' })
    await worker.terminate()
    await store.stop()
  })

  test('keeps no process alive by itself', async () => {
    const script = runScript(
      newFile(),
      `const store = new SqliteJobStore({ file })
       await store.start()
       await store.apply(submission('j-1'))
       say((await store.job('j-1')).id)`
    )
    expect((await script.lines.next()).value).toBe('j-1')
    expect(await script.exited).toEqual({ code: 0, signal: null })
  })

  test('completes what waits before a stop that is awaited', async () => {
    const file = newFile()
    const script = runScript(
      file,
      `const store = new SqliteJobStore({ file })
       await store.start()
       for (let number = 0; number < 3000; number += 1) void store.apply(submission('j-' + number))
       await store.stop()
       say('stopped')`
    )
    expect((await script.lines.next()).value).toBe('stopped')
    expect(await script.exited).toEqual({ code: 0, signal: null })
    const store = await opened(file)
    expect(await store.unfinished({ limit: 9_999 })).toHaveLength(3_000)
    await store.stop()
  })
})

describe('use out of order', () => {
  test('is refused before the start and after the stop', async () => {
    const store = new SqliteJobStore({ file: newFile() })
    await expect(store.apply([])).rejects.toMatchObject({ code: 'STORE_FAILED' })
    await store.start()
    await store.stop()
    await expect(store.apply([])).rejects.toMatchObject({ code: 'STORE_FAILED' })
    await expect(store.job('j-1')).rejects.toMatchObject({ code: 'STORE_FAILED' })
    await expect(store.start()).rejects.toMatchObject({ code: 'STORE_FAILED' })
  })

  test('a store that was never started can be stopped', async () => {
    await expect(new SqliteJobStore({ file: newFile() }).stop()).resolves.toBeUndefined()
  })
})

test('refuses more than may wait for the disk, for a while', async () => {
  const store = new SqliteJobStore({ file: newFile(), sync: 'normal', backlogChangesMax: 10 })
  await store.start()
  // A call above the limit is taken when it is alone.
  const first = store.apply(Array.from({ length: 50 }, (_, index) => itemChange('j-1', index)))
  await expect(store.apply([jobChange('j-2')])).rejects.toMatchObject({
    code: 'QUEUE_FULL',
    retryable: true,
    retryAfterMs: 1_000
  })
  await first
  await store.apply([jobChange('j-2')])
  expect(await store.items('j-1', { limit: 99 })).toHaveLength(50)
  await store.stop()
})
