/**
 * The routing policy in a mesh in virtual time. Seeded, so the figures are the same on every machine; the bounds are
 * a tenth above what they are, and tell when the policy gets worse. `npm run sim -- routing` has the whole grid.
 */
import { describe, expect, test } from 'vitest'
import { MIXES } from '../../src/simulation/routing/job-mix.ts'
import { scenarioOf } from '../../src/simulation/routing/scenario.ts'
import { simulateRouting } from '../../src/simulation/routing/simulate.ts'
import type { Cell, RoutingScenario } from '../../src/simulation/routing/scenario.ts'

const CELL: Cell = {
  workers: 20,
  routers: 5,
  mix: 'short',
  load: 0.75,
  hasChurn: true,
  jobs: 10_000,
  seed: 11
}

/** One machine of 1 GHz next to one router. */
function oneMachine(slots: number, load: number): RoutingScenario {
  const memoryMb = 1e6
  const spec = { peerId: 'only', slots, speed: 1, advertisedSpeed: 1, memoryMb, diskMb: 1e6 }
  const fleet = { workers: [spec], routerCount: 1, latencyMs: new Float64Array([1e-6]) }
  const jobs = { classes: MIXES.short, jobCount: 400_000, load }
  return { fleet, ...jobs, hasChurn: false, isCold: false, seed: 3 }
}

/** Mean time in the system of M/M/c by Erlang's formula, for jobs of 50 ms. */
function erlangMs(slots: number, load: number): number {
  const offered = slots * load
  let sum = 0
  let term = 1
  for (let busy = 0; busy < slots; busy += 1) {
    sum += term
    term *= offered / (busy + 1)
  }
  const waiting = (term * slots) / (slots - offered)
  return 50 + ((waiting / (sum + waiting)) * 50) / (slots * (1 - load))
}

describe('the simulator', () => {
  test.each([
    [1, 0.5],
    [1, 0.8],
    [4, 0.9]
  ])('agrees with queueing theory for %i slots at a load of %f', (slots, load) => {
    const { meanMs } = simulateRouting(oneMachine(slots, load), 'random')
    expect(meanMs / erlangMs(slots, load)).toBeCloseTo(1, 1)
  })

  test('decides the same from the same seed, and otherwise from another', () => {
    const cell: Cell = { ...CELL, mix: 'mixed', jobs: 2_000 }
    const first = simulateRouting(scenarioOf(cell), 'mesh')
    const again = simulateRouting(scenarioOf(cell), 'mesh')
    const other = simulateRouting(scenarioOf({ ...cell, seed: 12 }), 'mesh')
    expect(again).toEqual(first)
    expect(other.tally.trace).not.toBe(first.tally.trace)
  })
})

describe('the policy', () => {
  test.each<[Cell['mix'], { p50: number; p99: number }]>([
    ['short', { p50: 1.05, p99: 1.7 }],
    ['heavy', { p50: 1.45, p99: 1.9 }],
    ['mixed', { p50: 1.35, p99: 1.17 }]
  ])('stays near the omniscient scheduler with %s jobs, crashes included', (mix, bounds) => {
    const scenario = scenarioOf({ ...CELL, mix })
    const best = simulateRouting(scenario, 'omniscient')
    const mesh = simulateRouting(scenario, 'mesh')
    expect(mesh.doneCount).toBe(CELL.jobs)
    expect(mesh.p50Ms / best.p50Ms).toBeLessThan(bounds.p50)
    expect(mesh.p99Ms / best.p99Ms).toBeLessThan(bounds.p99)
  })

  test('ends a burst not much later than the omniscient scheduler', () => {
    // When it ends is when its longest jobs do, wherever they came to be: one seed says little.
    const logs = [11, 12, 13, 14, 15, 16, 17, 18].map((seed) => {
      const cell: Cell = {
        ...CELL,
        load: 'batch',
        mix: 'mixed',
        jobs: 3_000,
        hasChurn: false,
        seed
      }
      const scenario = scenarioOf(cell)
      const best = simulateRouting(scenario, 'omniscient')
      return Math.log(simulateRouting(scenario, 'mesh').makespanMs / best.makespanMs)
    })
    const mean = Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length)
    expect(mean).toBeLessThan(1.42)
  })

  test('gives work to workers that nobody knows, and they prove themselves', () => {
    const cell: Cell = { ...CELL, load: 0.9, hasChurn: false, isCold: true }
    const cold = simulateRouting(scenarioOf(cell), 'mesh')
    // Ten tasks of each of five routers prove each of twenty workers; some of those are under way at once.
    expect(cold.tally.explorations).toBeLessThan(1.5 * 20 * 5 * 10)
    expect(cold.doneCount).toBe(CELL.jobs)
    expect(cold.isUnstable).toBe(false)
  })
})
