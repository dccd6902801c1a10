/** Workers that die, leave and come, as real processes: the jobs complete, and the records tell the story. */
import { expect, test } from 'vitest'
import { LiveMesh, slowJob, untilWorkersReady } from '../support/live-mesh.ts'
import { until } from '../support/until.ts'

test('a worker killed in the midst of a job: the job completes, and explain tells it', async () => {
  const { mesh } = await LiveMesh.start()
  const [first, second, { client }] = await Promise.all([
    mesh.worker('first', '--slots', '4'),
    mesh.worker('second', '--slots', '4'),
    mesh.router()
  ])
  await untilWorkersReady(client, 2)
  const { id } = await client.submit(slowJob(60, 250))
  await until(
    'attempt at the first worker',
    () => client.attempts(id),
    (attempts) =>
      attempts.some(({ state, worker }) => state === 'offered' && worker === first.report.peer_id)
  )
  await first.kill()
  const job = await client.wait(id)
  expect(job).toMatchObject({ state: 'completed', counts: { completed: 60, failed: 0 } })

  const attempts = await client.attempts(id)
  const lost = attempts.filter(({ state }) => state === 'lost')
  expect(lost.length).toBeGreaterThan(0)
  for (const { attempt, error, item, worker } of lost) {
    expect(worker).toBe(first.report.peer_id)
    expect(error?.message).toContain('the worker was lost')
    const next = attempts.filter((other) => other.item === item).at(-1)
    expect(next).toMatchObject({ state: 'completed', worker: second.report.peer_id })
    const decision = await client.explain(id, { item, attempt })
    expect(decision.chosen).toBe(first.report.peer_id)
    const last = await client.explain(id, { item })
    expect(last.chosen).toBe(second.report.peer_id)
    expect(last.attempt).toBeGreaterThan(attempt)
  }
  const reputation = await client.reputationOf(first.report.peer_id)
  expect(reputation.failures).toBe(lost.length)

  // Gone from the list, and there again when it comes back.
  await until(
    'worker gone from the list',
    () => client.nodes(),
    (nodes) => !nodes.some(({ peer_id: peer }) => peer === first.report.peer_id)
  )
  await mesh.worker('first', '--slots', '1')
  await untilWorkersReady(client, 2)
})

test('workers and bootstrap told to stop under load: not one item fails', async () => {
  const { bootstrap, mesh } = await LiveMesh.start()
  const [first, , { client }] = await Promise.all([
    mesh.worker('first', '--slots', '4'),
    mesh.worker('second', '--slots', '4'),
    mesh.router()
  ])
  await untilWorkersReady(client, 2)
  const { id } = await client.submit(slowJob(80, 200))
  await until(
    'completed items',
    () => client.job(id),
    ({ counts }) => counts.completed > 4
  )
  const codes = await Promise.all([first.terminate(), bootstrap.terminate()])
  expect(codes).toEqual([0, 0])
  const job = await client.wait(id)
  expect(job).toMatchObject({ state: 'completed', counts: { completed: 80, failed: 0 } })
  const attempts = await client.attempts(id)
  const states = new Set(attempts.map(({ state }) => state))
  states.delete('refused')
  expect([...states]).toEqual(['completed'])
  expect((await client.reputationOf(first.report.peer_id)).failures).toBe(0)

  // A bootstrap that comes back introduces who is new, and nobody had to be restarted.
  await mesh.bootstrap()
  const third = await mesh.worker('third', '--slots', '1')
  await until(
    'third worker ready',
    () => client.nodes(),
    (nodes) =>
      nodes.some(({ peer_id: peer, state }) => peer === third.report.peer_id && state === 'ready')
  )
})
