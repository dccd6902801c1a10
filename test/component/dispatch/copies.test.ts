/** Several attempts of one item at a time: backup copies of stragglers, and copies whose results are compared. */
import { expect, test } from 'vitest'
import { FakeChecks, acceptFirst } from '../../support/fake-checks.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { restart, settle, startEngine } from '../../support/build-engine.ts'
import { validatorFor } from '../../../src/model/validate.ts'
import type { AttemptView } from '../../../src/model/generated/api-job.ts'
import type { CheckAnswer } from '../../../src/dispatch/ports.ts'
import type { Engine } from '../../support/build-engine.ts'
import type { JobDocument } from '../../../src/model/job.ts'

const SLOW = { speed: 0.5, latencyMs: 1 } as const
const FAST = { speed: 8, slots: 4, latencyMs: 1 } as const
const QUORUM = { verify: { mode: 'quorum', copies: 3, agree: 2 } } as const

async function attemptsOf(engine: Engine, id: string): Promise<AttemptView[]> {
  return await engine.reader.attempts(id, { limit: 100 })
}

function more(...copies: { workers?: string[]; groups?: string[] }[]): CheckAnswer {
  const anywhere = { workers: [], groups: [], trust: 'any' } as const
  return { kind: 'more', copies: copies.map((copy) => ({ ...anywhere, ...copy })) }
}

/** A task that runs on a slow worker, while a fast one has come to an idle mesh. */
async function startStraggler(document: Partial<JobDocument> = {}): Promise<[Engine, string]> {
  const engine = await startEngine({ hasStragglers: true })
  engine.workers.add('slow', () => {}, SLOW)
  const id = await engine.submit({ ...document })
  expect(engine.workers.last().peer).toBe('slow')
  engine.workers.add('fast', () => {}, FAST)
  return [engine, id]
}

test('a straggler gets one backup copy, and the first result is the item’s', async () => {
  const [engine, id] = await startStraggler()
  await engine.advance(900, 100)
  expect(engine.workers.tasks).toHaveLength(1)
  await engine.advance(5_000, 100)
  expect(engine.workers.tasks.map(({ attempt, peer }) => [attempt, peer])).toEqual([
    [1, 'slow'],
    [2, 'fast']
  ])
  expect((await engine.reader.describe(id)).state).toBe('running')
  engine.workers.last().complete('fast')
  await engine.advance(1_000, 100)
  const view = await engine.reader.describe(id)
  expect(view).toMatchObject({ state: 'completed', result: 'fast', worker: 'fast', attempts: 2 })
  const attempts = await attemptsOf(engine, id)
  expect(attempts).toMatchObject([
    { role: 'primary', state: 'stopped', reason: 'the result of attempt 2 is taken' },
    { role: 'backup', state: 'completed' }
  ])
  expect(attempts[0]?.history.at(-1)?.reason).toBe('COPY_SUPERSEDED')
  for (const attempt of attempts) {
    expect(validatorFor<AttemptView>('api/job#/$defs/attempt')(attempt)).toBe(attempt)
  }
  expect(engine.outcomes.map(({ kind, workerId }) => [kind, workerId])).toEqual([
    ['completed', 'fast']
  ])
  // The slow one is told that nobody needs it any more.
  expect(engine.workers.leaseIds('slow')).toEqual([])
  expect(engine.workers.ownTasks('slow')).toBe(0)
  expect(engine.clock.timerCount).toBe(0)
})

test('a copy that fails while the other runs is no failure of the item', async () => {
  const [engine, id] = await startStraggler({ retry: { attempts: 2 } })
  await engine.advance(5_000, 100)
  engine.workers.last().fail('SANDBOX_CRASHED')
  await settle()
  const [item] = await engine.store.items(id, { limit: 1 })
  expect(item).toMatchObject({ state: 'running', failureCount: 0, crashedOn: ['fast'] })
  expect(engine.outcomes).toMatchObject([{ kind: 'failed', workerId: 'fast' }])
  engine.workers.tasks[0]?.complete('slow')
  await settle()
  const view = await engine.reader.describe(id)
  expect(view).toMatchObject({ state: 'completed', result: 'slow', worker: 'slow' })
})

test('the last open copy’s failure has the item tried again', async () => {
  const [engine, id] = await startStraggler()
  await engine.advance(5_000, 100)
  engine.workers.tasks[0]?.lose('RESPONSE_TIMED_OUT')
  await settle()
  engine.workers.last().lose('RESPONSE_TIMED_OUT')
  await settle()
  const [item] = await engine.store.items(id, { limit: 1 })
  expect(item).toMatchObject({ state: 'queued', failureCount: 1, attemptCount: 2, copies: null })
})

