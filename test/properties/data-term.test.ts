/** What must hold of the score of tasks with inputs, whoever has them. fast-check prints its seed. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PRESETS, resolveWeights } from '../../src/selection/weights.ts'
import { buildCandidate, buildCircumstances, buildRequest } from '../support/build-candidate.ts'
import { scoreData, scoreTerms, weightedScore } from '../../src/selection/scores.ts'
import { selectWorker } from '../../src/selection/select.ts'
import { validatorFor } from '../../src/model/validate.ts'
import type { DecisionRecord } from '../../src/model/generated/decision.ts'
import type { InputFiles, Weights } from '../../src/selection/candidate.ts'

const checkRecord = validatorFor<DecisionRecord>('decision')

const COSTS = { cpu: 0, memory: 0, disk: 0, gpu: 0, latency: 0, reputation: 0, data: 0 }

const figure = (max: number): fc.Arbitrary<number> => fc.double({ min: 0, max, noNaN: true })
const size = fc.option(fc.nat(1_000), { nil: undefined })
const sizes = fc.array(size, { minLength: 1, maxLength: 8 })
const candidate = fc
  .record({ cpuUsage: figure(100), memoryAvailableMb: figure(8_192), reputation: figure(1) })
  .map((facts) => buildCandidate(facts))

/** Files `0`, `1`, … of these sizes, of which every worker has those that are named. */
function inputsOf(list: readonly (number | undefined)[], held: ReadonlySet<string>): InputFiles {
  const files = list.map((sizeBytes, index) => ({ id: String(index), sizeBytes }))
  return { files, has: (_peer, id) => held.has(id), ageMs: () => 7 }
}

function resolved(inputs: InputFiles | undefined, data?: number): Weights {
  const { route, ...request } = buildRequest()
  const weights = data === undefined ? undefined : { data }
  return resolveWeights({ ...request, inputs, route: { ...route, weights } }).weights
}

describe('the data term', () => {
  it('lies between 0 for nothing and 1 for everything, and only grows with what is held', () => {
    fc.assert(
      fc.property(sizes, fc.array(fc.nat(7)), fc.nat(7), candidate, (list, some, one, worker) => {
        const held = new Set(some.map(String))
        const scoreWith = (has: ReadonlySet<string>): number =>
          scoreData(worker, inputsOf(list, has))
        expect(scoreWith(held)).toBeGreaterThanOrEqual(0)
        expect(scoreWith(held)).toBeLessThanOrEqual(1)
        expect(scoreWith(new Set([...held, String(one)]))).toBeGreaterThanOrEqual(scoreWith(held))
        expect(scoreWith(new Set())).toBe(0)
        expect(scoreWith(new Set(Array.from(list.keys(), String)))).toBeCloseTo(1, 9)
      })
    )
  })

  it('makes whoever has more of the inputs score at least as well', () => {
    fc.assert(
      fc.property(sizes, fc.nat(7), candidate, figure(5), (list, one, worker, data) => {
        const none = inputsOf(list, new Set())
        const some = inputsOf(list, new Set([String(one)]))
        const weights = resolved(some, data)
        const less = weightedScore(worker, weights, none)
        expect(weightedScore(worker, weights, some)).toBeGreaterThanOrEqual(less)
        const terms = Object.values(scoreTerms(worker, weights, COSTS, some))
        const sum = terms.reduce((total, { weighted }) => total + weighted, 0)
        expect(weightedScore(worker, weights, some)).toBeCloseTo(sum, 3)
      })
    )
  })

  it('is by number where a size is not known, or all are empty', () => {
    const worker = buildCandidate()
    expect(scoreData(worker, inputsOf([1_000, undefined], new Set(['0'])))).toBe(0.5)
    expect(scoreData(worker, inputsOf([0, 0, 0, 0], new Set(['3'])))).toBe(0.25)
    expect(scoreData(worker, inputsOf([300, 100], new Set(['0'])))).toBe(0.75)
  })

  it('weighs 0.3 of every preset, the others sharing the rest as ever', () => {
    const inputs = inputsOf([1], new Set())
    for (const [preset, own] of Object.entries(PRESETS)) {
      const { route, ...request } = buildRequest()
      const asked = { ...route, preset: preset as keyof typeof PRESETS }
      const { weights } = resolveWeights({ ...request, inputs, route: asked })
      expect(weights.data).toBe(0.3)
      expect(weights.cpu).toBeCloseTo(own.cpu * 0.7, 12)
    }
    const { cpu, data } = resolved(inputs, 0)
    expect(data).toBe(0)
    expect(cpu).toBeCloseTo(PRESETS.balanced.cpu, 12)
  })

  it('is absent without inputs, whatever is said of it', () => {
    expect(Object.keys(scoreTerms(buildCandidate(), PRESETS.balanced, COSTS))).not.toContain('data')
    expect(resolved(undefined, 5)).toEqual(PRESETS.balanced)
    const nothingElse = { cpu: 0, memory: 0, disk: 0, gpu: 0, latency: 0, reputation: 0, data: 1 }
    const { route, ...request } = buildRequest()
    const only = { ...request, route: { ...route, weights: nothingElse } }
    expect(resolveWeights(only).weights).toEqual(PRESETS.balanced)
    expect(resolveWeights({ ...only, inputs: inputsOf([1], new Set()) }).weights.data).toBe(1)
  })

  it('is in the record, with bytes and age', () => {
    const inputs = inputsOf([300, 100], new Set(['0']))
    const record = selectWorker(
      { ...buildRequest(), inputs },
      [buildCandidate()],
      buildCircumstances()
    ).explain()
    expect(checkRecord(record)).toBe(record)
    expect(record.candidates[0]?.terms['data']).toEqual({
      raw: 300,
      score: 0.75,
      weight: 0.3,
      weighted: 0.225,
      // 100 bytes are missing, which are asked for first.
      ms: 200.008,
      age_ms: 7
    })
  })
})
