/**
 * The mesh's judgement of workers under attack, in short runs from fixed seeds: what must never happen, whatever the
 * figures of the whole table (`npm run sim -- reputation`) come to.
 */
import { describe, expect, it } from 'vitest'
import { DEFAULT_SCENARIO } from '../../src/simulation/reputation/scenario.ts'
import { simulateReputation } from '../../src/simulation/reputation/simulate.ts'
import type { ReputationResult } from '../../src/simulation/reputation/simulate.ts'
import type { Scenario } from '../../src/simulation/reputation/scenario.ts'

const SEED = 1
const SEEDS = [SEED, 2]
/** The first minutes, in which nobody is trusted yet, and some after them. */
const WINDOWS_MS = [3 * 60_000, 5 * 60_000]

function run(changes: Partial<Scenario>, seed = SEED): ReputationResult {
  return simulateReputation({ ...DEFAULT_SCENARIO, windowsMs: WINDOWS_MS, ...changes }, seed)
}

const CHEATS: Record<string, Partial<Scenario>> = {
  'are always wrong': {},
  'are wrong one time in five': { attack: { kind: 'steady', misdeed: 'wrong', share: 0.2 } },
  'give the same wrong answer': { isColluding: true },
  'collude and claim to be the fastest': { isColluding: true, isFastest: true },
  'come back under new names': { isColluding: true, isWhitewashing: true },
  'have two of five routers lie for them': { isColluding: true, isSharing: true, badRouters: 0.4 }
}

describe('a fresh mesh in which one worker in ten', () => {
  for (const [what, changes] of Object.entries(CHEATS)) {
    it(`cheats, and cheats ${what}`, () => {
      // One cheat in so many begins with ten right answers by luck, so one seed alone says little of the first minutes.
      const results = SEEDS.map((seed) => run(changes, seed))
      const wrong = results.map(({ windows }) => windows[0]?.wrong ?? 1)
      expect(wrong.reduce((sum, one) => sum + one, 0) / SEEDS.length).toBeLessThan(0.0005)
      for (const { goodQuarantined, windows } of results) {
        const [early, late] = windows
        expect(early?.undecided).toBeLessThan(0.005)
        expect(late?.wrong).toBe(0)
        expect(late?.toBad).toBeLessThan(0.001)
        expect(goodQuarantined).toBe(0)
      }
    })
  }

  for (const badRouters of [0, 0.4]) {
    it(`crashes, where ${badRouters * 5} of five routers praise it`, () => {
      const attack = { kind: 'steady', misdeed: 'crash', share: 0.5 } as const
      expect(run({ attack, isSharing: true, badRouters }).windows[1]?.toBad).toBeLessThan(0.002)
    })
  }
})

it('the same seed gives the same run, another one another', () => {
  const changes = { isColluding: true, windowsMs: [20_000] }
  const first = run(changes, 7)
  expect(run(changes, 7)).toEqual(first)
  expect(run(changes, 8).trace).not.toBe(first.trace)
})

it('routers that go by the rate of success alone believe cheats', () => {
  const judgement = { kind: 'naive', checkShare: 0, isPooled: false } as const
  expect(run({ judgement }).windows[1]?.wrong).toBeGreaterThan(0.1)
})
