/** What becomes of tasks whose worker or router is lost, comes back, comes back too late, or never. */
import { describe, expect, test } from 'vitest'
import { FailingStore } from '../../support/failing-store.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { restart, settle, startEngine } from '../../support/build-engine.ts'
import type { Engine } from '../../support/build-engine.ts'
import type { JobDocument } from '../../../src/model/job.ts'

const WAIT = { on_disconnect: { wait: '30s' } } as const
const HOLD = { on_disconnect: { wait: '30s', then: 'hold' } } as const

/** A job whose task runs on one of two workers. */
async function runOne(document: Partial<JobDocument> = WAIT) {
  const engine = await startEngine()
  engine.workers.add('w1').add('w2')
  const id = await engine.submit(document)
  const task = engine.workers.last()
  return { engine, id, task, other: task.peer === 'w1' ? 'w2' : 'w1' }
}

async function reasonsOf(engine: Engine, id: string, number = 1): Promise<string[]> {
  const attempts = await engine.store.attempts(id, { limit: 100 })
  return (attempts.find((attempt) => attempt.number === number)?.history ?? []).map(
    ({ reason }) => reason
  )
}

async function stateOf(engine: Engine, id: string): Promise<string> {
  return (await engine.reader.describe(id)).state
}

/** Nothing is left over: no timer, no room taken, nothing that waits. */
function expectClean({ clock, dispatcher, workers }: Engine): void {
  expect(clock.timerCount).toBe(0)
  expect(['w1', 'w2'].map((peer) => workers.ownTasks(peer))).toEqual([0, 0])
  expect(dispatcher.counts()).toMatchObject({ queued: 0, running: 0 })
}

describe('a link that is cut', () => {
  test('fault 9: and healed within on_disconnect.wait is taken up, and the task runs once', async () => {
    const { engine, id, task } = await runOne()
    engine.workers.cut(task.peer)
    await engine.advance(29_000)
    expect(await stateOf(engine, id)).toBe('running')
    engine.workers.heal(task.peer)
    await settle()
    task.complete('once')
    await settle()
    expect(await engine.reader.describe(id)).toMatchObject({ state: 'completed', result: 'once' })
    expect(engine.workers.tasks).toHaveLength(1)
    expect(await reasonsOf(engine, id)).toEqual([
      'OFFERED',
      'SESSION_CLOSED',
      'RECONNECTED',
      'COMPLETED'
    ])
    expect(engine.workers.released).toEqual([task.leaseId])
    expectClean(engine)
  })

  test('fault 9: its result is fetched if the task ended meanwhile', async () => {
    const { engine, id, task } = await runOne()
    engine.workers.cut(task.peer)
    task.complete('meanwhile')
    await engine.advance(10_000)
    expect(await stateOf(engine, id)).toBe('running')
    engine.workers.heal(task.peer)
    await settle()
    expect(await engine.reader.describe(id)).toMatchObject({
      state: 'completed',
      result: 'meanwhile'
    })
    expect(engine.workers.tasks).toHaveLength(1)
  })

  test('again and again is waited for each time anew', async () => {
    const { engine, id, task } = await runOne()
    for (let count = 0; count < 5; count += 1) {
      engine.workers.cut(task.peer)
      await engine.advance(20_000)
      engine.workers.heal(task.peer)
      await engine.advance(1_000)
    }
    task.complete()
    await settle()
    expect(await engine.reader.describe(id)).toMatchObject({ state: 'completed', attempts: 1 })
    expectClean(engine)
  })

  test('fault 6: beyond the wait is lost, and the task goes elsewhere', async () => {
    const { engine, id, other, task } = await runOne()
    engine.workers.cut(task.peer)
    await engine.advance(29_999)
    expect(engine.workers.tasks).toHaveLength(1)
    await engine.advance(1)
    expect(await stateOf(engine, id)).toBe('queued')
    await engine.advance(1_000)
    expect(engine.workers.last()).toMatchObject({ peer: other, attempt: 2 })
    engine.workers.last().complete('second')
    await settle()
    expect(await engine.reader.describe(id)).toMatchObject({ state: 'completed', result: 'second' })
    const [lost] = await engine.store.attempts(id, { limit: 1 })
    expect(lost).toMatchObject({
      state: 'lost',
      error: { code: 'SESSION_CLOSED', message: expect.stringContaining('for 30s') as string }
    })
    expectClean(engine)
  })

  test('fault 8: a result that comes after that is noted, and not used', async () => {
    const { engine, id, other, task } = await runOne()
    engine.workers.cut(task.peer)
    task.complete('late')
    await engine.advance(33_000, 1_000)
    engine.workers.last().complete('second')
    await settle()
    engine.workers.heal(task.peer)
    await settle()
    expect(await engine.reader.describe(id)).toMatchObject({ result: 'second', worker: other })
    expect(await reasonsOf(engine, id)).toEqual([
      'OFFERED',
      'SESSION_CLOSED',
      'SESSION_CLOSED',
      'LATE_RESULT'
    ])
    // It need not be kept there any more.
    expect(engine.workers.leaseIds(task.peer)).toEqual([])
    expect(engine.changes.filter(({ finished }) => finished !== undefined)).toHaveLength(1)
  })

  test('fault 8: a task that still runs when its worker comes back is ended there', async () => {
    const { engine, id, task } = await runOne()
    engine.workers.cut(task.peer)
    await engine.advance(33_000, 1_000)
    engine.workers.heal(task.peer)
    await settle()
    expect(task.isOpen).toBe(false)
    expect(await stateOf(engine, id)).toBe('running')
    expect((await reasonsOf(engine, id)).at(-1)).toBe('LATE_RESULT')
  })

  test('before the task came there costs the item nothing', async () => {
    const { engine, id, task } = await runOne({ ...WAIT, retry: { attempts: 1 } })
    // The worker never saw it.
    task.lose('PEER_UNREACHABLE')
    await settle()
    expect(engine.workers.tasks).toHaveLength(2)
    engine.workers.last().complete()
    await settle()
    expect(await engine.reader.describe(id)).toMatchObject({ state: 'completed', attempts: 2 })
    const [item] = await engine.store.items(id, { limit: 1 })
    expect(item?.failureCount).toBe(0)
  })
})

