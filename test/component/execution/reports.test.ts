/** What a worker tells routers of tasks that run, and of all that it holds when they come back. */
import { expect, test } from 'vitest'
import { MeshError } from '../../../src/core/errors.ts'
import { buildTaskServer, codeOf, leaseId, out } from '../../support/build-task-server.ts'
import { settle } from '../../support/settle.ts'
import type { TaskServerBench } from '../../support/build-task-server.ts'

/** Time goes on, and what follows from it happens. */
async function pass({ clock }: TaskServerBench, ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 50) {
    clock.advance(50)
    await settle()
  }
}

async function buildRunning(): Promise<
  TaskServerBench & { answer: ReturnType<TaskServerBench['lease']> }
> {
  const bench = await buildTaskServer()
  const answer = bench.lease(1)
  await settle()
  return { ...bench, answer }
}

test('nothing is said of a short task', async () => {
  const bench = await buildRunning()
  bench.executor.running[0]?.run.onLog(out(1, 'a'))
  await pass(bench, 450)
  bench.executor.running[0]?.end()
  expect((await bench.answer).result?.log).toEqual({ from: 0, entries: [out(1, 'a')] })
  await pass(bench, 2_000)
  expect(bench.routers.reports).toEqual([])
})

test('a longer one is reported once, even without news, and then when there is some', async () => {
  const bench = await buildRunning()
  const { executor, routers } = bench
  const { run } = executor.running[0] ?? {}
  await pass(bench, 750)
  expect(routers.reports.splice(0)).toEqual([
    {
      peer: 'router',
      lease_id: leaseId(1),
      job_id: 'j-1',
      item: 1,
      attempt: 1,
      state: 'running'
    }
  ])
  await pass(bench, 3_000)
  expect(routers.reports).toEqual([])
  run?.onLog(out(1, 'a'))
  run?.onLog(out(2, 'b'))
  run?.onProgress({ ratio: 0.1 })
  run?.onProgress({ ratio: 0.5 })
  await pass(bench, 300)
  expect(routers.reports.splice(0)).toMatchObject([
    { log: { from: 0, entries: [out(1, 'a'), out(2, 'b')] }, progress: { ratio: 0.5 } }
  ])
  // At most every half a second.
  run?.onLog(out(3, 'c'))
  await pass(bench, 150)
  expect(routers.reports).toEqual([])
  await pass(bench, 500)
  const [report] = routers.reports.splice(0)
  expect(report).toMatchObject({ log: { from: 2, entries: [out(3, 'c')] } })
  expect(report).not.toHaveProperty('progress')
  // The answer brings what is left.
  run?.onLog(out(4, 'd'))
  executor.running[0]?.end({ output: '1' })
  expect((await bench.answer).result).toMatchObject({
    log: { from: 3, entries: [out(4, 'd')] },
    progress: { ratio: 0.5 },
    phases: { waited_ms: 0, ran_ms: 4_700 }
  })
})

test('one report of a task at a time, however slow its router', async () => {
  const bench = await buildRunning()
  const { executor, routers } = bench
  const slow = Promise.withResolvers<{ is_wanted: boolean; log_next: number }>()
  routers.answer = () => slow.promise
  executor.running[0]?.run.onLog(out(1, 'a'))
  await pass(bench, 750)
  executor.running[0]?.run.onLog(out(2, 'b'))
  await pass(bench, 3_000)
  expect(routers.reports).toHaveLength(1)
  slow.resolve({ is_wanted: true, log_next: 1 })
  await pass(bench, 300)
  expect(routers.reports[1]).toMatchObject({ log: { from: 1, entries: [out(2, 'b')] } })
})

test('a report that fails changes nothing: what it said goes with the next news', async () => {
  const bench = await buildRunning()
  const { executor, routers } = bench
  routers.answer = () => Promise.reject(new MeshError('RESPONSE_TIMED_OUT', 'no answer'))
  executor.running[0]?.run.onLog(out(1, 'a'))
  await pass(bench, 3_000)
  expect(routers.reports).toHaveLength(1)
  executor.running[0]?.run.onLog(out(2, 'b'))
  await pass(bench, 500)
  expect(routers.reports[1]?.log).toEqual({ from: 0, entries: [out(1, 'a'), out(2, 'b')] })
  executor.running[0]?.end()
  expect((await bench.answer).result?.log?.from).toBe(0)
})

test('a router that has lost some of the log gets it again', async () => {
  const bench = await buildRunning()
  const { executor, routers } = bench
  for (const text of ['a', 'b']) executor.running[0]?.run.onLog(out(1, text))
  await pass(bench, 750)
  routers.answer = () => ({ is_wanted: true, log_next: 1 })
  executor.running[0]?.run.onLog(out(2, 'c'))
  await pass(bench, 500)
  routers.answer = () => ({ is_wanted: true })
  await pass(bench, 1_000)
  expect(routers.reports.map(({ log }) => [log?.from, log?.entries.length])).toEqual([
    [0, 2],
    [2, 1],
    [1, 2]
  ])
})

test('nothing is reported to a router that is away; when it is back it hears of all that is held', async () => {
  const bench = await buildTaskServer({ slots: 2, queueSlots: 2 })
  const { executor, lease, routers } = bench
  const answers = [lease(1), lease(2), lease(3)]
  await settle()
  executor.running[1]?.end()
  await answers[1]
  // It waits: all slots are taken.
  void lease(4, { from: 'other' })
  routers.disconnect()
  await pass(bench, 2_000)
  expect(routers.takeStates()).toEqual([])
  executor.running[0]?.run.onLog(out(1, 'a'))
  routers.connect()
  await settle()
  expect(routers.reports.map(({ lease_id: id, log, state }) => [id, state, log?.from])).toEqual([
    [leaseId(1), 'running', 0],
    [leaseId(2), 'ended', undefined],
    [leaseId(3), 'running', undefined]
  ])
})

test('fault 8: a lease that its router needs no more is ended and forgotten', async () => {
  const { executor, journal, lease, routers, send } = await buildTaskServer({ slots: 2 })
  const answers = [lease(1), lease(2), lease(3)]
  await settle()
  executor.running[1]?.end()
  await answers[1]
  await settle()
  routers.answer = () => ({ is_wanted: false })
  routers.connect()
  await settle()
  expect(executor.running.map(({ run }) => run.signal.aborted)).toEqual([true, true])
  executor.endStopped()
  executor.endStopped()
  expect([codeOf((await answers[0]) ?? {}), codeOf((await answers[2]) ?? {})]).toEqual([
    'TASK_SUPERSEDED',
    'TASK_SUPERSEDED'
  ])
  await settle()
  for (const n of [1, 2, 3]) {
    const attached = await send('ATTACH_TASK', { lease_id: leaseId(n), log_from: 0 })
    expect(codeOf(attached)).toBe('TASK_UNKNOWN')
  }
  await settle()
  expect(
    journal()
      .filter((line) => line.startsWith('dropped'))
      .toSorted()
  ).toEqual([
    `dropped ${leaseId(1)} unwanted`,
    `dropped ${leaseId(2)} unwanted`,
    `dropped ${leaseId(3)} unwanted`
  ])
})

test('no timer outlives the server', async () => {
  const bench = await buildRunning()
  const { clock, executor, routers, server } = bench
  await pass(bench, 1_000)
  routers.disconnect()
  executor.running[0]?.end()
  await server.stop()
  expect(clock.timerCount).toBe(0)
})
