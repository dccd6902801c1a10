/**
 * Graphs of jobs whose ends, stops, holds and restarts of the router come in any order, from seeds: every
 * job ends, none begins before what it needs is completed, and none begins twice in one life of the router.
 */
import { expect, test } from 'vitest'
import { isTerminal } from '../../../src/jobs/records.ts'
import { NOOP, settle, startIntake } from '../../support/build-intake.ts'
import { seededRandom } from '../../../src/core/random.ts'
import type { Intake } from '../../support/build-intake.ts'
import type { JobRecord } from '../../../src/jobs/records.ts'

const JOBS = 12
const STEPS = 60
const SEEDS = Array.from({ length: 40 }, (_, seed) => seed)

function randomGraph(draw: () => number, nowMs: number): object {
  const jobs = Array.from({ length: JOBS }, (_, place) => {
    const needs = Array.from({ length: place }, (_unused, need) => `n${need}`)
    const atMs = nowMs + Math.floor(draw() * 30) * 1_000
    const schedule = draw() < 0.3 ? { schedule: { at: new Date(atMs).toISOString() } } : {}
    return [`n${place}`, { task: NOOP, needs: needs.filter(() => draw() < 0.3), ...schedule }]
  })
  return { jobs: Object.fromEntries(jobs) as unknown }
}

/** One thing happens, without waiting for what follows from it. */
function act(router: Intake, ids: readonly string[], draw: () => number): Promise<unknown> {
  const id = ids[Math.floor(draw() * ids.length)] as string
  const active = router.dispatcher.added.filter((one) => router.dispatcher.job(one) !== undefined)
  const running = active[Math.floor(draw() * active.length)]
  const chance = draw()
  if (chance < 0.35 && running !== undefined) return router.dispatcher.complete(running, 'done')
  if (chance < 0.4 && running !== undefined) return router.dispatcher.fail(running, 'no')
  if (chance < 0.45) return router.control.stop(id, { reason: 'enough' }, 'me')
  if (chance < 0.6) return router.control.hold(id, undefined, 'me')
  if (chance < 0.8) return router.control.release(id, 'me')
  router.clock.advance(1_000)
  return Promise.resolve()
}

/** What is wrong with the jobs, in words. */
async function findMistakes(router: Intake, ids: readonly string[]): Promise<string[]> {
  const records = await Promise.all(ids.map(async (id) => await router.record(id)))
  const byId = new Map<string, JobRecord>(records.map((record) => [record.id, record]))
  const mistakes = records.flatMap(({ id, needs, queuedAtMs, state }) => {
    const hasBegun = queuedAtMs !== null
    const isPending = router.pending.job(id) !== undefined
    const isEarly = hasBegun && needs.some((need) => byId.get(need)?.state !== 'completed')
    return [
      ...(isEarly ? [`${id} began before its needs were met`] : []),
      ...(isPending === (hasBegun || isTerminal(state)) ? [`${id} is in the wrong place`] : [])
    ]
  })
  const { added } = router.dispatcher
  return new Set(added).size === added.length ? mistakes : [...mistakes, 'a job began twice']
}

test.each(SEEDS)('seed %i', async (seed) => {
  const random = seededRandom(seed)
  const draw = (): number => random.next()
  let router = await startIntake({ seed: seed + 1 })
  const graph = randomGraph(draw, router.clock.wallMs())
  const ids = (await router.intake.submitGraph(graph, 'me')).map(({ id }) => id)
  for (let count = 0; count < STEPS; count += 1) {
    // Refusals are right: whatever is asked may come too late.
    void act(router, ids, draw).catch(() => {})
    if (draw() < 0.5) await settle()
    if (draw() < 0.05) {
      await settle()
      await router.stop()
      router = await startIntake({ clock: router.clock, store: router.store, seed: seed + count })
    }
  }
  await settle()
  expect(await findMistakes(router, ids)).toEqual([])
  for (const id of ids) await router.control.release(id, 'me').catch(() => {})
  for (let round = 0; round < 2 * JOBS; round += 1) {
    await router.advance(30_000)
    for (const id of router.dispatcher.added) {
      if (router.dispatcher.job(id) !== undefined) await router.dispatcher.complete(id, 'done')
    }
  }
  await settle()
  expect(await findMistakes(router, ids)).toEqual([])
  const ended = await Promise.all(ids.map(async (id) => await router.record(id)))
  expect(ended.filter(({ state }) => !isTerminal(state))).toEqual([])
  await router.stop()
})