describe('a worker that is killed', () => {
  test('fault 6: while it runs, and is back within the wait, has lost the task', async () => {
    const { engine, id, other, task } = await runOne()
    engine.workers.kill(task.peer)
    await engine.advance(5_000)
    engine.workers.heal(task.peer)
    await engine.advance(1_000)
    expect(engine.workers.last()).toMatchObject({ peer: other, attempt: 2 })
    const [lost] = await engine.store.attempts(id, { limit: 1 })
    expect(lost).toMatchObject({ state: 'lost', error: { code: 'TASK_LOST' } })
  })

  test('fault 7: after its task ended and before that was said, runs it again elsewhere', async () => {
    const { engine, id, task } = await runOne()
    engine.workers.cut(task.peer)
    task.complete('nobody heard')
    engine.workers.kill(task.peer)
    engine.workers.heal(task.peer)
    await engine.advance(1_000)
    engine.workers.last().complete('again')
    await settle()
    expect(await engine.reader.describe(id)).toMatchObject({ state: 'completed', result: 'again' })
  })

  test('fault 7: and with one attempt allowed, does not', async () => {
    const { engine, id, task } = await runOne({ ...WAIT, retry: { attempts: 1 } })
    engine.workers.cut(task.peer)
    task.complete('nobody heard')
    engine.workers.kill(task.peer)
    engine.workers.heal(task.peer)
    await engine.advance(60_000)
    expect(engine.workers.tasks).toHaveLength(1)
    expect(await engine.reader.describe(id)).toMatchObject({
      state: 'failed',
      error: { code: 'TASK_LOST' }
    })
  })

  test('and is known not to run is not waited for', async () => {
    const { engine, id, other, task } = await runOne()
    engine.workers.goAway(task.peer)
    await engine.advance(1_000)
    expect(engine.workers.last()).toMatchObject({ peer: other, attempt: 2 })
    const [lost] = await engine.store.attempts(id, { limit: 1 })
    expect(lost).toMatchObject({ state: 'lost', error: { code: 'PEER_GONE' } })
  })
})

