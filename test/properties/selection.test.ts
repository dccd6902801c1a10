/** What must hold of selection for any workers, requests and draws. fast-check prints its seed. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { validatorFor } from '../../src/model/validate.ts'
import { needOf, compileRules, firstRefusal } from '../../src/selection/compile.ts'
import { outlookOf } from '../../src/selection/outlook.ts'
import { roomOf } from '../../src/selection/room.ts'
import { selectWorker } from '../../src/selection/select.ts'
import { weightedScore } from '../../src/selection/scores.ts'
import { PRESETS, resolveWeights } from '../../src/selection/weights.ts'
import { buildCandidate, buildRequest } from '../support/build-candidate.ts'
import type { JobDocument } from '../../src/model/job.ts'
import type { DecisionRecord } from '../../src/model/generated/decision.ts'
import type { Candidate, SelectionRequest } from '../../src/selection/candidate.ts'

const checkRecord = validatorFor<DecisionRecord>('decision')

const figure = (max: number): fc.Arbitrary<number> => fc.double({ min: 0, max, noNaN: true })
const tasks = fc.integer({ min: 0, max: 5 })
const draw = fc.oneof(
  fc.constantFrom(0, 0.5, 1 - 2 ** -53),
  fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
)

const candidate: fc.Arbitrary<Candidate> = fc
  .record({
    engines: fc.constantFrom(['builtin'], ['builtin', 'javascript'], []),
    labels: fc.constantFrom({}, { zone: 'home' }, { zone: 'office' }),
    cpuCores: fc.integer({ min: 1, max: 32 }),
    cpuUsage: figure(100),
    memoryAvailableMb: figure(8_192),
    diskAvailableMb: figure(100_000),
    gpuCount: fc.integer({ min: 0, max: 1 }),
    slots: fc.integer({ min: 1, max: 4 }),
    queueSlots: fc.integer({ min: 0, max: 4 }),
    otherTasks: tasks,
    ownTasks: tasks,
    availability: fc.constantFrom('open', 'cordoned', 'draining', 'stopping'),
    latencyMs: fc.option(figure(500), { nil: undefined }),
    reputation: figure(1),
    evidenceCount: fc.nat(100)
  })
  .map((overrides) => buildCandidate(overrides))

const candidates = fc
  .array(candidate, { maxLength: 40 })
  .map((list) => list.map((one, index) => ({ ...one, peerId: `worker-${index}` })))

const resources: NonNullable<JobDocument['resources']>[] = [
  {},
  { cpu: 4 },
  { memory: '4096MB' },
  { gpu: 1 },
  { memory: '1MB' }
]
const where: NonNullable<JobDocument['where']>[] = [
  {},
  { require: ['zone = home'] },
  { prefer: [{ match: 'zone = home', weight: 100 }] },
  { prefer: [{ match: 'zone = home', weight: -70 }], max_latency_ms: 200 },
  { min_reputation: 0.3, min_evidence: 5, never: ['worker-1'] }
]
const route: NonNullable<JobDocument['route']>[] = [
  {},
  { pick: 'best' },
  { pick: 'top30' },
  { preset: 'latency' },
  { weights: { gpu: 3 } }
]

const request: fc.Arbitrary<SelectionRequest> = fc
  .record({
    resources: fc.constantFrom(...resources),
    where: fc.constantFrom(...where),
    route: fc.constantFrom(...route),
    triedWorkers: fc.subarray(['worker-0', 'worker-1', 'worker-2']),
    sameWorker: fc.constantFrom('avoid', 'never', 'allow')
  })
  .map(({ triedWorkers, sameWorker, ...document }) =>
    buildRequest(document, { triedWorkers, sameWorker })
  )

describe('selection', () => {
  it('chooses only workers that fit and have room, and always one if there is any', () => {
    fc.assert(
      fc.property(request, candidates, draw, (wanted, list, at) => {
        const rules = compileRules(wanted)
        const able = list.filter((one) => {
          const room = roomOf(one, needOf(wanted))
          return firstRefusal(rules, one) === undefined && (room === 'run' || room === 'queue')
        })
        const { chosenPeerId } = selectWorker(wanted, list, at, 0)
        expect(able.some(({ peerId }) => peerId === chosenPeerId)).toBe(able.length > 0)
      }),
      { numRuns: 500 }
    )
  })

  it('does not depend on the order in which workers come', () => {
    fc.assert(
      fc.property(request, candidates, draw, fc.integer(), (wanted, list, at, turn) => {
        const cut = list.length === 0 ? 0 : Math.abs(turn) % list.length
        const mixed = [...list.slice(cut), ...list.slice(0, cut)].toReversed()
        const [first, second] = [list, mixed].map((order) => selectWorker(wanted, order, at, 0))
        expect(JSON.stringify(second?.explain())).toBe(JSON.stringify(first?.explain()))
        expect(second?.outlook).toBe(first?.outlook)
      }),
      { numRuns: 300 }
    )
  })

  it('explains itself in a valid record that agrees with the choice', () => {
    fc.assert(
      fc.property(request, candidates, draw, (wanted, list, at) => {
        const selection = selectWorker(wanted, list, at, 1)
        const record = checkRecord(selection.explain())
        const rejected = Object.values(record.rejected).reduce((sum, count) => sum + count, 0)
        expect(record.chosen).toBe(selection.chosenPeerId ?? null)
        expect(rejected).toBe(selection.refusedCount)
        expect(record.considered).toBe(list.length)
        expect(record.candidates.length).toBe(Math.min(20, list.length))
        expect(record.candidates.filter(({ verdict }) => verdict === 'chosen')).toHaveLength(
          selection.chosenPeerId === undefined ? 0 : 1
        )
        expect(record.candidates.every(({ score }) => score >= 0 && score <= 1)).toBe(true)
        expect(selection.summarise()).not.toMatch(/undefined|NaN/)
        expect(selection.outlook).toBe(outlookOf(wanted, list))
      }),
      { numRuns: 500 }
    )
  })

  it('gives chances that sum to 1, and a positive one to the chosen', () => {
    const few = candidates.map((list) => list.slice(0, 12))
    fc.assert(
      fc.property(request, few, draw, (wanted, list, at) => {
        const record = selectWorker(wanted, list, at, 0).explain()
        if (record.chosen === null) return
        const sum = record.candidates.reduce((total, row) => total + (row.probability ?? 0), 0)
        expect(sum).toBeCloseTo(1, 9)
        expect(record.candidates[0]?.probability).toBeGreaterThan(0)
      }),
      { numRuns: 500 }
    )
  })

  it('draws each worker as often as its chance says', () => {
    const list = [0.2, 0.5, 0.9].map((reputation, index) =>
      buildCandidate({ peerId: `worker-${index}`, reputation, ownTasks: index })
    )
    const counts = new Map<string | undefined, number>()
    const draws = 10_000
    for (let index = 0; index < draws; index += 1) {
      const { chosenPeerId } = selectWorker(buildRequest(), list, index / draws, 0)
      counts.set(chosenPeerId, (counts.get(chosenPeerId) ?? 0) + 1)
    }
    for (const { peer_id, probability } of selectWorker(buildRequest(), list, 0, 0).explain()
      .candidates) {
      expect((counts.get(peer_id) ?? 0) / draws).toBeCloseTo(probability ?? 0, 3)
    }
  })
})

describe('weights and scores', () => {
  it('keep weights summing to 1 and scores between 0 and 1', () => {
    const weight = fc.double({ min: 0, max: 1e300, noNaN: true })
    const own = fc.record(
      { cpu: weight, latency: weight, reputation: weight },
      { requiredKeys: [] }
    )
    const preset = fc.constantFrom(...(Object.keys(PRESETS) as (keyof typeof PRESETS)[]))
    fc.assert(
      fc.property(own, preset, candidate, (weights, base, one) => {
        const wanted = buildRequest()
        const resolved = resolveWeights({
          ...wanted,
          route: { ...wanted.route, preset: base, weights }
        }).weights
        const sum = Object.values(resolved).reduce((total, part) => total + part, 0)
        expect(sum).toBeCloseTo(1, 9)
        expect(weightedScore(one, resolved)).toBeGreaterThanOrEqual(0)
        expect(weightedScore(one, resolved)).toBeLessThanOrEqual(1)
      })
    )
  })
})
