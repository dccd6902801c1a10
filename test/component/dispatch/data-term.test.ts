/** Where tasks with inputs go: to who has them, item by item, and it is said why. */
import { expect, test } from 'vitest'
import { FakeHoldings } from '../../support/fake-holdings.ts'
import { settle, startEngine } from '../../support/build-engine.ts'
import type { Engine } from '../../support/build-engine.ts'
import type { JobDocument } from '../../../src/model/job.ts'

const A = `sha256:${'a'.repeat(64)}`
const B = `sha256:${'b'.repeat(64)}`
/** Bytes that take 72 ms and 8 ms to come, at the 100 Mbit/s that selection reckons with. */
const LARGE = 900_000
const SMALL = 100_000

const input = (file: string): { path: string; from: string } => ({
  path: `${file.slice(7, 9)}.bin`,
  from: `mesh:${file}`
})

const JOB: JobDocument = {
  task: { engine: 'javascript', source: 'function main () {}' },
  inputs: [input(A), input(B)],
  route: { pick: 'best' }
}

/** `left` has A, which is large; `right` has B, and comes first otherwise: it is 10 ms nearer. */
async function start(sizes = { A: LARGE, B: SMALL }): Promise<Engine> {
  const holdings = new FakeHoldings().give('left', A, sizes.A).give('right', B, sizes.B)
  const engine = await startEngine({ holdings })
  engine.workers.add('left', undefined, { slots: 4, latencyMs: 110 })
  engine.workers.add('right', undefined, { slots: 4, latencyMs: 100 })
  return engine
}

function peers(engine: Engine): string[] {
  return engine.workers.tasks.map(({ peer }) => peer)
}

test('a task goes to who has most of its inputs, and explain shows it', async () => {
  const engine = await start()
  const id = await engine.submit(JOB)
  await settle()
  expect(peers(engine)).toEqual(['left'])
  const { candidates, weights } = await engine.reader.explain(id, {})
  expect(weights['data']).toBeCloseTo(0.3, 9)
  const terms = candidates.map(({ peer_id: peer, terms: { data } }) => [
    peer,
    data?.raw,
    data?.score
  ])
  expect(terms).toEqual([
    ['left', LARGE, 0.9],
    ['right', SMALL, 0.1]
  ])
  expect(candidates[0]?.terms['data']?.age_ms).toBe(1_000)
})

test('inputs that come in less time than the nearer worker saves do not decide', async () => {
  const engine = await start({ A: 90_000, B: 10_000 })
  const id = await engine.submit(JOB)
  await settle()
  expect(peers(engine)).toEqual(['right'])
  const { candidates } = await engine.reader.explain(id, {})
  const moving = candidates.map(({ peer_id: peer, terms: { data } }) => [peer, data?.ms])
  // With two round trips, in which they are asked for.
  expect(moving).toEqual([
    ['right', 207.2],
    ['left', 220.8]
  ])
})

test('a folder counts by what is in it, and its list alone for nothing', async () => {
  const folder = `sha256:${'f'.repeat(64)}`
  const holdings = new FakeHoldings()
    .addFolder(folder, [
      { id: A, sizeBytes: LARGE },
      { id: B, sizeBytes: SMALL }
    ])
    .give('right', folder, 500)
    .give('left', A)
  const engine = await startEngine({ holdings })
  engine.workers.add('left', undefined, { slots: 4, latencyMs: 110 })
  engine.workers.add('right', undefined, { slots: 4, latencyMs: 100 })
  const id = await engine.submit({ ...JOB, inputs: [input(folder)] })
  await settle()
  expect(peers(engine)).toEqual(['left'])
  const { candidates } = await engine.reader.explain(id, {})
  expect(candidates.map(({ terms: { data } }) => data?.score)).toEqual([0.9, 0])
})

test('each item goes where its own inputs are', async () => {
  const engine = await start()
  const { inputs: _all, ...rest } = JOB
  await engine.submit({ ...rest, each: [{ inputs: [input(B)] }, { inputs: [input(A)] }, {}] })
  await settle()
  const places = engine.workers.tasks.map(({ item, peer }) => [item, peer])
  expect(Object.fromEntries(places)).toEqual({ 0: 'right', 1: 'left', 2: 'right' })
})

test('a program that is a file of the mesh is an input, too', async () => {
  const engine = await start()
  const task = { engine: 'javascript', source: `mesh:${A}` } as const
  await engine.submit({ task, route: { pick: 'best' } })
  await settle()
  expect(peers(engine)).toEqual(['left'])
})

test('with weight 0 it goes where it would go without', async () => {
  const engine = await start()
  await engine.submit({ ...JOB, route: { pick: 'best', weights: { data: 0 } } })
  await settle()
  expect(peers(engine)).toEqual(['right'])
})

test('a task without inputs has no such term', async () => {
  const engine = await start()
  const { inputs: _none, ...rest } = JOB
  const id = await engine.submit(rest)
  await settle()
  expect(peers(engine)).toEqual(['right'])
  const { candidates, weights } = await engine.reader.explain(id, {})
  expect(Object.keys(weights)).not.toContain('data')
  expect(candidates[0]?.terms).not.toHaveProperty('data')
})

test('a plan shows it before there is a job', async () => {
  const engine = await start()
  const { decision } = await engine.intake.plan(JOB)
  expect(decision.chosen).toBe('left')
  expect(decision.candidates[0]?.terms['data']).toMatchObject({ raw: LARGE, score: 0.9 })
})
