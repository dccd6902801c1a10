/** A worker that was killed, stopped or told to stop: what its next run knows, and what its routers hear. */
import { readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { assignmentOf, buildTaskServer, codeOf, leaseId } from '../../support/build-task-server.ts'
import { settle } from '../../support/settle.ts'

const attach = (n: number) => ['ATTACH_TASK', { lease_id: leaseId(n), log_from: 0 }] as const

test('fault 5 and 6: what a killed worker had begun is lost, logged, reported until its router has taken note, and runs no more under that lease', async () => {
  const killed = await buildTaskServer({ slots: 1 })
  void killed.lease(1)
  void killed.lease(2)
  await settle()
  // As after SIGKILL: nothing is closed, and the second one never began.
  const { executor, journal, lease, lines, routers, send } = await buildTaskServer({
    folder: killed.folder
  })
  expect(lines).toMatchObject([
    { msg: 'tasks were lost with the last run', jobIds: ['j-1'], count: 1 }
  ])
  expect((await send(...attach(1))).error).toMatchObject({ code: 'TASK_LOST', blame: 'worker' })
  expect(codeOf(await send(...attach(2)))).toBe('TASK_UNKNOWN')
  const stranger = await send(...attach(1), { remotePeer: 'stranger' })
  expect(codeOf(stranger)).toBe('TASK_UNKNOWN')
  // A dispatch that the router sent twice.
  expect(codeOf(await lease(1))).toBe('TASK_LOST')
  expect(executor.startedCount).toBe(0)
  routers.connect()
  await settle()
  routers.connect()
  await settle()
  const { attempt, item, job_id: jobId } = assignmentOf(1)
  const report = { lease_id: leaseId(1), job_id: jobId, item, attempt, state: 'lost' }
  // A router that wants it has taken note only when it says so: until then it might die and ask again.
  expect(routers.reports).toEqual([
    { peer: 'router', ...report },
    { peer: 'router', ...report }
  ])
  expect(codeOf(await send(...attach(1)))).toBe('TASK_LOST')
  await send('RELEASE_TASKS', { lease_ids: [leaseId(1)] })
  await settle()
  expect(journal().at(-1)).toBe(`dropped ${leaseId(1)} released`)
  // The run after that has nothing to tell.
  const next = await buildTaskServer({ folder: killed.folder })
  next.routers.connect()
  await settle()
  expect([next.lines, next.routers.reports]).toEqual([[], []])
})

test('fault 7: a result that was lost with its worker is lost, not unknown', async () => {
  const killed = await buildTaskServer()
  const answer = killed.lease(1)
  await settle()
  killed.executor.running[0]?.end()
  await answer
  await settle()
  const { routers, send } = await buildTaskServer({ folder: killed.folder })
  expect((await send(...attach(1))).error).toMatchObject({ code: 'TASK_LOST' })
  routers.answer = () => ({ is_wanted: false })
  routers.connect()
  await settle()
  expect(routers.takeStates()).toEqual([`${leaseId(1)} lost`])
})

test('fault 7: of a result that was released the next run says nothing', async () => {
  const killed = await buildTaskServer()
  const answer = killed.lease(1)
  await settle()
  killed.executor.running[0]?.end()
  await answer
  await killed.send('RELEASE_TASKS', { lease_ids: [leaseId(1)] })
  await settle()
  const { routers } = await buildTaskServer({ folder: killed.folder })
  routers.connect()
  await settle()
  expect(routers.reports).toEqual([])
})

test('a router that releases what was lost is not told of it', async () => {
  const killed = await buildTaskServer()
  void killed.lease(1)
  await settle()
  const { journal, routers, send } = await buildTaskServer({ folder: killed.folder })
  await send('RELEASE_TASKS', { lease_ids: [leaseId(1)] })
  routers.connect()
  await settle()
  expect(routers.reports).toEqual([])
  expect(journal().at(-1)).toBe(`dropped ${leaseId(1)} released`)
})

test('fault 20: a torn last line costs that line alone', async () => {
  const killed = await buildTaskServer()
  void killed.lease(1)
  void killed.lease(2)
  await settle()
  const file = join(killed.folder, 'tasks.journal')
  truncateSync(file, readFileSync(file).length - 9)
  const { journal, lease, send } = await buildTaskServer({ folder: killed.folder })
  expect(codeOf(await send(...attach(1)))).toBe('TASK_LOST')
  expect(codeOf(await send(...attach(2)))).toBe('TASK_UNKNOWN')
  void lease(3)
  await settle()
  expect(journal()).toEqual([`began ${leaseId(1)}`, `began ${leaseId(3)}`])
})

test('fault 29: SIGTERM: tasks may end within the grace, their answers get out, and routers take note', async () => {
  const { clock, executor, journal, lease, send, server } = await buildTaskServer({ slots: 1 })
  const answers = [lease(1), lease(2)]
  await settle()
  let isStopped = false
  const stopped = server.stop().then(() => (isStopped = true))
  expect(await answers[1]).toMatchObject({
    error: { code: 'WORKER_STOPPING' },
    result: { load: { stopping: true, availability: 'stopping' } }
  })
  expect(codeOf(await lease(3))).toBe('WORKER_STOPPING')
  executor.running[0]?.end({ output: '1' })
  expect((await answers[0])?.bulk).toBe('1')
  await settle()
  expect(isStopped).toBe(false)
  await send('RELEASE_TASKS', { lease_ids: [leaseId(1)] })
  await stopped
  expect(journal().at(-1)).toBe(`dropped ${leaseId(1)} released`)
  expect(clock.timerCount).toBe(0)
  await server.stop()
})

test('fault 29: what runs beyond the grace is cut off and may go elsewhere; what nobody took is noted', async () => {
  const bench = await buildTaskServer({ stopGraceMs: 5_000 })
  const { clock, executor, journal, lease, lines, routers, server } = bench
  const answer = lease(1)
  const away = lease(2, { from: 'away' })
  await settle()
  routers.disconnect('away')
  executor.running[1]?.end()
  await away
  const stopped = server.stop()
  clock.advance(5_000)
  expect(executor.running[0]?.run.signal.aborted).toBe(true)
  executor.endStopped()
  expect(await answer).toMatchObject({ error: { code: 'WORKER_STOPPING' }, result: { usage: {} } })
  await settle()
  clock.advance(1_000)
  await stopped
  expect(journal().slice(-2)).toEqual([
    `dropped ${leaseId(2)} untaken`,
    `dropped ${leaseId(1)} untaken`
  ])
  expect(lines.at(-1)).toMatchObject({ msg: 'results not taken by their routers', count: 2 })
  const next = await buildTaskServer({ folder: bench.folder })
  expect((await next.send(...attach(2), { remotePeer: 'away' })).error).toMatchObject({
    code: 'TASK_LOST',
    blame: 'router'
  })
  next.routers.connect('away')
  await settle()
  expect(next.routers.takeStates()).toEqual([`${leaseId(2)} lost`])
})