describe('a job that would rather wait than run twice', () => {
  test('is held once its worker is silent for too long, with the reason on top', async () => {
    const { engine, id, task } = await runOne(HOLD)
    engine.workers.cut(task.peer)
    await engine.advance(600_000, 10_000)
    expect(engine.workers.tasks).toHaveLength(1)
    expect(await engine.reader.describe(id)).toMatchObject({
      state: 'held',
      error: { code: 'SESSION_CLOSED', message: expect.stringContaining('30s') as string }
    })
  })

  test('uses the result when the worker comes back after all, once', async () => {
    const { engine, id, task } = await runOne(HOLD)
    engine.workers.cut(task.peer)
    await engine.advance(120_000, 10_000)
    expect(await stateOf(engine, id)).toBe('held')
    task.complete('worth the wait')
    engine.workers.heal(task.peer)
    await settle()
    const view = await engine.reader.describe(id)
    expect(view).toMatchObject({ state: 'completed', result: 'worth the wait', attempts: 1 })
    expect(view).not.toHaveProperty('error')
    expect(engine.workers.tasks).toHaveLength(1)
    expect(engine.changes.filter(({ finished }) => finished !== undefined)).toHaveLength(1)
    expectClean(engine)
  })

  test('says truly what it failed by, once the worker is back', async () => {
    const { engine, id, task } = await runOne(HOLD)
    engine.workers.cut(task.peer)
    await engine.advance(60_000)
    engine.workers.heal(task.peer)
    task.fail('TASK_FAILED')
    await settle()
    expect(await engine.reader.describe(id)).toMatchObject({
      state: 'failed',
      error: { code: 'TASK_FAILED' }
    })
  })

  test('leaves its task time at the worker as long as the job has any', async () => {
    const { engine, task } = await runOne({ ...HOLD, timeouts: { total: '2h' } })
    expect(task.assignment.lease_ms).toBeGreaterThanOrEqual(2 * 3_600_000)
    const plain = await engine.submit(WAIT)
    expect(engine.workers.last()).toMatchObject({ jobId: plain, assignment: { lease_ms: 60_000 } })
  })

  test('runs again when somebody releases it, and the first one counts no more', async () => {
    const { engine, id, other, task } = await runOne(HOLD)
    engine.workers.cut(task.peer)
    await engine.advance(60_000)
    await engine.control.release(id, 'http')
    await settle()
    expect(engine.workers.last()).toMatchObject({ peer: other, attempt: 2 })
    task.complete('first')
    engine.workers.heal(task.peer)
    await settle()
    expect(await stateOf(engine, id)).toBe('running')
    engine.workers.last().complete('second')
    await settle()
    expect(await engine.reader.describe(id)).toMatchObject({ state: 'completed', result: 'second' })
    const [first] = await engine.store.attempts(id, { limit: 1 })
    expect(first).toMatchObject({ state: 'lost', error: { code: 'TASK_SUPERSEDED' } })
    expect((await reasonsOf(engine, id)).at(-1)).toBe('LATE_RESULT')
    expectClean(engine)
  })

  test('waits on after a restart, and uses the result then', async () => {
    const { engine, id, task } = await runOne({ ...HOLD, retry: { attempts: 1 } })
    engine.workers.cut(task.peer)
    await engine.advance(60_000)
    const second = await restart(engine)
    await second.advance(60_000)
    expect(await stateOf(second, id)).toBe('held')
    task.complete('still here')
    second.workers.heal(task.peer)
    await settle()
    expect(await second.reader.describe(id)).toMatchObject({ result: 'still here', attempts: 1 })
    expectClean(second)
  })
})