test('a stop ends all copies, and waits for all their workers', async () => {
  const [engine, id] = await startStraggler()
  await engine.advance(5_000, 100)
  engine.workers.onStop = () => {}
  const stopping = engine.control.stop(id, { reason: 'enough' }, 'somebody')
  await settle()
  const [first, second] = engine.workers.tasks
  expect([first?.stopReason, second?.stopReason]).toEqual(['enough', 'enough'])
  first?.fail('TASK_STOPPED')
  await settle()
  expect((await engine.reader.describe(id)).state).toBe('running')
  second?.fail('TASK_STOPPED')
  expect((await stopping).state).toBe('stopped')
})

test.each<[string, Partial<JobDocument>]>([
  ['says so', { route: { hedge: false } }],
  ['may run once', { retry: { attempts: 1 } }],
  ['would rather wait', { on_disconnect: { then: 'hold' } }]
])('a task whose job %s has no backup copy', async (_, document) => {
  const [engine] = await startStraggler(document)
  await engine.advance(10_000, 100)
  expect(engine.workers.tasks).toHaveLength(1)
})

test('a fleet with work to do makes no backup copies', async () => {
  const [engine] = await startStraggler()
  engine.workers.change('fast', { running: 3 })
  await engine.advance(10_000, 100)
  expect(engine.workers.tasks).toHaveLength(1)
})

test('a worker that does not answer gets nothing new, and its task a copy elsewhere', async () => {
  const [engine, id] = await startStraggler()
  engine.workers.change('fast', { speed: 0.5 })
  await engine.advance(1_500, 100)
  engine.workers.silence('slow')
  await engine.advance(1_000, 100)
  expect(engine.workers.tasks).toHaveLength(1)
  await engine.advance(2_000, 100)
  const slow = engine.workers.candidates().find(({ peerId }) => peerId === 'slow')
  expect(slow?.isSuspected).toBe(true)
  expect(engine.workers.last().peer).toBe('fast')
  engine.workers.heal('slow')
  await engine.advance(10_000, 100)
  expect(slow?.isSuspected).toBe(false)
  engine.workers.tasks[0]?.complete('after all')
  await settle()
  expect(await engine.reader.describe(id)).toMatchObject({ state: 'completed', worker: 'slow' })
})

test('a restarted router takes all open copies up again', async () => {
  const [engine, id] = await startStraggler()
  await engine.advance(5_000, 100)
  const next = await restart(engine)
  const [item] = await next.store.items(id, { limit: 1 })
  expect(item?.copies).toMatchObject([{ attempt: 1 }, { attempt: 2 }])
  next.workers.tasks[0]?.complete('slow')
  await next.advance(200)
  expect(await next.reader.describe(id)).toMatchObject({ state: 'completed', result: 'slow' })
  const states = (await attemptsOf(next, id)).map(({ state }) => state)
  expect(states).toEqual(['completed', 'stopped'])
  expect(next.workers.leaseIds('fast')).toEqual([])
})

test('a quorum begins with all its copies, on workers that do not vouch for each other', async () => {
  const checks = new FakeChecks()
  const engine = await startEngine({ checks })
  for (const peer of ['a1', 'a2', 'b1', 'c1']) engine.workers.add(peer, () => {}, { slots: 4 })
  checks.groups = { a1: ['a'], a2: ['a'], b1: ['b'], c1: ['c'] }
  checks.answer = (question) =>
    question.results.length < 3 ? { kind: 'wait' } : acceptFirst(question)
  const id = await engine.submit(QUORUM)
  await settle()
  const { tasks } = engine.workers
  const groups = tasks.map(({ peer }) => peer.slice(0, 1))
  expect(groups.toSorted()).toEqual(['a', 'b', 'c'])
  tasks[1]?.complete('right')
  await settle()
  expect(engine.outcomes.map(({ kind }) => kind)).toEqual(['completed'])
  expect((await engine.reader.describe(id)).state).toBe('running')
  tasks[0]?.complete('right')
  tasks[2]?.complete('wrong')
  await settle()
  const view = await engine.reader.describe(id)
  expect(view).toMatchObject({ state: 'completed', result: 'right' })
  expect([tasks[0]?.peer, tasks[1]?.peer]).toContain(view.worker)
  const told = engine.outcomes.filter(({ kind }) => kind !== 'completed')
  expect(new Set(told.map(({ kind, workerId }) => `${workerId} ${kind}`))).toEqual(
    new Set([`${tasks[0]?.peer} right`, `${tasks[1]?.peer} right`, `${tasks[2]?.peer} wrong`])
  )
  expect((await attemptsOf(engine, id)).map(({ role }) => role)).toEqual([
    'primary',
    'check',
    'check'
  ])
})

