/** Decisions as people ask for them: why not a certain worker, all of a fleet, those of all jobs, and how long they are kept. */
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { DemandCache } from '../../../src/dispatch/demand.ts'
import { Decisions } from '../../../src/dispatch/views/decisions.ts'
import { Retention } from '../../../src/dispatch/intake/retention.ts'
import { NOOP, settle, startEngine } from '../../support/build-engine.ts'
import { replayDecision } from '../../../src/selection/replay.ts'
import { validatorFor } from '../../../src/model/validate.ts'
import type { DecisionRecord } from '../../../src/model/generated/decision.ts'
import type { StoreChange } from '../../../src/jobs/store.ts'
import type { Engine } from '../../support/build-engine.ts'

const checkRecord = validatorFor<DecisionRecord>('decision')
const HOUR_MS = 3_600_000

function decisionAt(attempt: number, atMs: number): StoreChange {
  const key = { jobId: 'j-1', itemIndex: 0, attempt }
  return { kind: 'decision', ...key, atMs, decision: `{"at_ms":${atMs}}` }
}

function decisionsOf({ dispatcher, reader, store, workers }: Engine): Decisions {
  const demands = new DemandCache({ preset: 'balanced', weights: undefined })
  return new Decisions({ demands, dispatcher, nowMs: () => 7, reader, source: workers, store })
}

test('why not a worker: what the record says of it, or else what is known now', async () => {
  const engine = await startEngine()
  engine.workers.add('w1').add('w2', undefined, { engines: ['javascript'] })
  const id = await engine.submit()
  const decisions = decisionsOf(engine)
  const { candidates } = checkRecord(await decisions.explain(id, { whyNot: 'w2' }))
  expect(candidates).toMatchObject([
    { peer_id: 'w1', verdict: 'chosen' },
    { peer_id: 'w2', verdict: 'rejected', refused_by: ['ENGINE_MISSING'] }
  ])
  engine.workers.add('late')
  const later = checkRecord(await decisions.explain(id, { whyNot: 'ate' }))
  expect(later.candidates[1]).toMatchObject({
    peer_id: 'late',
    verdict: 'eligible',
    judged_at_ms: 7
  })
  await expect(decisions.explain(id, { whyNot: 'nobody' })).rejects.toMatchObject({
    code: 'NODE_NOT_FOUND'
  })
  await expect(decisions.explain(id, { whyNot: 'w' })).rejects.toMatchObject({
    code: 'ID_AMBIGUOUS'
  })
})

test('a plan lists twenty workers, or all', async () => {
  const engine = await startEngine()
  for (let index = 0; index < 30; index += 1) engine.workers.add(`w${index}`)
  const [some, all] = await Promise.all(
    [false, true].map((isWhole) => engine.intake.plan({ task: NOOP }, isWhole))
  )
  expect(some?.decision.candidates).toHaveLength(20)
  expect(checkRecord(all?.decision).candidates).toHaveLength(30)
})

test('decisions of all jobs come by time, and each can be made again', async () => {
  const engine = await startEngine()
  engine.workers.add('w1', (task) => task.complete(1)).add('w2', (task) => task.complete(2))
  const ids = [await engine.submit(), await engine.submit(), await engine.submit()]
  await settle()
  const records = await decisionsOf(engine).list({ sinceMs: 0, limit: 9 })
  expect(records.map(({ job_id }) => job_id)).toEqual(ids)
  for (const record of records) expect(replayDecision(record)?.replayed).toBe(record.chosen)
})

test('decisions go before their jobs where the owner wants that', async () => {
  const engine = await startEngine()
  const { clock, store } = engine
  const nowMs = 100 * HOUR_MS
  const logger = pino({ level: 'silent' })
  await store.apply([decisionAt(1, nowMs - 25 * HOUR_MS), decisionAt(2, nowMs - 23 * HOUR_MS)])
  const components = { ...engine, isNeeded: () => false, logger, nowMs: () => nowMs }
  const forever = new Retention(components)
  await forever.start()
  clock.advance(60_000)
  await settle()
  await forever.stop()
  expect(await store.decisions({ sinceMs: 0, limit: 9 })).toHaveLength(2)
  const day = new Retention(components, { keepDecisionsMs: 24 * HOUR_MS })
  await day.start()
  clock.advance(60_000)
  await settle()
  await day.stop()
  expect(await store.decisions({ sinceMs: 0, limit: 9 })).toEqual([
    `{"at_ms":${nowMs - 23 * HOUR_MS}}`
  ])
})
