/** How items fare: completed, refused, lost, failed, retried; and who is blamed for it. */
import { expect, test } from 'vitest'
import { NOOP, settle, startEngine } from '../../support/build-engine.ts'
import { validatorFor } from '../../../src/model/validate.ts'
import type { AttemptView, JobView } from '../../../src/model/generated/api-job.ts'
import type { Engine } from '../../support/build-engine.ts'
import type { ErrorCode } from '../../../src/core/errors.ts'

async function statesOf(engine: Engine, id: string): Promise<[string, string][]> {
  const attempts = await engine.reader.attempts(id, { limit: 100 })
  return attempts.map(({ state, worker }) => [worker, state])
}

/** Answers for whichever of the first two workers got it, so that a test needs no lucky seed. */
function other(peer: string): string {
  return peer === 'w1' ? 'w2' : 'w1'
}

test('a job completes with its result, logs, worker and usage', async () => {
  const engine = await startEngine()
  engine.workers.add('w1')
  const id = await engine.submit({ task: { ...NOOP, name: 'echo', args: { a: 1 } } })
  expect(engine.workers.last().task).toEqual({ engine: 'builtin', name: 'echo', args: { a: 1 } })
  expect((await engine.reader.describe(id)).state).toBe('running')
  await engine.advance(250)
  engine.workers.last().complete({ a: 1 })
  await settle()
  const view = await engine.reader.describe(id)
  expect(view).toMatchObject({
    state: 'completed',
    result: { a: 1 },
    logs: 'done\n',
    worker: 'w1',
    attempts: 1,
    counts: { queued: 0, running: 0, completed: 1, failed: 0, stopped: 0 }
  })
  expect(validatorFor<JobView>('api/job')(view)).toBe(view)
  expect(engine.outcomes).toMatchObject([{ kind: 'completed', workerId: 'w1', latencyMs: 250 }])
  const [attempt] = await engine.reader.attempts(id, { limit: 9 })
  expect(attempt).toMatchObject({ state: 'completed', usage: { wall_ms: 5, cpu_ms: 4 } })
  expect((attempt as AttemptView).ended_at_ms).toBe(attempt!.offered_at_ms + 250)
  expect(engine.workers.ownTasks('w1')).toBe(0)
  expect(engine.clock.timerCount).toBe(0)
})

test('a busy worker is passed over, and not blamed', async () => {
  const engine = await startEngine()
  engine.workers.add('w1').add('w2')
  const id = await engine.submit()
  const first = engine.workers.last()
  engine.workers.change(first.peer, { running: 1 })
  first.refuse('WORKER_BUSY')
  await settle()
  engine.workers.last().complete()
  await settle()
  expect(await statesOf(engine, id)).toEqual([
    [first.peer, 'refused'],
    [other(first.peer), 'completed']
  ])
  expect(engine.outcomes.map(({ kind }) => kind)).toEqual(['completed'])
  const [item] = await engine.store.items(id, { limit: 1 })
  expect(item).toMatchObject({ attemptCount: 2, failureCount: 0 })
})

test('tasks for GPUs go where some are free, and wait without being sent when none are', async () => {
  const engine = await startEngine()
  const gpus = { slots: 4, engines: ['function'], functions: ['f'], gpuCount: 1 }
  engine.workers.add('w1', () => {}, gpus).add('w2', () => {}, gpus)
  const job = { task: { engine: 'function', name: 'f' }, resources: { gpu: 1 } } as const
  const ids = [await engine.submit(job), await engine.submit(job), await engine.submit(job)]
  await settle()
  expect(engine.workers.tasks.map(({ peer }) => peer).toSorted()).toEqual(['w1', 'w2'])
  await engine.advance(60_000)
  expect(engine.workers.tasks).toHaveLength(2)
  expect((await engine.reader.describe(ids[2] ?? '')).waiting_for).toContain('too few GPUs free')
  engine.workers.tasks[0]?.complete()
  await settle()
  expect(engine.workers.tasks).toHaveLength(3)
})