test('a copy that is wanted waits for a worker where it may go, and the plan says so', async () => {
  const checks = new FakeChecks()
  checks.answer = (question) =>
    question.results.length > 1 ? acceptFirst(question) : more({ workers: ['w2'] })
  const engine = await startEngine({ checks })
  engine.workers.add('w1')
  const id = await engine.submit({ verify: { mode: 'adaptive' } })
  engine.workers.add('w2')
  engine.workers.last().complete(1)
  await settle()
  expect(engine.workers.tasks).toHaveLength(1)
  const { waiting_for: waitingFor } = await engine.reader.describe(id)
  expect(waitingFor).toContain('not to have this copy')
  engine.workers.add('w3')
  engine.dispatcher.pump()
  await settle()
  expect(engine.workers.last()).toMatchObject({ peer: 'w3', attempt: 2 })
  engine.workers.last().complete(1)
  await settle()
  expect(await engine.reader.describe(id)).toMatchObject({ state: 'completed', result: 1 })
})

test('results that cannot be told right from wrong fail the item', async () => {
  const checks = new FakeChecks()
  const error = new MeshError('VERIFY_UNDECIDED', 'no two are the same')
  checks.answer = () => ({ kind: 'undecided', error })
  const engine = await startEngine({ checks })
  engine.workers.add('w1')
  const id = await engine.submit({ verify: { mode: 'spot', share: 1 } })
  engine.workers.last().complete(1)
  await settle()
  const view = await engine.reader.describe(id)
  expect(view).toMatchObject({ state: 'failed', error: { code: 'VERIFY_UNDECIDED', blame: 'job' } })
  expect(await engine.store.outputs(id, [0])).toEqual(new Map())
})

test('a check copy that fails is tried again, and then the item fails', async () => {
  const checks = new FakeChecks()
  checks.answer = ({ openCount }) => (openCount > 0 ? { kind: 'wait' } : more({}))
  const engine = await startEngine({ checks })
  for (const peer of ['w1', 'w2', 'w3']) engine.workers.add(peer)
  const backoff = { type: 'fixed', delay: '1s', jitter: 0 } as const
  const id = await engine.submit({ verify: { mode: 'adaptive' }, retry: { attempts: 2, backoff } })
  engine.workers.last().complete(1)
  await settle()
  expect(engine.workers.tasks).toHaveLength(2)
  engine.workers.last().answer('no JSON')
  await settle()
  expect(engine.workers.tasks).toHaveLength(2)
  await engine.advance(1_000)
  expect(engine.workers.tasks).toHaveLength(3)
  engine.workers.last().answer('no JSON')
  await settle()
  const view = await engine.reader.describe(id)
  expect(view).toMatchObject({ state: 'failed', error: { code: 'RESULT_INVALID' } })
})

test('no copy begins while the owner holds the job, and checks go on once it is released', async () => {
  const checks = new FakeChecks()
  checks.answer = (question) => (question.results.length > 1 ? acceptFirst(question) : more({}))
  const engine = await startEngine({ checks })
  engine.workers.add('w1').add('w2')
  const id = await engine.submit({ verify: { mode: 'adaptive' } })
  await engine.control.hold(id, undefined, 'somebody')
  engine.workers.last().complete(1)
  await settle()
  expect((await engine.reader.describe(id)).state).toBe('held')
  expect(engine.workers.tasks).toHaveLength(1)
  await engine.control.release(id, 'somebody')
  await settle()
  expect(engine.workers.tasks).toHaveLength(2)
  engine.workers.last().complete(1)
  await settle()
  expect((await engine.reader.describe(id)).state).toBe('completed')
})

test('a router that restarts while results wait for their checks gathers them anew', async () => {
  const checks = new FakeChecks()
  checks.answer = () => ({ kind: 'wait' })
  const engine = await startEngine({ checks })
  engine.workers.add('w1')
  const id = await engine.submit({ verify: { mode: 'adaptive' } })
  engine.workers.last().complete('forgotten')
  await settle()
  const next = await restart(engine)
  await settle()
  expect(next.workers.last()).toMatchObject({ attempt: 2, isOpen: true })
  next.workers.last().complete('new')
  await settle()
  expect(await next.reader.describe(id)).toMatchObject({ state: 'completed', result: 'new' })
})

test('an answer that comes after the item went on changes nothing', async () => {
  const checks = new FakeChecks()
  const engine = await startEngine({ checks })
  engine.workers.add('w1')
  const id = await engine.submit({ verify: { mode: 'adaptive' } })
  const answer = checks.hold()
  engine.workers.last().complete(1)
  await settle()
  await engine.control.stop(id, { reason: 'enough' }, 'somebody')
  answer(acceptFirst(checks.asked[0]!))
  await settle()
  expect((await engine.reader.describe(id)).state).toBe('stopped')
  expect(engine.outcomes.map(({ kind }) => kind)).toEqual(['completed'])
})
