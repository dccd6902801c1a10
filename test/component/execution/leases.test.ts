/** Attempts that routers send: each runs once, outlives its session, and is kept until its router has taken note. */
import { expect, test } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { buildTaskServer, codeOf, leaseId, out } from '../../support/build-task-server.ts'
import { settle } from '../../support/settle.ts'

const GONE = new MeshError('SESSION_CLOSED', 'the session is gone')

test('fault 12: duplicate delivery of a dispatch runs once, and both hear the same', async () => {
  const { executor, journal, lease } = await buildTaskServer()
  const answers = [lease(1), lease(1)]
  await settle()
  expect(executor.startedCount).toBe(1)
  executor.running[0]?.run.onLog(out(1, 'hm\n'))
  executor.running[0]?.run.onProgress({ ratio: 0.5 })
  executor.running[0]?.end({ output: '7', logsDroppedBytes: 3, usage: { wallMs: 4, cpuMs: 2 } })
  const [first, second] = await Promise.all(answers)
  expect(first).toEqual({
    bulk: '7',
    result: {
      log: { from: 0, entries: [out(1, 'hm\n')] },
      logs_dropped_bytes: 3,
      progress: { ratio: 0.5 },
      phases: { waited_ms: 0, ran_ms: 0 },
      usage: { wall_ms: 4, cpu_ms: 2, bytes_in: 0, bytes_out: 1 },
      load: expect.objectContaining({ running: 0, availability: 'open' }) as unknown
    }
  })
  expect(second).toEqual(first)
  // Also after the end.
  expect((await lease(1)).bulk).toBe('7')
  expect(executor.startedCount).toBe(1)
  await settle()
  expect(journal()).toEqual([`began ${leaseId(1)}`, `ended ${leaseId(1)} completed`])
})

test('fault 12: a dispatch that comes after its lease was released, or disowned, does not run', async () => {
  const { executor, lease, send } = await buildTaskServer()
  const answer = lease(1)
  await settle()
  executor.running[0]?.end()
  await answer
  await send('RELEASE_TASKS', { lease_ids: [leaseId(1)] })
  // Whoever asked for these was told that they are not here.
  await send('ATTACH_TASK', { lease_id: leaseId(2), log_from: 0 })
  await send('STOP_TASK', { lease_id: leaseId(3), reason: 'no' })
  for (const n of [1, 2, 3]) {
    const { error } = await lease(n)
    expect(error).toMatchObject({ code: 'TASK_SUPERSEDED', blame: 'router', retryable: true })
  }
  expect(executor.startedCount).toBe(1)
})

test('a cancel or the end of the session ends the waiting, not the task; the router attaches', async () => {
  const { executor, lease, send } = await buildTaskServer()
  const [cancelled, gone] = [new AbortController(), new AbortController()]
  const answers = [lease(1, { signal: cancelled.signal }), lease(1, { signal: gone.signal })]
  await settle()
  executor.running[0]?.run.onLog(out(1, 'a'))
  executor.running[0]?.run.onLog(out(2, 'b'))
  cancelled.abort(new MeshError('TASK_STOPPED', 'the asker cancelled'))
  gone.abort(GONE)
  expect((await Promise.all(answers)).map(codeOf)).toEqual(['TASK_STOPPED', 'SESSION_CLOSED'])
  expect(executor.running[0]?.run.signal.aborted).toBe(false)
  const attached = send('ATTACH_TASK', { lease_id: leaseId(1), log_from: 1 })
  await settle()
  executor.running[0]?.end({ output: '1' })
  expect(await attached).toMatchObject({
    bulk: '1',
    result: { log: { from: 1, entries: [out(2, 'b')] }, usage: { wall_ms: 1 } }
  })
  // A router that has lost the log gets all of it.
  const again = await send('ATTACH_TASK', { lease_id: leaseId(1), log_from: 0 })
  expect(again).toMatchObject({ bulk: '1', result: { log: { from: 0 } } })
  const none = await send('ATTACH_TASK', { lease_id: leaseId(1), log_from: 99 })
  expect(none.result).not.toHaveProperty('log')
})