test.each<ErrorCode>(['RESPONSE_TIMED_OUT', 'FRAME_INVALID', 'RESPONSE_INVALID'])(
  'a worker whose word fails to come (%s) is blamed once and another takes over',
  async (code) => {
    const engine = await startEngine()
    engine.workers.add('w1').add('w2')
    const id = await engine.submit()
    const first = engine.workers.last()
    first.lose(code)
    await settle()
    expect((await engine.reader.describe(id)).state).toBe('queued')
    await engine.advance(1_000)
    expect(engine.workers.last()).toMatchObject({ peer: other(first.peer), attempt: 2 })
    engine.workers.last().complete('late but right')
    await settle()
    expect(await statesOf(engine, id)).toEqual([
      [first.peer, 'lost'],
      [other(first.peer), 'completed']
    ])
    const [lost] = await engine.reader.attempts(id, { limit: 1 })
    expect(lost?.reason).toContain('the worker was lost')
    expect(engine.outcomes).toMatchObject([
      { kind: 'failed', workerId: first.peer, blame: 'worker', code },
      { kind: 'completed', workerId: other(first.peer), latencyMs: 0 }
    ])
    expect(engine.workers.ownTasks(first.peer)).toBe(0)
  }
)

test('a typo is tried once, and its own error stands on top', async () => {
  const engine = await startEngine()
  engine.workers.add('w1').add('w2')
  const id = await engine.submit()
  engine.workers.last().fail('TASK_FAILED')
  await engine.advance(600_000)
  expect(engine.workers.tasks).toHaveLength(1)
  const view = await engine.reader.describe(id)
  expect(view).toMatchObject({
    state: 'failed',
    error: { code: 'TASK_FAILED', message: 'it threw' }
  })
  expect(engine.outcomes).toMatchObject([
    { kind: 'failed', workerId: engine.workers.last().peer, blame: 'job', code: 'TASK_FAILED' }
  ])
})

test('a worker’s fault is tried as often as the job allows, further and further apart', async () => {
  const engine = await startEngine()
  engine.workers.add('w1').add('w2').add('w3').add('w4')
  const backoff = { type: 'exponential', delay: '1s', max: '3s', jitter: 0 } as const
  const id = await engine.submit({ retry: { attempts: 4, backoff } })
  for (const [count, delayMs] of [1_000, 2_000, 3_000].entries()) {
    engine.workers.last().answer('')
    await engine.advance(delayMs - 1)
    expect(engine.workers.tasks).toHaveLength(count + 1)
    await engine.advance(1)
    expect(engine.workers.tasks).toHaveLength(count + 2)
  }
  engine.workers.last().answer('')
  await engine.advance(60_000)
  expect(engine.workers.tasks).toHaveLength(4)
  expect(new Set(engine.workers.tasks.map(({ peer }) => peer)).size).toBe(4)
  expect(await engine.reader.describe(id)).toMatchObject({
    state: 'failed',
    attempts: 4,
    error: { code: 'RESULT_INVALID' }
  })
})

test('jitter takes off up to its share of the delay', async () => {
  const engine = await startEngine()
  engine.workers.add('w1').add('w2')
  await engine.submit({ retry: { attempts: 2, backoff: { delay: '10s', jitter: 0.5 } } })
  engine.workers.last().fail('SANDBOX_CRASHED')
  await engine.advance(4_999)
  expect(engine.workers.tasks).toHaveLength(1)
  await engine.advance(5_001)
  expect(engine.workers.tasks).toHaveLength(2)
})

test('retry.on decides after whose fault there is another attempt', async () => {
  const engine = await startEngine()
  engine.workers.add('w1').add('w2')
  const never = await engine.submit({ retry: { on: ['network'] } })
  engine.workers.last().fail('SANDBOX_CRASHED')
  await engine.advance(60_000)
  expect((await engine.reader.describe(never)).state).toBe('failed')
  const always = await engine.submit({ retry: { attempts: 2, on: ['job'] } })
  engine.workers.last().fail('TASK_FAILED')
  await engine.advance(1_000)
  engine.workers.last().complete()
  await settle()
  expect(await engine.reader.describe(always)).toMatchObject({ state: 'completed', attempts: 2 })
})

