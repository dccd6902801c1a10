/** A router that dies or is told to stop, as a real process: what it had acknowledged is done when it is back. */
import { expect, test } from 'vitest'
import { LiveMesh, slowJob } from '../support/live-mesh.ts'
import { until } from '../support/until.ts'

test('a router killed right after its acknowledgement does the job once it is back', async () => {
  const { mesh } = await LiveMesh.start()
  const router = await mesh.router()
  const { id } = await router.client.submit(slowJob(3, 10))
  await router.kill()
  await mesh.worker('worker', '--slots', '2')
  const again = await mesh.router()
  expect(again.report.peer_id).toBe(router.report.peer_id)
  const job = await again.client.wait(id)
  expect(job).toMatchObject({ state: 'completed', counts: { completed: 3 }, attempts: 3 })
})

test('a router killed under load goes on where it was, and runs nothing finished again', async () => {
  const { mesh } = await LiveMesh.start()
  const [first] = await Promise.all([mesh.router(), mesh.worker('worker', '--slots', '4')])
  const { id } = await first.client.submit(slowJob(40, 100))
  const before = await until(
    'completed items',
    () => first.client.job(id),
    ({ counts }) => counts.completed > 4
  )
  await first.kill()
  const second = await mesh.router()
  const job = await second.client.wait(id)
  expect(job).toMatchObject({ state: 'completed', counts: { completed: 40, failed: 0 } })
  const attempts = await second.client.attempts(id)
  const completed = attempts.filter(({ state }) => state === 'completed')
  expect(completed).toHaveLength(40)
  expect(new Set(completed.map(({ item }) => item)).size).toBe(40)
  expect(before.counts.completed).toBeLessThan(40)
  const [reputation] = await until(
    'a task to count',
    () => second.client.reputation(),
    ([one]) => one !== undefined
  )
  expect(reputation?.failures).toBe(0)
})

test('a router told to stop under load loses nothing and blames nobody', async () => {
  const { mesh } = await LiveMesh.start()
  const [first] = await Promise.all([mesh.router(), mesh.worker('worker', '--slots', '4')])
  const { id } = await first.client.submit(slowJob(40, 100))
  await until(
    'completed items',
    () => first.client.job(id),
    ({ counts }) => counts.completed > 4
  )
  expect(await first.terminate()).toBe(0)
  const second = await mesh.router()
  const job = await second.client.wait(id)
  expect(job).toMatchObject({ state: 'completed', counts: { completed: 40, failed: 0 } })
  const attempts = await second.client.attempts(id)
  expect(attempts.filter(({ state }) => state === 'completed')).toHaveLength(40)
  expect(attempts.filter(({ state }) => state === 'failed' || state === 'offered')).toEqual([])
  // What was counted before the stop is remembered after it; the last may have its receipt looked at.
  const [reputation] = await until(
    'every task to count',
    () => second.client.reputation(),
    ([one]) => one?.successes === 40
  )
  expect(reputation?.failures).toBe(0)
})
