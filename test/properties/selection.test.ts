/** What must hold of selection for any workers, requests and draws. fast-check prints its seed. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { validatorFor } from '../../src/model/validate.ts'
import { compileRequest, compileRules, firstRefusal, needOf } from '../../src/selection/compile.ts'
import { emptyCost, measureCost, totalCost } from '../../src/selection/cost.ts'
import { outlookOf } from '../../src/selection/outlook.ts'
import { replayDecision } from '../../src/selection/replay.ts'
import { roomOf } from '../../src/selection/room.ts'
import { selectWorker } from '../../src/selection/select.ts'
import { STANDING_RULES, isInOrder } from '../../src/selection/standing-rules.ts'
import { weightedScore } from '../../src/selection/scores.ts'
import { PRESETS, resolveWeights } from '../../src/selection/weights.ts'
import { buildCandidate, buildCircumstances, buildRequest } from '../support/build-candidate.ts'
import type { JobDocument } from '../../src/model/job.ts'
import type { DecisionRecord } from '../../src/model/generated/decision.ts'
import type { Candidate, Circumstances, SelectionRequest } from '../../src/selection/candidate.ts'
import type { CostParts } from '../../src/selection/cost.ts'

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
    running: tasks,
    queued: tasks,
    waitMs: figure(1_000),
    queuedMs: figure(1_000),
    workRate: figure(8),
    ownRate: figure(8),
    routers: fc.integer({ min: 1, max: 20 }),
    unseenCount: tasks,
    unseenMs: figure(1_000),
    speed: fc.double({ min: 0.1, max: 8, noNaN: true }),
    isSuspected: fc.boolean(),
    tier: fc.constantFrom('probation', 'trusted', 'trusted', 'quarantined'),
    availability: fc.constantFrom('open', 'open', 'open', 'cordoned', 'draining', 'stopping'),
    latencyMs: fc.option(figure(500), { nil: undefined }),
    reputation: figure(1),
    prospect: fc.double({ min: 0.02, max: 1, noNaN: true }),
    evidenceLeft: fc.nat(30)
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
    sameWorker: fc.constantFrom('avoid', 'never', 'allow'),
    trust: fc.constantFrom('any', 'trusted_first', 'trusted_only')
  })
  .map(({ triedWorkers, sameWorker, trust, ...document }) =>
    buildRequest(document, { triedWorkers, sameWorker, trust })
  )

const circumstances: fc.Arbitrary<Circumstances> = fc.record({
  draw,
  nowMs: fc.constant(1),
  workMs: fc.double({ min: 0.01, max: 1e6, noNaN: true })
})

/** What no machine reports, and what no cost can be made of. */
const absurd = fc.constantFrom(Number.NaN, Infinity, -Infinity, -1, 1e300)
const absurdFigure: fc.Arbitrary<Partial<Candidate>> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(
        'running',
        'queued',
        'waitMs',
        'queuedMs',
        'unseenCount',
        'unseenMs',
        'routers',
        'workRate',
        'latencyMs',
        'memoryTotalMb',
        'slots',
        'speed'
      ),
      absurd
    )
    .map(([name, value]): Partial<Candidate> => ({ [name]: value })),
  fc.constantFrom<Partial<Candidate>>({ slots: 0 }, { speed: 0 }, { prospect: 0 }, { prospect: 2 })
)