test('a lost worker counts as the network too, as nobody can tell which it was', async () => {
  const engine = await startEngine()
  engine.workers.add('w1').add('w2')
  const id = await engine.submit({ retry: { on: ['network'] } })
  engine.workers.cut(engine.workers.last().peer)
  await engine.advance(31_000, 1_000)
  engine.workers.last().complete()
  await settle()
  expect(await engine.reader.describe(id)).toMatchObject({ state: 'completed', attempts: 2 })
})

test.each(['avoid', 'allow'] as const)('same_worker: %s takes the same one again', async (word) => {
  const engine = await startEngine()
  engine.workers.add('w1')
  const id = await engine.submit({ retry: { same_worker: word } })
  engine.workers.last().fail('SANDBOX_CRASHED')
  await engine.advance(1_000)
  expect(engine.workers.tasks).toHaveLength(2)
  engine.workers.last().complete()
  await settle()
  expect((await engine.reader.describe(id)).state).toBe('completed')
})

test('same_worker: never waits for another one', async () => {
  const engine = await startEngine()
  engine.workers.add('w1')
  const id = await engine.submit({ retry: { same_worker: 'never' } })
  engine.workers.last().fail('SANDBOX_CRASHED')
  await engine.advance(1_000)
  expect(engine.workers.tasks).toHaveLength(1)
  expect((await engine.reader.describe(id)).waiting_for).toContain('tried')
  engine.workers.add('w2')
  engine.dispatcher.pump()
  await settle()
  expect(engine.workers.last().peer).toBe('w2')
})

test('same_worker: never is about workers that had the task, not those that would not take it', async () => {
  const engine = await startEngine()
  engine.workers.add('w1')
  const id = await engine.submit({ retry: { same_worker: 'never' } })
  engine.workers.last().refuse('WORKER_STOPPING')
  await engine.advance(1_000)
  engine.workers.last().complete()
  await settle()
  expect((await engine.reader.describe(id)).state).toBe('completed')
})

test('a peer that cannot be reached costs the item nothing and is not asked without pause', async () => {
  const engine = await startEngine()
  engine.workers.add('w1', (task) => task.lose('PEER_UNREACHABLE'))
  const id = await engine.submit({ timeouts: { queue: '1m' } })
  await engine.advance(59_999, 5)
  expect(engine.workers.tasks.length).toBeLessThan(70)
  expect(engine.workers.tasks.length).toBeGreaterThan(55)
  expect((await engine.reader.describe(id)).state).toBe('queued')
  expect(engine.outcomes).toMatchObject([])
  // Being refused does not set the queue time back.
  await engine.advance(1)
  expect(await engine.reader.describe(id)).toMatchObject({
    state: 'failed',
    error: { code: 'QUEUE_TIMED_OUT' }
  })
})

test('a task that a stopping worker cut off goes elsewhere, uncounted', async () => {
  const engine = await startEngine()
  engine.workers.add('w1').add('w2')
  const id = await engine.submit({ retry: { attempts: 2 } })
  const first = engine.workers.last()
  first.fail('WORKER_STOPPING')
  await settle()
  engine.workers.last().complete()
  await settle()
  expect(await statesOf(engine, id)).toEqual([
    [first.peer, 'stopped'],
    [other(first.peer), 'completed']
  ])
  const [item] = await engine.store.items(id, { limit: 1 })
  expect(item?.failureCount).toBe(0)
})

test('a job that allows one attempt does not run twice, even if its task was only cut off', async () => {
  const engine = await startEngine()
  engine.workers.add('w1').add('w2')
  const id = await engine.submit({ retry: { attempts: 1 } })
  engine.workers.last().refuse('WORKER_STOPPING')
  await settle()
  expect(engine.workers.tasks).toHaveLength(2)
  engine.workers.last().fail('WORKER_STOPPING')
  await engine.advance(60_000)
  expect(engine.workers.tasks).toHaveLength(2)
  expect(await engine.reader.describe(id)).toMatchObject({
    state: 'failed',
    error: { code: 'WORKER_STOPPING' }
  })
})

