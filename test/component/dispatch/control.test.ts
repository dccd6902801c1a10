/** How jobs end before their tasks do, and how they are held: with the worker's word, without it, and across restarts. */
import { describe, expect, test } from 'vitest'
import { MeshError } from '../../../src/core/errors.ts'
import { FailingStore } from '../../support/failing-store.ts'
import { restart, settle, startEngine } from '../../support/build-engine.ts'
import type { Engine } from '../../support/build-engine.ts'

async function stateOf(engine: Engine, id: string): Promise<string> {
  return (await engine.reader.describe(id)).state
}

async function itemOf(engine: Engine, id: string) {
  const [item] = await engine.store.items(id, { limit: 1 })
  if (item === undefined) throw new Error('a job has items')
  return item
}

/** One worker that ends nothing by itself, and a job that runs on it. */
async function runOne(more: Parameters<Engine['submit']>[0] = {}, store?: FailingStore) {
  const engine = await startEngine(store === undefined ? {} : { store })
  engine.workers.add('w1')
  engine.workers.onStop = () => {}
  const id = await engine.submit(more)
  return { engine, id, task: engine.workers.last() }
}

describe('fault 28: a stop', () => {
  test('of a running job is true with the worker’s word, and not before', async () => {
    const { engine, id, task } = await runOne()
    const stopping = engine.control.stop(id, { reason: 'enough' }, 'http')
    await settle()
    expect(task.stopReason).toBe('enough')
    expect(await stateOf(engine, id)).toBe('running')
    expect((await itemOf(engine, id)).ending).toMatchObject({ state: 'stopped' })
    task.fail('TASK_STOPPED')
    expect(await stopping).toMatchObject({
      state: 'stopped',
      error: { code: 'TASK_STOPPED', message: 'enough' }
    })
    expect(await itemOf(engine, id)).toMatchObject({ state: 'stopped', ending: null })
    const [attempt] = await engine.reader.attempts(id, { limit: 1 })
    expect(attempt).toMatchObject({ state: 'stopped' })
    expect(engine.workers.ownTasks('w1')).toBe(0)
    expect(engine.clock.timerCount).toBe(0)
    await expect(engine.control.stop(id, { reason: 'again' }, 'http')).rejects.toMatchObject({
      code: 'JOB_ENDED'
    })
  })

  test('tells the worker how long the task may go on, and can be hurried', async () => {
    const { engine, id, task } = await runOne({ timeouts: { stop: '7s' } })
    void engine.control.stop(id, { reason: 'enough', killAfterMs: 600_000 }, 'http')
    await settle()
    expect(task).toMatchObject({ stopReason: 'enough', killAfterMs: 600_000 })
    // Neither a longer time nor a word without one changes anything.
    void engine.control.stop(id, { reason: 'later', killAfterMs: 700_000 }, 'http')
    void engine.control.stop(id, { reason: 'again' }, 'http')
    await settle()
    expect(task.killAfterMs).toBe(600_000)
    const hurried = engine.control.stop(id, { reason: 'now', killAfterMs: 0 }, 'http')
    await settle()
    expect(task.killAfterMs).toBe(0)
    expect((await itemOf(engine, id)).ending).toMatchObject({ killAfterMs: 0 })
    task.fail('TASK_STOPPED')
    expect(await hurried).toMatchObject({ state: 'stopped', error: { message: 'enough' } })
  })

  test('leaves the time to the job where none is said', async () => {
    const { engine, id, task } = await runOne({ timeouts: { stop: '7s' } })
    expect(task.assignment.kill_after_ms).toBe(7_000)
    void engine.control.stop(id, { reason: 'enough' }, 'http')
    await settle()
    expect(task).toMatchObject({ stopReason: 'enough', killAfterMs: undefined })
  })

  test('of a waiting job is true at once, and it is not sent', async () => {
    const { engine, task } = await runOne()
    const waiting = await engine.submit()
    expect(await engine.control.stop(waiting, { reason: 'not wanted' }, 'http')).toMatchObject({
      state: 'stopped',
      error: { message: 'not wanted' }
    })
    task.complete()
    await settle()
    expect(engine.workers.tasks).toHaveLength(1)
  })

  test('of a job that waits for its next attempt is true at once', async () => {
    const { engine, id, task } = await runOne()
    task.answer('no JSON')
    await settle()
    await engine.control.stop(id, { reason: 'enough' }, 'http')
    expect(engine.clock.timerCount).toBe(0)
    await engine.advance(600_000)
    expect(engine.workers.tasks).toHaveLength(1)
  })

  test('loses to a result that was on its way', async () => {
    const { engine, id, task } = await runOne()
    const stopping = engine.control.stop(id, { reason: 'too late' }, 'http')
    await settle()
    task.complete('done all the same')
    expect(await stopping).toMatchObject({ state: 'completed', result: 'done all the same' })
    expect(await engine.reader.describe(id)).not.toHaveProperty('error')
  })

  test('of a task that fails meanwhile is still a stop, and it is not tried again', async () => {
    const { engine, id, task } = await runOne()
    const stopping = engine.control.stop(id, { reason: 'enough' }, 'http')
    await settle()
    task.fail('SANDBOX_CRASHED')
    expect(await stopping).toMatchObject({ state: 'stopped' })
    await engine.advance(60_000)
    expect(engine.workers.tasks).toHaveLength(1)
  })

  test('at a silent worker is true once it was waited for as long as the job says', async () => {
    const { engine, id } = await runOne({ on_disconnect: { wait: '30s' } })
    engine.workers.cut('w1')
    await engine.advance(20_000)
    const stopping = engine.control.stop(id, { reason: 'enough' }, 'http')
    await engine.advance(9_999)
    expect(await stateOf(engine, id)).toBe('running')
    await engine.advance(1)
    expect(await stopping).toMatchObject({ state: 'stopped', error: { message: 'enough' } })
    expect((await engine.reader.attempts(id, { limit: 1 }))[0]).toMatchObject({ state: 'lost' })
    expect(engine.clock.timerCount).toBe(0)
  })

  test('at a worker that is back in time reaches it then', async () => {
    const { engine, id, task } = await runOne({ on_disconnect: { wait: '30s' } })
    engine.workers.cut('w1')
    await settle()
    const stopping = engine.control.stop(id, { reason: 'enough' }, 'http')
    await engine.advance(10_000)
    expect(task.stopReason).toBeUndefined()
    engine.workers.heal('w1')
    await settle()
    expect(task.stopReason).toBe('enough')
    task.fail('TASK_STOPPED')
    await settle()
    expect(await stateOf(engine, id)).toBe('stopped')
    await stopping
  })

  test('of a job that would rather wait than run twice is not waited for beyond its time', async () => {
    const { engine, id } = await runOne({ on_disconnect: { wait: '10s', then: 'hold' } })
    engine.workers.cut('w1')
    void engine.control.stop(id, { reason: 'enough' }, 'http')
    await engine.advance(10_000)
    expect(await stateOf(engine, id)).toBe('stopped')
    // And of one that is held already, at once.
    engine.workers.heal('w1')
    await settle()
    const held = await engine.submit({ on_disconnect: { wait: '10s', then: 'hold' } })
    engine.workers.cut('w1')
    await engine.advance(10_000)
    expect(await stateOf(engine, held)).toBe('held')
    expect(await engine.control.stop(held, { reason: 'enough' }, 'http')).toMatchObject({
      state: 'stopped',
      error: { code: 'TASK_STOPPED' }
    })
    expect(engine.clock.timerCount).toBe(0)
  })

  test('that the worker has not heard outlives its router', async () => {
    const { engine, id, task } = await runOne()
    engine.workers.silence('w1')
    void engine.control.stop(id, { reason: 'enough' }, 'http')
    await settle()
    expect(task.stopReason).toBeUndefined()
    const second = await restart(engine)
    second.workers.heal('w1')
    await second.advance(2_000, 500)
    expect(task.stopReason).toBe('enough')
    task.fail('TASK_STOPPED')
    await settle()
    expect(await second.reader.describe(id)).toMatchObject({
      state: 'stopped',
      error: { code: 'TASK_STOPPED', message: 'enough' }
    })
  })

  test('of a restarted router’s job reaches the worker that runs it', async () => {
    const { engine, id, task } = await runOne()
    const second = await restart(engine)
    void second.control.stop(id, { reason: 'enough' }, 'http')
    await settle()
    expect(task.stopReason).toBe('enough')
    task.fail('TASK_STOPPED')
    await settle()
    expect(await stateOf(second, id)).toBe('stopped')
  })

  test('overtaken by a store that fails does not bring ended items back', async () => {
    const store = new FailingStore()
    const engine = await startEngine({ store })
    engine.workers.add('w1', undefined, { slots: 2 })
    const id = await engine.submit({ each: [{}, {}, {}] })
    engine.workers.onStop = () => {}
    const [first, second] = engine.workers.open()
    store.fails = () => true
    const stopping = engine.control.stop(id, { reason: 'enough' }, 'http')
    await settle()
    store.fails = () => false
    first?.complete('first')
    await settle()
    await engine.advance(5_000, 1_000)
    second?.fail('TASK_STOPPED')
    await stopping
    const items = await store.items(id, { limit: 9 })
    expect(items.map(({ state }) => state)).toEqual(['completed', 'stopped', 'stopped'])
    expect((await store.job(id))?.counts).toMatchObject({ completed: 1, stopped: 2, running: 0 })
  })
})