describe('a router that is restarted', () => {
  test('fault 3: while a task runs, takes it up and does not run it again', async () => {
    const { engine, id, task } = await runOne({ ...WAIT, retry: { attempts: 1 } })
    const second = await restart(engine)
    expect(await stateOf(second, id)).toBe('running')
    task.complete('once')
    await settle()
    expect(await second.reader.describe(id)).toMatchObject({ state: 'completed', result: 'once' })
    expect(second.workers.tasks).toHaveLength(1)
    expect(await reasonsOf(second, id)).toEqual(['OFFERED', 'STOPPING', 'RECONNECTED', 'COMPLETED'])
    expect(second.workers.released).toEqual([task.leaseId])
    expectClean(second)
  })

  test('fault 3: after the task ended, fetches its result', async () => {
    const { engine, id, task } = await runOne()
    engine.workers.cut(task.peer)
    task.complete('kept')
    const second = await restart(engine)
    await second.advance(1_000)
    expect(await stateOf(second, id)).toBe('running')
    second.workers.heal(task.peer)
    await settle()
    expect(await second.reader.describe(id)).toMatchObject({ state: 'completed', result: 'kept' })
    expect(second.workers.tasks).toHaveLength(1)
  })

  test('fault 4: before the result was on disk, records it once', async () => {
    const store = new FailingStore()
    const engine = await startEngine({ store })
    engine.workers.add('w1')
    const id = await engine.submit({ retry: { attempts: 1 } })
    store.fails = () => true
    engine.workers.last().complete('precious')
    await engine.advance(5_000, 1_000)
    expect(engine.workers.released).toEqual([])
    store.fails = () => false
    const second = await restart(engine)
    expect(await second.reader.describe(id)).toMatchObject({
      state: 'completed',
      result: 'precious',
      attempts: 1
    })
    expect(second.workers.tasks).toHaveLength(1)
    expect(second.changes.filter(({ finished }) => finished !== undefined)).toHaveLength(1)
  })

  test('waits for a worker that does not come back as long as the job says, and no longer', async () => {
    const { engine, id, other, task } = await runOne()
    engine.workers.cut(task.peer)
    const second = await restart(engine)
    await second.advance(29_999)
    expect(await stateOf(second, id)).toBe('running')
    await second.advance(1)
    expect(await stateOf(second, id)).toBe('queued')
    await second.advance(1_000)
    expect(second.workers.last()).toMatchObject({ peer: other, attempt: 2 })
    const [lost] = await second.store.attempts(id, { limit: 1 })
    expect(lost).toMatchObject({ state: 'lost', error: { code: 'PEER_SILENT' } })
  })

  test('does not run twice what may run once, if the worker is gone for good', async () => {
    const { engine, id, task } = await runOne({ ...WAIT, retry: { attempts: 1 } })
    engine.workers.goAway(task.peer)
    const second = await restart(engine)
    await second.advance(120_000, 10_000)
    expect(second.workers.tasks).toHaveLength(1)
    expect(await second.reader.describe(id)).toMatchObject({
      state: 'failed',
      error: { code: 'PEER_GONE' }
    })
  })

  test('sends again what its worker never saw', async () => {
    const { engine, id, task } = await runOne({ ...WAIT, retry: { attempts: 1 } })
    task.refuse('WORKER_BUSY')
    // The answer and the router cross.
    const second = await restart(engine)
    await second.advance(1_000)
    expect(second.workers.tasks).toHaveLength(2)
    second.workers.last().complete()
    await settle()
    expect(await stateOf(second, id)).toBe('completed')
  })

  test('finds the open attempt of an item that many workers refused before', async () => {
    const { engine, id, task } = await runOne()
    const [item] = await engine.store.items(id, { limit: 1 })
    const [attempt] = await engine.store.attempts(id, { limit: 1 })
    if (item === undefined || attempt === undefined) throw new Error('the item runs')
    const number = 1_500
    await engine.store.apply([
      {
        kind: 'item',
        item: {
          ...item,
          attemptCount: number,
          copies: [{ attempt: number, workerId: task.peer, phase: 'out' }]
        }
      },
      ...Array.from({ length: number - 1 }, (_, index) => ({
        kind: 'attempt' as const,
        attempt: {
          ...attempt,
          number: index + 1,
          leaseId: `l-${index}`,
          state: 'refused' as const,
          endedAtMs: 1
        }
      })),
      { kind: 'attempt', attempt: { ...attempt, number } }
    ])
    const second = await restart(engine)
    task.complete('found')
    await settle()
    expect(await second.reader.describe(id)).toMatchObject({ state: 'completed', result: 'found' })
  })

  test('says nothing of an attempt before its jobs are taken up', async () => {
    const { engine, id, task } = await runOne()
    const { attempt, item, jobId, leaseId, peer } = task
    const news = { job_id: jobId, item, attempt, lease_id: leaseId, state: 'running' } as const
    const second = await restart(engine)
    expect(await second.news.report(peer, news)).toMatchObject({ is_wanted: true })
    expect(await second.news.report('w9', news)).toEqual({ is_wanted: false })
    expect(await second.news.report(peer, { ...news, lease_id: 'l-other' })).toEqual({
      is_wanted: false
    })
    expect(await stateOf(second, id)).toBe('running')
  })
})