test.each([undefined, '', '{"a":', 'NaN'])(
  'a result that is no JSON (%j) is the worker’s fault, and tried elsewhere',
  async (bulk) => {
    const engine = await startEngine()
    engine.workers.add('w1').add('w2')
    const id = await engine.submit()
    engine.workers.last().answer(bulk)
    await engine.advance(1_000)
    engine.workers.last().complete()
    await settle()
    expect(await engine.reader.describe(id)).toMatchObject({ state: 'completed', attempts: 2 })
    expect(engine.outcomes[0]).toMatchObject({ blame: 'worker', code: 'RESULT_INVALID' })
  }
)

test.each([
  ['TASK_FAILED', `${'['.repeat(65)}${']'.repeat(65)}`],
  ['TASK_OUTPUT_TOO_LARGE', JSON.stringify('x'.repeat(4 * 2 ** 20))]
])('a result that goes over a limit is the task’s fault: %s', async (code, bulk) => {
  const engine = await startEngine()
  engine.workers.add('w1').add('w2')
  const id = await engine.submit()
  engine.workers.last().answer(bulk)
  await engine.advance(10_000)
  const view = await engine.reader.describe(id)
  expect(view).toMatchObject({ state: 'failed', attempts: 1, error: { code, blame: 'job' } })
})

test('fault 23: a job that breaks every sandbox does so on two workers, and no more', async () => {
  const engine = await startEngine()
  for (const peer of ['w1', 'w2', 'w3'])
    engine.workers.add(peer, (task) => task.fail('SANDBOX_CRASHED'))
  const id = await engine.submit({ retry: { attempts: 100 } })
  await engine.advance(600_000, 1_000)
  expect(new Set(engine.workers.tasks.map(({ peer }) => peer)).size).toBe(2)
  expect(engine.workers.tasks).toHaveLength(2)
  expect(await engine.reader.describe(id)).toMatchObject({
    state: 'failed',
    error: { code: 'TASK_BREAKS_SANDBOXES', blame: 'job' }
  })
})

test('fault 13: a result that comes twice, or after another one, is used once', async () => {
  const engine = await startEngine()
  engine.workers.add('w1').add('w2')
  const id = await engine.submit({ on_disconnect: { wait: '1s' } })
  const first = engine.workers.last()
  first.complete('first')
  first.complete('again')
  await settle()
  first.fail('TASK_FAILED')
  await settle()
  expect(await engine.reader.describe(id)).toMatchObject({ state: 'completed', result: 'first' })
  expect(engine.changes.filter(({ finished }) => finished !== undefined)).toHaveLength(1)
  expect(engine.outcomes).toHaveLength(1)
})

test('the decision of each attempt is kept, rounded for people', async () => {
  const engine = await startEngine()
  engine.workers.add('w1', undefined, { cpuUsage: 33.333333333 }).add('w2', undefined, {
    engines: ['javascript']
  })
  const id = await engine.submit()
  const decision = await engine.reader.explain(id, {})
  expect(validatorFor('decision')(decision)).toBe(decision)
  expect(decision).toMatchObject({ job_id: id, item: 0, attempt: 1, chosen: 'w1', considered: 2 })
  expect(decision.candidates.map(({ verdict }) => verdict)).toEqual(['chosen', 'rejected'])
  const [chosen] = decision.candidates
  expect(String(chosen?.terms['cpu']?.score)).toMatch(/^0\.\d{1,4}$/)
  // Made before this very task took the slot.
  expect(chosen?.free_slots).toBe(1)
})

test('what a worker reports comes after its task was counted out', async () => {
  const engine = await startEngine()
  const seen: (number | undefined)[] = []
  engine.workers.add('w1')
  engine.workers.reported = (peer) => void seen.push(engine.workers.ownTasks(peer))
  await engine.submit()
  engine.workers.last().complete()
  await settle()
  expect(seen).toEqual([0])
})
