/** Several routers at one worker: none keeps another from its turn by how much it sends or leaves behind. */
import { expect, test } from 'vitest'
import { buildTaskServer, codeOf, leaseId } from '../../support/build-task-server.ts'
import { settle } from '../../support/settle.ts'

const [ONE, OTHER] = [{ from: 'one' }, { from: 'other' }]

test('a slot goes to whoever has the fewest, however many wait before', async () => {
  const { executor, lease } = await buildTaskServer({ slots: 1, queueSlots: 8 })
  const items = () => executor.running.map(({ run }) => run.origin?.item)
  for (const item of [1, 2, 3, 4]) void lease(item, { ...ONE, expected_ms: 1 })
  void lease(5, { ...OTHER, expected_ms: 1 })
  void lease(6, { ...OTHER, expected_ms: 1 })
  const order: unknown[] = []
  for (let count = 0; count < 6; count += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await settle()
    order.push(...items())
    executor.running[0]?.end()
  }
  expect(order).toEqual([1, 2, 5, 3, 6, 4])
})

test('a router that fills the line gives way to one that has less there, and hears that it is busy', async () => {
  const { executor, lease, server } = await buildTaskServer({ slots: 1, queueSlots: 3 })
  const mine = [1, 2, 3, 4].map((item) => lease(item, { ...ONE, expected_ms: 1 }))
  expect(codeOf(await lease(5, { ...ONE, expected_ms: 1 }))).toBe('WORKER_BUSY')
  void lease(6, { ...OTHER, expected_ms: 1 })
  expect((await mine[3])?.error).toMatchObject({
    code: 'WORKER_BUSY',
    message: 'it made room for a router that has fewer tasks here'
  })
  void lease(7, { ...OTHER, expected_ms: 1 })
  await settle()
  expect(codeOf((await mine[2]) ?? {})).toBe('WORKER_BUSY')
  // Two each: neither has a claim to more.
  expect(codeOf(await lease(8, { ...OTHER, expected_ms: 1 }))).toBe('WORKER_BUSY')
  expect(server.load('one')).toMatchObject({ running: 1, queued: 3 })
  executor.running[0]?.end()
  await mine[0]
  await settle()
  expect(executor.running.map(({ run }) => run.origin?.item)).toEqual([6])
})

test('the same where the line is full of long work', async () => {
  const { executor, lease } = await buildTaskServer({ slots: 1, queueSlots: 8 })
  void lease(1, { ...ONE, expected_ms: 5_000 })
  const waiting = lease(2, { ...ONE, expected_ms: 5_000 })
  expect(codeOf(await lease(3, { ...ONE, expected_ms: 5_000 }))).toBe('WORKER_BUSY')
  void lease(4, { ...OTHER, expected_ms: 5_000 })
  expect(codeOf(await waiting)).toBe('WORKER_BUSY')
  executor.running[0]?.end()
  await settle()
  expect(executor.running.map(({ run }) => run.origin?.item)).toEqual([4])
})

test('results that one router leaves behind push out its own, not those of another', async () => {
  const { executor, lease, send } = await buildTaskServer({
    slots: 9,
    kept: { countMax: 3 }
  })
  const answers = [lease(1, OTHER), ...[2, 3, 4, 5].map((item) => lease(item, ONE))]
  await settle()
  while (executor.running.length > 0) executor.running[0]?.end()
  await Promise.all(answers)
  const attach = async (item: number, remotePeer: string) =>
    codeOf(await send('ATTACH_TASK', { lease_id: leaseId(item), log_from: 0 }, { remotePeer }))
  expect(await attach(1, 'other')).toBeUndefined()
  expect(await attach(2, 'one')).toBe('TASK_LOST')
  expect(await attach(3, 'one')).toBe('TASK_LOST')
  expect(await attach(4, 'one')).toBeUndefined()
})