describe('a job that must not run twice', () => {
  test('is sent only once its beginning is on disk', async () => {
    const store = new FailingStore()
    const engine = await startEngine({ store })
    store.fails = (changes) => changes.some(({ kind }) => kind === 'decision')
    engine.workers.add('w1')
    const id = await engine.submit({ retry: { attempts: 1 } })
    await engine.advance(10_000, 1_000)
    expect(engine.workers.tasks).toEqual([])
    store.fails = () => false
    await engine.advance(30_000, 1_000)
    expect(engine.workers.tasks).toHaveLength(1)
    engine.workers.last().complete()
    await settle()
    expect(await stateOf(engine, id)).toBe('completed')
  })

  test('and was not sent before its router was killed, runs after that', async () => {
    const store = new FailingStore()
    const engine = await startEngine({ store })
    store.fails = (changes) => changes.some(({ kind }) => kind === 'decision')
    engine.workers.add('w1')
    const id = await engine.submit({ retry: { attempts: 1 } })
    store.fails = () => false
    const second = await restart(engine)
    expect(second.workers.tasks).toHaveLength(1)
    second.workers.last().complete()
    await settle()
    expect(await stateOf(second, id)).toBe('completed')
  })

  test('is not sent again after a stop of its router, whatever its worker does', async () => {
    const { engine, id, task } = await runOne({ ...WAIT, retry: { attempts: 1 } })
    await engine.stop()
    expect(task.isOpen).toBe(true)
    const second = await restart(engine)
    second.workers.kill(task.peer)
    second.workers.heal(task.peer)
    await second.advance(60_000, 5_000)
    expect(second.workers.tasks).toHaveLength(1)
    expect(await second.reader.describe(id)).toMatchObject({
      state: 'failed',
      error: { code: 'TASK_LOST' }
    })
  })

  test('and ended while the store failed is not sent again after a restart', async () => {
    const store = new FailingStore()
    const engine = await startEngine({ store })
    engine.workers.add('w1')
    const id = await engine.submit({ retry: { attempts: 1, then: 'hold' } })
    store.fails = () => true
    engine.workers.last().fail('TASK_FAILED')
    await settle()
    const second = await restart(engine)
    store.fails = () => false
    await second.advance(10_000, 1_000)
    expect(second.workers.tasks).toHaveLength(1)
    expect(await second.reader.describe(id)).toMatchObject({
      state: 'held',
      error: { code: 'TASK_FAILED' }
    })
  })
})

test('fault 12: a task that is sent twice under one lease runs once', async () => {
  const { engine, task } = await runOne()
  const { assignment, options, peer } = task
  const again = engine.workers.execute(peer, { assignment, text: '{}' }, options)
  task.complete('once')
  expect((await again).bulk).toBe('"once"')
  expect(engine.workers.tasks).toHaveLength(1)
})

test.each([3_600_000, -3_600_000])(
  'fault 21: a wall clock that jumps by %i ms changes no wait and no time limit',
  async (jumpMs) => {
    const clock = new FakeClock()
    const engine = await startEngine({ clock })
    engine.workers.add('w1')
    const id = await engine.submit({ timeouts: { queue: '10m', total: '20m' }, ...WAIT })
    const waiting = await engine.submit({ resources: { cpu: 64 }, timeouts: { queue: '10m' } })
    engine.workers.cut('w1')
    clock.jumpWall(jumpMs)
    await engine.advance(29_000)
    expect(await stateOf(engine, id)).toBe('running')
    engine.workers.heal('w1')
    await engine.advance(560_000)
    expect(await stateOf(engine, waiting)).toBe('queued')
    await engine.advance(11_000)
    expect(await stateOf(engine, waiting)).toBe('failed')
    engine.workers.last().complete()
    await settle()
    const { ended_at_ms: endedAtMs, created_at_ms: createdAtMs } = await engine.reader.describe(id)
    expect(Number(endedAtMs) - createdAtMs).toBe(600_000)
  }
)

test('a worker’s news of a running task are passed on, and change nothing else', async () => {
  const { engine, id, task } = await runOne()
  const { attempt, item, jobId, leaseId, peer } = task
  const news = { job_id: jobId, item, attempt, lease_id: leaseId, state: 'running' } as const
  const log = { from: 0, entries: [{ ms: 1, stream: 'out' as const, text: 'hello\n' }] }
  expect(await engine.news.report(peer, { ...news, log, progress: { ratio: 0.5 } })).toEqual({
    is_wanted: true,
    log_next: 1
  })
  await settle()
  expect(await engine.reader.describe(id)).toMatchObject({
    state: 'running',
    logs: 'hello\n',
    progress: { ratio: 0.5 }
  })
  // The same part once more, and one that begins behind a gap.
  expect(await engine.news.report(peer, { ...news, log })).toMatchObject({ log_next: 1 })
  expect(await engine.news.report(peer, { ...news, log: { ...log, from: 5 } })).toMatchObject({
    log_next: 1
  })
  task.complete('done', { log: { from: 1, entries: [{ ms: 2, stream: 'out', text: 'bye\n' }] } })
  await settle()
  expect(await engine.reader.describe(id)).toMatchObject({
    state: 'completed',
    logs: 'hello\nbye\n'
  })
})