test('a lease is its router’s alone: to anybody else it is unknown', async () => {
  const { executor, lease, send } = await buildTaskServer()
  const answer = lease(1)
  await settle()
  const stranger = { remotePeer: 'stranger' }
  const id = leaseId(1)
  expect(codeOf(await send('ATTACH_TASK', { lease_id: id, log_from: 0 }, stranger))).toBe(
    'TASK_UNKNOWN'
  )
  const stop = await send('STOP_TASK', { lease_id: id, reason: 'mine!' }, stranger)
  expect(stop.result).toEqual({ state: 'unknown' })
  await send('RELEASE_TASKS', { lease_ids: [id] }, stranger)
  expect(executor.running[0]?.run.signal.aborted).toBe(false)
  // The same name from another router is another lease.
  const other = lease(1, { from: 'other' })
  await settle()
  expect(executor.startedCount).toBe(2)
  executor.running[0]?.end({ output: '1' })
  executor.running[0]?.end({ output: '2' })
  expect([(await answer).bulk, (await other).bulk]).toEqual(['1', '2'])
})

test('a later lease of the same item supersedes the one that is here', async () => {
  const { executor, lease } = await buildTaskServer()
  const first = lease(1)
  await settle()
  const second = lease(2, { item: 1, attempt: 2 })
  await settle()
  expect(executor.running[0]?.run.signal.aborted).toBe(true)
  executor.endStopped()
  expect(await first).toMatchObject({ error: { code: 'TASK_SUPERSEDED' }, result: { usage: {} } })
  // One that others have overtaken comes too late.
  const late = await lease(3, { item: 1, attempt: 1 })
  expect(late.error).toMatchObject({ code: 'TASK_SUPERSEDED', blame: 'router' })
  executor.running[0]?.end({ output: '2' })
  expect((await second).bulk).toBe('2')
  expect(executor.startedCount).toBe(2)
})

test('a stop says when the task is ended by force, and a second one hurries it', async () => {
  const { clock, executor, lease, send } = await buildTaskServer({ slots: 2 })
  const stop = (n: number, more: { kill_after_ms?: number } = {}) =>
    send('STOP_TASK', { lease_id: leaseId(n), reason: 'no', ...more })
  const leases = [lease(1), lease(2)]
  await settle()
  const [first, second] = executor.running.map(({ run }) => run)
  // What the assignment says, where the stop says nothing.
  const stops = [stop(1), stop(2, { kill_after_ms: 60_000 })]
  await settle()
  clock.advance(1_999)
  expect([first?.killSignal.aborted, second?.killSignal.aborted]).toEqual([false, false])
  clock.advance(1)
  expect([first?.killSignal.aborted, second?.killSignal.aborted]).toEqual([true, false])
  stops.push(stop(2, { kill_after_ms: 0 }))
  await settle()
  expect(second?.killSignal.aborted).toBe(true)
  executor.endStopped()
  executor.endStopped()
  expect(await Promise.all([...leases, ...stops])).toHaveLength(5)
})

test('fault 28: stop while it waits, while it runs, and after completion', async () => {
  const { executor, journal, lease, send } = await buildTaskServer({ slots: 1 })
  const [running, waiting] = [lease(1), lease(2)]
  await settle()
  const stop = (n: number) => send('STOP_TASK', { lease_id: leaseId(n), reason: 'not needed' })
  expect((await stop(2)).result).toEqual({ state: 'stopped' })
  const unborn = await waiting
  expect(unborn.error).toMatchObject({ code: 'TASK_STOPPED', message: 'not needed' })
  expect(unborn.result).not.toHaveProperty('usage')
  executor.running[0]?.run.onLog(out(1, 'so far'))
  let isAnswered = false
  const stopped = stop(1).then(({ result }) => {
    isAnswered = true
    return result
  })
  await settle()
  // The engine has been told; its process is still there.
  expect(executor.running[0]?.run.signal.aborted).toBe(true)
  expect(isAnswered).toBe(false)
  executor.endStopped()
  expect(await stopped).toEqual({ state: 'stopped' })
  expect(await running).toMatchObject({
    error: { code: 'TASK_STOPPED', message: 'not needed' },
    result: { usage: { wall_ms: 1 }, log: { entries: [out(1, 'so far')] } }
  })
  expect([(await stop(1)).result, (await stop(2)).result, (await stop(9)).result]).toEqual([
    { state: 'ended' },
    { state: 'ended' },
    { state: 'unknown' }
  ])
  expect(executor.startedCount).toBe(1)
  await settle()
  expect(journal()).toEqual([`began ${leaseId(1)}`, `ended ${leaseId(1)} TASK_STOPPED`])
})