test('a stop of many items tells each of them, and the job’s end once, with the last', async () => {
  const engine = await startEngine()
  const id = await engine.submit({ each: [{}, {}, {}] })
  const before = engine.changes.length
  await engine.control.stop(id, { reason: 'enough' }, 'http')
  const told = engine.changes.slice(before)
  expect(told.map(({ finished, job }) => [finished?.item.index, job.state])).toEqual([
    [0, 'running'],
    [1, 'running'],
    [2, 'stopped']
  ])
})

test('a stop that the way there had no room for is said again', async () => {
  const { engine, id, task } = await runOne()
  const stop = engine.workers.stop.bind(engine.workers)
  let count = 0
  engine.workers.stop = async (...args) => {
    count += 1
    if (count === 1) throw new MeshError('TOO_MANY_REQUESTS', 'so many wait already')
    return await stop(...args)
  }
  const stopping = engine.control.stop(id, { reason: 'enough' }, 'http')
  await engine.advance(1_000)
  expect(task.stopReason).toBe('enough')
  task.fail('TASK_STOPPED')
  expect(await stopping).toMatchObject({ state: 'stopped' })
  expect(engine.clock.timerCount).toBe(0)
})

describe('the total time', () => {
  test('of a running job is true with the worker’s word, and asked for once', async () => {
    const { engine, id, task } = await runOne({ timeouts: { total: '1m' } })
    await engine.advance(60_000)
    expect(task.stopReason).toContain('1m')
    expect(await stateOf(engine, id)).toBe('running')
    // Nothing looks again and again meanwhile.
    expect(engine.clock.timerCount).toBe(0)
    task.fail('TASK_STOPPED')
    await settle()
    expect(await engine.reader.describe(id)).toMatchObject({
      state: 'failed',
      error: { code: 'TOTAL_TIMED_OUT' }
    })
  })

  test('loses to a result, and to a stop that was asked for before', async () => {
    const { engine, id, task } = await runOne({ timeouts: { total: '1m' } })
    await engine.advance(60_000)
    task.complete('just in time')
    await settle()
    expect(await engine.reader.describe(id)).toMatchObject({ state: 'completed' })
    const other = await engine.submit({ timeouts: { total: '1m' } })
    void engine.control.stop(other, { reason: 'enough' }, 'http')
    await engine.advance(60_000)
    engine.workers.last().fail('TASK_STOPPED')
    await settle()
    expect(await engine.reader.describe(other)).toMatchObject({ state: 'stopped' })
  })

  test('that was over while the router was away ends the job at its return', async () => {
    const { engine, id, task } = await runOne({ timeouts: { total: '1m' } })
    engine.clock.advance(59_000)
    const second = await restart(engine)
    await second.advance(2_000, 500)
    expect(task.stopReason).toContain('1m')
    task.fail('TASK_STOPPED')
    await settle()
    expect(await stateOf(second, id)).toBe('failed')
    expect(second.clock.timerCount).toBe(0)
  })
})

