/** A queue as large as a router's users may make it, on a real store. */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { NOOP, restart, startEngine } from '../../support/build-engine.ts'
import { SqliteJobStore } from '../../../src/jobs/sqlite/store.ts'
import { until } from '../../support/until.ts'
import type { Engine } from '../../support/build-engine.ts'

const JOB_COUNT = 100_000
const AT_ONCE = 500

const folder = mkdtempSync(join(tmpdir(), 'taskmesh-large-'))
let engine: Engine
const ids: string[] = []

beforeAll(async () => {
  // Nothing here is about the disk's own pace.
  const store = new SqliteJobStore({ file: join(folder, 'jobs.db'), sync: 'normal' })
  await store.start()
  engine = await startEngine({ store })
  for (let first = 0; first < JOB_COUNT; first += AT_ONCE) {
    const submissions = Array.from({ length: AT_ONCE }, () =>
      engine.intake.submit({ task: NOOP, timeouts: { queue: '1d', total: '2d' } }, 'test')
    )
    // oxlint-disable-next-line no-await-in-loop -- so many callers at a time
    for (const { job } of await Promise.all(submissions)) ids.push(job.id)
    engine.clock.advance(1)
  }
}, 120_000)

afterAll(async () => {
  // Nothing of the rest is to run while the store ends.
  await engine.stop()
  await engine.store.stop()
  rmSync(folder, { recursive: true, force: true })
})

test('fault 30: 100,000 jobs queued, router restarted: all are there, in their order', async () => {
  expect(engine.dispatcher.counts().queued).toBe(JOB_COUNT)
  engine = await restart(engine)
  const queued = (): Promise<number> => Promise.resolve(engine.dispatcher.counts().queued)
  await until('jobs taken up again', queued, (count) => count === JOB_COUNT)
  engine.workers.add('w1', (task) => task.complete(), { slots: 10 })
  engine.dispatcher.pump()
  const sent = (): Promise<string[]> =>
    Promise.resolve(engine.workers.tasks.map(({ jobId }) => jobId))
  const first = await until('first tasks', sent, ({ length }) => length >= 100)
  // Those of one millisecond are of the same age.
  const oldest = new Set(ids.slice(0, AT_ONCE))
  expect(first.slice(0, 100).filter((id) => !oldest.has(id))).toEqual([])
  const { counts } = engine.dispatcher.job(ids.at(-1) ?? '')?.record ?? {}
  expect(counts).toMatchObject({ queued: 1 })
})