test('fault 28: a task that ended by itself while it was being stopped has ended, with its result', async () => {
  const { executor, lease, send } = await buildTaskServer()
  const answer = lease(1)
  await settle()
  const stopped = send('STOP_TASK', { lease_id: leaseId(1), reason: 'no' })
  await settle()
  executor.running[0]?.end({ output: '1' })
  expect((await stopped).result).toEqual({ state: 'ended' })
  expect((await answer).bulk).toBe('1')
})

test('what was refused or handed back never was here, and may come again', async () => {
  const { clock, executor, lease, send } = await buildTaskServer({ slots: 1, waitMsMax: 1_000 })
  const first = lease(1)
  const waiting = lease(2)
  await settle()
  expect(codeOf(await lease(3))).toBe('WORKER_BUSY')
  clock.advance(1_000)
  const back = await waiting
  expect(codeOf(back)).toBe('WORKER_BUSY')
  expect(back.result).not.toHaveProperty('usage')
  executor.running[0]?.end()
  await first
  const again = lease(2)
  await settle()
  executor.running[0]?.end({ output: '2' })
  expect((await again).bulk).toBe('2')
  expect(codeOf(await send('ATTACH_TASK', { lease_id: leaseId(3), log_from: 0 }))).toBe(
    'TASK_UNKNOWN'
  )
})

test('fault 13: results may be asked for in any order and again, until they are released', async () => {
  const { executor, journal, lease, send } = await buildTaskServer({ slots: 2 })
  const answers = [lease(1), lease(2)]
  await settle()
  executor.running[1]?.end({ output: '2' })
  executor.running[0]?.end({ output: '1' })
  await Promise.all(answers)
  const attach = (n: number) => send('ATTACH_TASK', { lease_id: leaseId(n), log_from: 0 })
  expect([(await attach(2)).bulk, (await attach(1)).bulk, (await attach(2)).bulk]).toEqual([
    '2',
    '1',
    '2'
  ])
  await send('RELEASE_TASKS', { lease_ids: [leaseId(2), leaseId(9)] })
  expect([codeOf(await attach(2)), (await attach(1)).bulk]).toEqual(['TASK_UNKNOWN', '1'])
  await settle()
  expect(journal().at(-1)).toBe(`dropped ${leaseId(2)} released`)
})

test('a release of a task that still runs ends it: its end is on the router’s disk', async () => {
  const { executor, lease, send } = await buildTaskServer()
  const answer = lease(1)
  await settle()
  await send('RELEASE_TASKS', { lease_ids: [leaseId(1)] })
  executor.endStopped()
  expect(codeOf(await answer)).toBe('TASK_SUPERSEDED')
  await settle()
  expect(codeOf(await send('ATTACH_TASK', { lease_id: leaseId(1), log_from: 0 }))).toBe(
    'TASK_UNKNOWN'
  )
})

test('results that nobody takes go when there are too many: the oldest first, and it is logged', async () => {
  const { executor, journal, lease, lines, send } = await buildTaskServer({
    kept: { countMax: 2, bytesMax: 1_000 }
  })
  const attach = (n: number) => send('ATTACH_TASK', { lease_id: leaseId(n), log_from: 0 })
  const finish = async (n: number, output: string) => {
    const answer = lease(n)
    await settle()
    executor.running[0]?.end({ output })
    await answer
  }
  for (const n of [1, 2, 3]) await finish(n, String(n))
  expect((await attach(1)).error).toMatchObject({ code: 'TASK_LOST', blame: 'router' })
  expect((await attach(2)).bulk).toBe('2')
  await finish(4, `"${'x'.repeat(999)}"`)
  expect(codeOf(await attach(3))).toBe('TASK_LOST')
  // It alone is over the bound, too.
  expect(codeOf(await attach(4))).toBe('TASK_LOST')
  expect(lines.filter(({ msg }) => msg === 'results dropped that no router took')).toHaveLength(1)
  await settle()
  expect(journal()).toContain(`dropped ${leaseId(1)} evicted`)
})

