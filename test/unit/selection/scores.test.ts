/** The six part scores, by the reference's formulas, and with figures that make no sense. */
import { describe, expect, it } from 'vitest'
import {
  scoreCpu,
  scoreDisk,
  scoreGpu,
  scoreLatency,
  scoreMemory,
  scoreReputation,
  scoreTerms,
  weightedScore
} from '../../../src/selection/scores.ts'
import { PRESETS } from '../../../src/selection/weights.ts'
import { WORKER_PARTS } from '../../../src/selection/candidate.ts'
import { buildCandidate } from '../../support/build-candidate.ts'

const COSTS = { cpu: 7.5, memory: 0, disk: 0, gpu: 0, latency: 100, reputation: 0, data: 0 }

const scorers = [scoreCpu, scoreMemory, scoreDisk, scoreGpu, scoreLatency, scoreReputation]

describe('part scores', () => {
  it('scores CPU by cores up to 16 and by what is idle', () => {
    expect(scoreCpu(buildCandidate({ cpuCores: 8, cpuUsage: 50 }))).toBe(0.25)
    expect(scoreCpu(buildCandidate({ cpuCores: 16, cpuUsage: 0 }))).toBe(1)
    expect(scoreCpu(buildCandidate({ cpuCores: 64, cpuUsage: 0 }))).toBe(1)
    expect(scoreCpu(buildCandidate({ cpuCores: 64, cpuUsage: 100 }))).toBe(0)
  })

  it('scores memory and disk by the share that is free', () => {
    const candidate = buildCandidate({
      memoryAvailableMb: 1024,
      memoryTotalMb: 4096,
      diskAvailableMb: 300,
      diskTotalMb: 400
    })
    expect(scoreMemory(candidate)).toBe(0.25)
    expect(scoreDisk(candidate)).toBe(0.75)
  })

  it('scores a GPU by memory, compute units and what is idle; none scores 0', () => {
    const gpu = { gpuCount: 1, gpuMemoryMb: 12_288, gpuComputeUnits: 5_000, gpuUsage: 50 }
    expect(scoreGpu(buildCandidate(gpu))).toBeCloseTo(0.5 * 0.5 + 0.3 * 0.5 + 0.2 * 0.5, 12)
    expect(scoreGpu(buildCandidate({ ...gpu, gpuMemoryMb: 1e6, gpuComputeUnits: 1e6 }))).toBe(0.9)
    expect(scoreGpu(buildCandidate({ ...gpu, gpuCount: 0 }))).toBe(0)
  })

  it('scores latency, taking the middle for what is unmeasured', () => {
    expect(scoreLatency(buildCandidate({ latencyMs: 0 }))).toBe(1)
    expect(scoreLatency(buildCandidate({ latencyMs: 100 }))).toBe(0.5)
    expect(scoreLatency(buildCandidate({ latencyMs: 300 }))).toBe(0.25)
    expect(scoreLatency(buildCandidate({ latencyMs: undefined }))).toBe(0.5)
  })

  it('scores 0, not NaN, for totals of 0 and figures that are not numbers', () => {
    const zero = buildCandidate({ memoryTotalMb: 0, memoryAvailableMb: 0, diskTotalMb: 0 })
    expect(scoreMemory(zero)).toBe(0)
    expect(scoreDisk(zero)).toBe(0)
    for (const bad of [Number.NaN, Infinity, -Infinity, -5]) {
      const candidate = buildCandidate({
        cpuCores: bad,
        cpuUsage: bad,
        memoryTotalMb: bad,
        memoryAvailableMb: bad,
        diskTotalMb: bad,
        diskAvailableMb: bad,
        gpuCount: 1,
        gpuMemoryMb: bad,
        gpuComputeUnits: bad,
        gpuUsage: bad,
        latencyMs: bad,
        reputation: bad
      })
      for (const score of scorers) {
        expect(score(candidate)).toBeGreaterThanOrEqual(0)
        expect(score(candidate)).toBeLessThanOrEqual(1)
      }
    }
  })
})

describe('weighted score', () => {
  it('is the sum of its terms', () => {
    const candidate = buildCandidate({ cpuUsage: 33, latencyMs: 17, reputation: 0.9 })
    const terms = Object.values(scoreTerms(candidate, PRESETS.balanced, COSTS))
    expect(terms.reduce((sum, { weighted }) => sum + weighted, 0)).toBeCloseTo(
      weightedScore(candidate, PRESETS.balanced),
      3
    )
    for (const { score, weight, weighted } of terms) expect(weighted).toBeCloseTo(score * weight, 3)
  })

  it('gives the fact, its age, its weight and its milliseconds with every term', () => {
    const terms = scoreTerms(buildCandidate(), PRESETS.balanced, COSTS)
    expect(Object.keys(terms)).toEqual([...WORKER_PARTS])
    expect(terms['cpu']).toEqual({
      raw: 8,
      score: 0.5,
      weight: 0.2,
      weighted: 0.1,
      ms: 7.5,
      age_ms: 1000
    })
    expect(terms['latency']).toMatchObject({ raw: 100, score: 0.5, age_ms: 2000 })
    expect(terms['gpu']).toMatchObject({ raw: 0, score: 0, age_ms: 5000 })
  })
})
