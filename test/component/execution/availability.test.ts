/** The owner's word on whether a worker takes tasks: cordon, drain, open again, and what is kept of it. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { buildTaskServer, codeOf } from '../../support/build-task-server.ts'
import { settle } from '../../support/settle.ts'
import type { SetAvailabilityParams } from '../../../src/model/generated/commands-set-availability.ts'
import type { TaskServerBench } from '../../support/build-task-server.ts'

const set = async ({ send }: TaskServerBench, params: SetAvailabilityParams) =>
  (await send('SET_AVAILABILITY', params)).result

test('a cordoned worker takes nothing new, finishes what it has, and says why', async () => {
  const bench = await buildTaskServer({ slots: 1 })
  const { ask, executor, lease, lines, server } = bench
  const [running, waiting] = [lease(1), lease(2)]
  await settle()
  expect(await set(bench, { availability: 'cordoned', reason: 'new disk' })).toEqual({
    availability: 'cordoned',
    running: 1
  })
  expect(server.load('router')).toMatchObject({ availability: 'cordoned', stopping: true })
  expect((await lease(3)).error).toMatchObject({
    code: 'WORKER_CORDONED',
    message: 'this worker is cordoned: new disk',
    blame: 'router',
    retryable: true
  })
  expect(codeOf(await ask())).toBe('WORKER_CORDONED')
  expect(lines.at(-1)).toMatchObject({ msg: 'cordoned: no new tasks', reason: 'new disk' })
  executor.running[0]?.end()
  await running
  await settle()
  executor.running[0]?.end()
  expect((await waiting).bulk).toBe('null')
  await set(bench, { availability: 'open' })
  expect(server.load('router')).toMatchObject({ availability: 'open', stopping: false })
  void lease(3)
  await settle()
  expect(executor.startedCount).toBe(3)
})

test('a draining worker hands back what waits, and at the deadline cuts off what runs', async () => {
  const bench = await buildTaskServer({ slots: 1 })
  const { clock, executor, lease, lines } = bench
  const [running, waiting] = [lease(1), lease(2)]
  await settle()
  await set(bench, { availability: 'draining', deadline_ms: 60_000 })
  expect((await waiting).error).toMatchObject({
    code: 'WORKER_CORDONED',
    message: 'this worker is being drained'
  })
  clock.advance(59_999)
  expect(executor.running[0]?.run.signal.aborted).toBe(false)
  clock.advance(1)
  expect(executor.running[0]?.run.signal.aborted).toBe(true)
  executor.endStopped()
  expect(await running).toMatchObject({
    error: { code: 'WORKER_STOPPING', message: 'this worker is being drained' },
    result: { usage: { wall_ms: 1 }, load: { availability: 'draining' } }
  })
  await settle()
  expect(lines.map(({ msg }) => msg)).toEqual([
    'draining: no new tasks',
    'deadline: what still runs is cut off',
    'drained: nothing runs any more'
  ])
})

test.each(['open', 'cordoned'] as const)('%s takes a deadline back', async (availability) => {
  const bench = await buildTaskServer()
  const { clock, executor, lease } = bench
  void lease(1)
  await settle()
  await set(bench, { availability: 'draining', deadline_ms: 1_000 })
  await set(bench, { availability })
  clock.advance(60_000)
  expect(executor.running[0]?.run.signal.aborted).toBe(false)
  expect(clock.timerCount).toBeGreaterThanOrEqual(0)
})

test.each([
  ['cordoned', 'cordoned'],
  ['draining', 'cordoned'],
  ['open', 'open']
] as const)('a worker that was %s comes back %s', async (before, after) => {
  const bench = await buildTaskServer()
  await set(bench, { availability: 'cordoned', reason: 'first' })
  await set(bench, { availability: before, reason: 'new disk' })
  const next = await buildTaskServer({ folder: bench.folder })
  expect(next.server.load('router').availability).toBe(after)
  if (after === 'open') return
  expect((await next.lease(1)).error?.message).toBe('this worker is cordoned: new disk')
  expect(next.lines).toMatchObject([{ msg: 'still cordoned: no new tasks' }])
})

test('an owner’s word that cannot be read keeps the worker closed, and says so', async () => {
  const { folder } = await buildTaskServer()
  writeFileSync(join(folder, 'availability.json'), '{')
  const { lines, server } = await buildTaskServer({ folder })
  expect(server.load('router').availability).toBe('cordoned')
  expect(lines[0]?.msg).toBe('availability file unreadable')
})

test('a stopping worker is past being told, and a stop keeps the earlier deadline of a drain', async () => {
  const bench = await buildTaskServer({ stopGraceMs: 60_000 })
  const { clock, executor, lease, server } = bench
  void lease(1)
  await settle()
  await set(bench, { availability: 'draining', deadline_ms: 5_000 })
  const stopped = server.stop()
  expect(await set(bench, { availability: 'open' })).toMatchObject({ availability: 'stopping' })
  clock.advance(5_000)
  expect(executor.running[0]?.run.signal.aborted).toBe(true)
  executor.endStopped()
  await settle()
  clock.advance(1_000)
  await stopped
  expect(clock.timerCount).toBe(0)
  const next = await buildTaskServer({ folder: bench.folder })
  expect(next.server.load('router').availability).toBe('cordoned')
})

test('--max-jobs: takes so many in this run, then cordons itself; the next run begins anew', async () => {
  const bench = await buildTaskServer({ slots: 1, queueSlots: 5, jobsMax: 2 })
  const { executor, folder, lease, lines, server } = bench
  const answers = [lease(1), lease(2)]
  await settle()
  expect((await lease(3)).error).toMatchObject({
    code: 'WORKER_CORDONED',
    message: 'this worker is cordoned: it was started for 2 tasks'
  })
  expect(server.load('router').availability).toBe('open')
  executor.running[0]?.end()
  await answers[0]
  await settle()
  expect(server.load('router').availability).toBe('cordoned')
  executor.running[0]?.end()
  expect((await answers[1])?.bulk).toBe('null')
  expect(lines.at(-1)).toMatchObject({ msg: 'cordoned: no new tasks' })
  // The owner may ask for as many again.
  await set(bench, { availability: 'open' })
  void lease(4)
  await settle()
  expect(executor.startedCount).toBe(3)
  const next = await buildTaskServer({ folder })
  expect(next.server.load('router').availability).toBe('open')
})

test('--idle-only: refuses while others use the machine, and does not take its own work for theirs', async () => {
  const bench = await buildTaskServer({ slots: 4, isIdleOnly: true, cpuUsage: 60 })
  const { capabilities, clock, executor, lease } = bench
  expect((await lease(1)).error).toMatchObject({
    code: 'OWNER_REFUSED',
    message: 'this worker serves only while its machine is idle, and others use 60 % of it',
    blame: 'owner',
    retryable: true
  })
  capabilities.cpu_usage = 5
  const answers = [lease(1), lease(2)]
  await settle()
  // Two of four cores are ours.
  capabilities.cpu_usage = 60
  void lease(3)
  await settle()
  for (let count = 0; count < 3; count += 1) executor.running[0]?.end()
  await Promise.all(answers)
  await settle()
  // The figures still show what ran a moment ago, and then what others do.
  void lease(4)
  await settle()
  executor.running[0]?.end()
  await settle()
  expect(executor.startedCount).toBe(4)
  clock.advance(10_000)
  expect(codeOf(await lease(5))).toBe('OWNER_REFUSED')
})

test('--max-jobs: of two tasks that come in the same moment, one too many is refused', async () => {
  const { executor, lease } = await buildTaskServer({ slots: 2, queueSlots: 5, jobsMax: 1 })
  const answers = [lease(1), lease(2)]
  expect((await answers[1])?.error?.code).toBe('WORKER_CORDONED')
  expect(executor.startedCount).toBe(1)
  executor.running[0]?.end()
  expect((await answers[0])?.error).toBeUndefined()
})