test('results that nobody takes go after an hour', async () => {
  const { clock, executor, lease, send } = await buildTaskServer()
  const answer = lease(1)
  await settle()
  executor.running[0]?.end({ output: '1' })
  await answer
  const attach = () => send('ATTACH_TASK', { lease_id: leaseId(1), log_from: 0 })
  clock.advance(LIMITS.keptResultMsMax - 1)
  expect((await attach()).bulk).toBe('1')
  clock.advance(1)
  expect(codeOf(await attach())).toBe('TASK_LOST')
  expect(codeOf(await lease(1))).toBe('TASK_LOST')
})

test('fault 9: a router that is back within the lease finds its task running', async () => {
  const { clock, executor, lease, routers, send } = await buildTaskServer()
  const gone = new AbortController()
  const answer = lease(1, { signal: gone.signal })
  await settle()
  gone.abort(GONE)
  routers.disconnect()
  await answer
  clock.advance(59_999)
  routers.connect()
  clock.advance(60_000)
  expect(executor.running[0]?.run.signal.aborted).toBe(false)
  const attached = send('ATTACH_TASK', { lease_id: leaseId(1), log_from: 0 })
  executor.running[0]?.end({ output: '1' })
  expect((await attached).bulk).toBe('1')
})

test('fault 8: a router that stays away longer than the lease loses the task, each by its own lease', async () => {
  const { clock, executor, lease, lines, routers, send } = await buildTaskServer({ slots: 4 })
  const answers = [lease(1), lease(2, { lease_ms: 90_000 }), lease(3, { from: 'other' }), lease(4)]
  await settle()
  executor.running[3]?.end({ output: '4' })
  await answers[3]
  routers.disconnect()
  clock.advance(60_000)
  const aborted = executor.running.map(({ run }) => run.signal.aborted)
  expect(aborted).toEqual([true, false, false])
  executor.endStopped()
  expect((await answers[0])?.error).toMatchObject({
    code: 'TASK_STOPPED',
    message: 'its router did not come back within 1m'
  })
  clock.advance(30_000)
  expect(executor.running[0]?.run.signal.aborted).toBe(true)
  expect(executor.running[1]?.run.signal.aborted).toBe(false)
  expect(lines.map(({ jobIds, msg }) => [msg, jobIds])).toContainEqual([
    'router away too long: its tasks are ended',
    ['j-1']
  ])
  // What had ended keeps its result for longer.
  routers.connect()
  const attached = await send('ATTACH_TASK', { lease_id: leaseId(4), log_from: 0 })
  expect(attached.bulk).toBe('4')
})

test('a lease that comes when its router has no session has its time from then on', async () => {
  const { clock, executor, lease, routers } = await buildTaskServer()
  routers.disconnect()
  void lease(1)
  void lease(2, { lease_ms: 1_000 })
  await settle()
  clock.advance(1_000)
  expect(executor.running.map(({ run }) => run.signal.aborted)).toEqual([false, true])
})

test('a result of the largest size that finds no other room leaves out what of the log does not fit beside it', async () => {
  const { executor, files, lease } = await buildTaskServer()
  const answer = lease(1)
  await settle()
  const { run } = executor.running[0] ?? {}
  for (let index = 0; index < 64; index += 1) run?.onLog(out(index, 'x'.repeat(1_024)))
  executor.running[0]?.end({ output: `"${'y'.repeat(LIMITS.resultBytesMax - 2)}"` })
  await settle()
  files.publishes[0]?.fail(new MeshError('STORE_FULL', 'the disk is full'))
  const { bulk = '', result } = await answer
  const kept = result?.log?.entries.length ?? 0
  expect(kept).toBeGreaterThan(40)
  expect(result?.logs_dropped_bytes).toBe((64 - kept) * 1_024)
  expect(bulk.length + JSON.stringify(result?.log).length).toBeLessThan(LIMITS.frameBytesMax)
})