describe('selection', () => {
  it('chooses only workers that fit and have room, and always one if there is any', () => {
    fc.assert(
      fc.property(request, candidates, circumstances, (wanted, list, at) => {
        const rules = compileRules(wanted)
        const able = list.filter((one) => {
          const room = roomOf(one, needOf(wanted))
          return firstRefusal(rules, one) === undefined && (room === 'run' || room === 'queue')
        })
        const { chosenPeerId } = selectWorker(wanted, list, at)
        expect(able.some(({ peerId }) => peerId === chosenPeerId)).toBe(able.length > 0)
      }),
      { numRuns: 500 }
    )
  })

  it('does not depend on the order in which workers come', () => {
    fc.assert(
      fc.property(request, candidates, circumstances, fc.integer(), (wanted, list, at, turn) => {
        const cut = list.length === 0 ? 0 : Math.abs(turn) % list.length
        const mixed = [...list.slice(cut), ...list.slice(0, cut)].toReversed()
        const [first, second] = [list, mixed].map((order) => selectWorker(wanted, order, at))
        expect(JSON.stringify(second?.explain())).toBe(JSON.stringify(first?.explain()))
        expect(second?.outlook).toBe(first?.outlook)
      }),
      { numRuns: 300 }
    )
  })

  it('explains itself in a valid record that agrees with the choice', () => {
    fc.assert(
      fc.property(request, candidates, circumstances, (wanted, list, at) => {
        const selection = selectWorker(wanted, list, at)
        const record = checkRecord(selection.explain())
        const rejected = Object.values(record.rejected).reduce((sum, count) => sum + count, 0)
        expect(record.chosen).toBe(selection.chosenPeerId ?? null)
        expect(rejected).toBe(selection.refusedCount)
        expect(record.full).toBe(selection.fullCount)
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

  it('can be made again from the record alone', () => {
    fc.assert(
      fc.property(request, candidates, circumstances, (wanted, list, at) => {
        const selection = selectWorker(wanted, list, at)
        const { chosenPeerId } = selection
        const record = JSON.parse(JSON.stringify(selection.explain(40))) as DecisionRecord
        const again = replayDecision(record)
        expect(again?.replayed).toBe(chosenPeerId)
        expect(again ?? { isWhole: true, laterMs: 0 }).toMatchObject({ isWhole: true, laterMs: 0 })
        // The short one does as well, as long as no more are drawn from than it lists.
        const isShortWhole = wanted.route.pickCount <= 3
        const short = isShortWhole ? checkRecord(selection.explain()) : record
        expect(replayDecision(short)?.replayed).toBe(chosenPeerId)
      }),
      { numRuns: 1_000 }
    )
  })

  it('gives chances that sum to 1, and a positive one to the chosen', () => {
    const few = candidates.map((list) => list.slice(0, 12))
    fc.assert(
      fc.property(request, few, circumstances, (wanted, list, at) => {
        const record = selectWorker(wanted, list, at).explain()
        if (record.chosen === null) return
        const sum = record.candidates.reduce((total, row) => total + (row.probability ?? 0), 0)
        expect(sum).toBeCloseTo(1, 2)
        expect(record.candidates[0]?.probability).toBeGreaterThan(0)
      }),
      { numRuns: 500 }
    )
  })

  it('draws each worker as often as its chance says', () => {
    const list = [0, 3, 9].map((latencyMs, index) =>
      buildCandidate({ peerId: `worker-${index}`, latencyMs, evidenceLeft: index * 10 })
    )
    const counts = new Map<string | undefined, number>()
    const draws = 10_000
    for (let index = 0; index < draws; index += 1) {
      const at = buildCircumstances({ draw: index / draws })
      const { chosenPeerId } = selectWorker(buildRequest(), list, at)
      counts.set(chosenPeerId, (counts.get(chosenPeerId) ?? 0) + 1)
    }
    const { candidates: rows } = selectWorker(buildRequest(), list, buildCircumstances()).explain()
    for (const { peer_id, probability } of rows) {
      expect((counts.get(peer_id) ?? 0) / draws).toBeCloseTo(probability ?? 0, 3)
    }
  })

  it('neither chooses a worker with absurd figures nor lets it change the choice', () => {
    fc.assert(
      fc.property(request, candidates, circumstances, absurdFigure, (wanted, list, at, figures) => {
        const spoilt = buildCandidate({ peerId: 'worker-x', evidenceLeft: 0, ...figures })
        const { chosenPeerId } = selectWorker(wanted, list, at)
        const selection = selectWorker(wanted, [spoilt, ...list], at)
        expect(selection.chosenPeerId).toBe(chosenPeerId)
        expect(checkRecord(selection.explain()).rejected).toHaveProperty(['FIGURES_ABSURD'])
      }),
      { numRuns: 300 }
    )
  })
})

function costOf(wanted: SelectionRequest, one: Candidate, workMs = 500): CostParts {
  const parts = emptyCost()
  measureCost(compileRequest(wanted), one, { workMs }, parts)
  return parts
}

function totalOf(wanted: SelectionRequest, one: Candidate, workMs?: number): number {
  return totalCost(compileRequest(wanted).factors, costOf(wanted, one, workMs))
}

describe('the cost of a worker', () => {
  it('has no part that is negative or not a number', () => {
    fc.assert(
      fc.property(request, candidate, (wanted, one) => {
        for (const ms of Object.values(costOf(wanted, one))) {
          expect(ms).toBeGreaterThanOrEqual(0)
          expect(ms).toBeLessThan(Infinity)
        }
      })
    )
  })

  it.each([
    'latencyMs',
    'waitMs',
    'unseenMs',
    'unseenCount',
    'running',
    'queued',
    'workRate',
    'routers'
  ] as const)('never falls when %s rises', (name) => {
    fc.assert(
      fc.property(request, candidate, figure(500), (wanted, one, more) => {
        const value = one[name] ?? 100
        // Where all slots are taken a report tells the wait; where they are not, there is none.
        const known = { ...one, [name]: value, waitMs: name === 'waitMs' ? value : 1_000 }
        const worse = { ...known, [name]: value + more }
        expect(totalOf(wanted, worse)).toBeGreaterThanOrEqual(totalOf(wanted, known) - 1e-9)
      })
    )
  })

  it('never rises with speed or prospect, and never falls with the work to do', () => {
    fc.assert(
      fc.property(request, candidate, figure(1), (wanted, one, more) => {
        const faster = { ...one, speed: one.speed + more }
        const surer = { ...one, prospect: Math.min(1, one.prospect + more) }
        const cost = totalOf(wanted, one)
        expect(totalOf(wanted, faster)).toBeLessThanOrEqual(cost + 1e-9)
        expect(totalOf(wanted, surer)).toBeLessThanOrEqual(cost + 1e-9)
        expect(totalOf(wanted, one, 500 + more)).toBeGreaterThanOrEqual(cost)
      })
    )
  })

  it('leaves out a part whose factor is 0, whatever it is', () => {
    const parts = { ...emptyCost(), latencyMs: 7, waitMs: 1, riskMs: 3 }
    const none = { cpu: 0, memory: 0, disk: 0, gpu: 0, latency: 0, reputation: 0, data: 0 }
    expect(totalCost(none, { ...parts, runMs: 1e9 })).toBe(0)
    expect(totalCost({ ...none, latency: 2 }, parts)).toBe(14)
    expect(totalCost({ ...none, cpu: 1, reputation: 1 }, parts)).toBe(4)
  })

  it('is the same however many others there are', () => {
    fc.assert(
      fc.property(request, candidates, candidate, circumstances, (wanted, list, one, at) => {
        const alone = selectWorker(wanted, [one], at).explain().candidates[0]
        const all = selectWorker(wanted, [one, ...list], at).explain(100).candidates
        const among = all.find(({ peer_id }) => peer_id === one.peerId)
        expect(among?.cost_ms).toBe(alone?.cost_ms)
        expect(among?.terms).toEqual(alone?.terms)
      })
    )
  })
})

describe('the rules', () => {
  it('ask all that is asked of any worker in one go, to the same end', () => {
    fc.assert(
      fc.property(candidate, fc.option(absurdFigure, { nil: {} }), (one, figures) => {
        const known = { ...one, ...figures }
        const isRefused = STANDING_RULES.some((rule) => rule.refuses(known))
        expect(isInOrder(known)).toBe(!isRefused)
      })
    )
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