describe('a hold', () => {
  test('keeps back what waits, lets what runs go on, until the release', async () => {
    const { engine, id, task } = await runOne({ each: [{}, {}] })
    await engine.control.hold(id, 'let me look', 'http')
    expect(await stateOf(engine, id)).toBe('running')
    task.complete()
    await engine.advance(60_000)
    expect(await engine.reader.describe(id)).toMatchObject({
      state: 'held',
      counts: { completed: 1, held: 1 }
    })
    expect(engine.workers.tasks).toHaveLength(1)
    await engine.control.release(id, 'http')
    await settle()
    engine.workers.last().complete()
    await settle()
    expect(await engine.reader.describe(id)).toMatchObject({ state: 'completed', attempts: 2 })
    expect((await engine.store.job(id))?.history.map(({ reason }) => reason)).toEqual(
      expect.arrayContaining(['RELEASED'])
    )
  })

  test('is a hold for what comes back, too', async () => {
    const { engine, id, task } = await runOne()
    await engine.control.hold(id, undefined, 'http')
    task.answer('no JSON')
    await engine.advance(60_000)
    expect(await stateOf(engine, id)).toBe('held')
    expect(engine.workers.tasks).toHaveLength(1)
  })

  test('stops the queue time, and outlives its router', async () => {
    const engine = await startEngine()
    const id = await engine.submit({ timeouts: { queue: '1m', total: '1h' } })
    await engine.control.hold(id, undefined, 'http')
    await engine.advance(600_000)
    const second = await restart(engine)
    second.workers.add('w1')
    second.dispatcher.pump()
    await second.advance(600_000)
    expect(await stateOf(second, id)).toBe('held')
    await second.control.release(id, 'http')
    await settle()
    expect(second.workers.tasks).toHaveLength(1)
  })

  test('is answered only once it is stored', async () => {
    const store = new FailingStore()
    const engine = await startEngine({ store })
    const id = await engine.submit()
    store.fails = () => true
    let isAnswered = false
    const holding = engine.control.hold(id, undefined, 'http').then(() => (isAnswered = true))
    await engine.advance(500)
    expect(isAnswered).toBe(false)
    store.fails = () => false
    await engine.advance(1_000)
    await holding
    expect((await store.job(id))?.isOnHold).toBe(true)
  })

  test('stops the total time, which begins anew with the release', async () => {
    const engine = await startEngine()
    const id = await engine.submit({ timeouts: { total: '1m', queue: '1h' } })
    await engine.advance(50_000)
    await engine.control.hold(id, undefined, 'http')
    await engine.advance(3_600_000)
    expect(await stateOf(engine, id)).toBe('held')
    expect(engine.clock.timerCount).toBe(0)
    await engine.control.release(id, 'http')
    await engine.advance(59_000)
    expect(await stateOf(engine, id)).toBe('queued')
    await engine.advance(1_000)
    expect(await engine.reader.describe(id)).toMatchObject({
      state: 'failed',
      error: { code: 'TOTAL_TIMED_OUT' }
    })
  })
})

