/** A task that writes more than its router keeps: the first part is sent, all of it becomes a file of the mesh. */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FILE } from '../../support/fake-task-files.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { LogSpool, LogSpools } from '../../../src/execution/log-spool.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { buildTaskServer, leaseId, out, temporaryFolder } from '../../support/build-task-server.ts'
import { settle } from '../../support/settle.ts'
import type { TaskServerBench } from '../../support/build-task-server.ts'

const CHUNK = 'é'.repeat(10_000)
const WRITTEN = Array.from({ length: 6 }, (_, index) => `${index}${CHUNK}`)

async function writeMuch({ executor }: TaskServerBench): Promise<void> {
  await settle()
  WRITTEN.forEach((text, index) => executor.running[0]?.run.onLog(out(index, text)))
}

function spoolOf({ files }: TaskServerBench): string {
  const { produced } = files.publishes[0] ?? {}
  return produced?.kind === 'disk' ? readFileSync(produced.path, 'utf8') : ''
}

test('all of a long log becomes a file, and the first part of it is with the router', async () => {
  const bench = await buildTaskServer()
  const answer = bench.lease(1)
  await writeMuch(bench)
  bench.executor.running[0]?.end()
  await settle()
  expect(bench.files.publishes[0]?.wish.name).toBe('task.log')
  expect(spoolOf(bench)).toBe(WRITTEN.join(''))
  bench.files.publishes[0]?.finish()
  const { result } = await answer
  expect(result?.log_file).toMatchObject({ name: 'task.log', file: FILE })
  const text = result?.log?.entries.map((entry) => entry.text).join('') ?? ''
  expect(WRITTEN.join('').startsWith(text)).toBe(true)
  const bytes = Buffer.byteLength(text)
  expect(LIMITS.logBytesMax - bytes).toBeLessThan(2)
  expect(result?.logs_dropped_bytes).toBe(Buffer.byteLength(WRITTEN.join('')) - bytes)
  await settle()
  expect(readdirSync(join(bench.folder, 'logs'))).toEqual([])
})

test('that of a task which was stopped becomes one too', async () => {
  const bench = await buildTaskServer()
  const answer = bench.lease(1)
  await writeMuch(bench)
  void bench.send('STOP_TASK', { lease_id: leaseId(1), reason: 'enough' })
  bench.executor.endStopped()
  await settle()
  bench.files.publishes[0]?.finish()
  const { error, result } = await answer
  expect(error?.code).toBe('TASK_STOPPED')
  expect(result?.log_file?.file).toBe(FILE)
})

test('a log that finds no room costs the task nothing', async () => {
  const bench = await buildTaskServer()
  const answer = bench.lease(1)
  await writeMuch(bench)
  bench.executor.running[0]?.end()
  await settle()
  bench.files.publishes[0]?.fail(new MeshError('STORE_FULL', 'the disk is full'))
  const { error, result } = await answer
  expect(error).toBeUndefined()
  expect(result?.log_file).toBeUndefined()
  await settle()
  expect(readdirSync(join(bench.folder, 'logs'))).toEqual([])
})

test('a log that is just short enough makes no file', async () => {
  const bench = await buildTaskServer()
  const answer = bench.lease(1)
  await settle()
  bench.executor.running[0]?.run.onLog(out(0, 'x'.repeat(LIMITS.logBytesMax)))
  bench.executor.running[0]?.end()
  const { result } = await answer
  expect(result?.logs_dropped_bytes).toBe(0)
  expect(bench.files.publishes).toEqual([])
})

test('a spool keeps to its bound, and one that cannot be written is no log', () => {
  const folder = temporaryFolder()
  const spool = new LogSpool(join(folder, 'a.log'), 5)
  for (const text of ['abc', 'def', 'ghi']) spool.write(text)
  expect(spool.isUsable).toBe(true)
  spool.close()
  expect(readFileSync(spool.path, 'utf8')).toBe('abcde')
  spool.remove()
  expect(readdirSync(folder)).toEqual([])
  const nowhere = new LogSpool(join(folder, 'missing/b.log'))
  nowhere.write('abc')
  expect(nowhere.isUsable).toBe(false)
  nowhere.remove()
})

test('what an earlier life has left goes at the start', () => {
  const folder = join(temporaryFolder(), 'logs')
  mkdirSync(folder)
  writeFileSync(join(folder, '1.log'), 'old')
  const spools = new LogSpools(folder)
  spools.start()
  expect(readdirSync(folder)).toEqual([])
  const spool = spools.next()
  spool.write('new')
  spool.close()
  expect(readFileSync(spool.path, 'utf8')).toBe('new')
})