describe('retry.then: hold', () => {
  test('holds what failed for good, with the true error on top, until somebody releases it', async () => {
    const { engine, id, task } = await runOne({ retry: { attempts: 2, then: 'hold' } })
    task.answer('no JSON')
    await engine.advance(1_000)
    engine.workers.last().answer('no JSON')
    await engine.advance(600_000)
    expect(await engine.reader.describe(id)).toMatchObject({
      state: 'held',
      error: { code: 'RESULT_INVALID' }
    })
    await engine.control.release(id, 'http')
    await settle()
    // With all its attempts before it.
    engine.workers.last().answer('no JSON')
    await engine.advance(1_000)
    engine.workers.last().complete()
    await settle()
    const view = await engine.reader.describe(id)
    expect(view).toMatchObject({ state: 'completed', attempts: 4 })
    expect(view).not.toHaveProperty('error')
  })

  test('and a stop of what is held says that it was stopped', async () => {
    const { engine, id, task } = await runOne({ retry: { then: 'hold' } })
    task.fail('TASK_FAILED')
    await settle()
    expect(await engine.control.stop(id, { reason: 'never mind' }, 'http')).toMatchObject({
      state: 'stopped',
      error: { code: 'TASK_STOPPED', message: 'never mind' }
    })
  })
})

test('a job that is held for a silent worker runs again once that worker is back with its task', async () => {
  const { engine, id, task } = await runOne({ on_disconnect: { wait: '10s', then: 'hold' } })
  engine.workers.cut('w1')
  await engine.advance(10_000)
  expect(await engine.reader.describe(id)).toMatchObject({
    state: 'held',
    error: { code: 'SESSION_CLOSED' }
  })
  engine.workers.heal('w1')
  await settle()
  const view = await engine.reader.describe(id)
  expect([view.state, view.error]).toEqual(['running', undefined])
  // It is not to be released, which would run it a second time.
  await expect(engine.control.release(id, 'http')).rejects.toMatchObject({ code: 'JOB_NOT_HELD' })
  task.complete('precious')
  await settle()
  expect(await engine.reader.describe(id)).toMatchObject({ state: 'completed', result: 'precious' })
  expect(engine.clock.timerCount).toBe(0)
})

test('what a worker still says while the end is being stored is wanted', async () => {
  const store = new FailingStore()
  const { engine, task } = await runOne({}, store)
  store.fails = () => true
  task.complete('precious')
  await settle()
  const { attempt, item, jobId, leaseId, peer } = task
  const news = { job_id: jobId, item, attempt, lease_id: leaseId, state: 'ended' } as const
  expect(await engine.news.report(peer, news)).toMatchObject({ is_wanted: true })
  store.fails = () => false
  await engine.advance(1_000)
  expect(await engine.news.report(peer, news)).toEqual({ is_wanted: false })
})

test('a router that is stopping wants its tasks to go on', async () => {
  const { engine, task } = await runOne()
  await engine.dispatcher.stop()
  const { attempt, item, jobId, leaseId, peer } = task
  const news = { job_id: jobId, item, attempt, lease_id: leaseId, state: 'running' } as const
  expect(await engine.news.report(peer, news)).toMatchObject({ is_wanted: true })
})
