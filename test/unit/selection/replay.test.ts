/** Decisions made again from their records: as they were, under other weights, by other policies. */
import { describe, expect, it } from 'vitest'
import { replayDecision } from '../../../src/selection/replay.ts'
import { selectWorker } from '../../../src/selection/select.ts'
import { buildCandidate, buildCircumstances, buildRequest } from '../../support/build-candidate.ts'

const fleet = [
  buildCandidate({ peerId: 'near', latencyMs: 10, speed: 1, running: 3 }),
  buildCandidate({ peerId: 'fast', latencyMs: 200, speed: 4 }),
  buildCandidate({ peerId: 'large', latencyMs: 450, cpuCores: 64, running: 2 })
]

function recordOf(document: Parameters<typeof buildRequest>[0] = {}, draw = 0.5) {
  const request = buildRequest({ route: { pick: 'best' }, ...document })
  return selectWorker(request, fleet, buildCircumstances({ draw, workMs: 400 })).explain()
}

describe('a replayed decision', () => {
  it('comes out as it was without any wish', () => {
    expect(replayDecision(recordOf())).toEqual({
      recorded: 'fast',
      replayed: 'fast',
      laterMs: 0,
      isWhole: true
    })
  })

  it('changes with the weights, and tells what that would cost', () => {
    const again = replayDecision(recordOf(), { weights: { latency: 5 } })
    // 10 + 400 ms there, against 200 + 100.
    expect(again).toMatchObject({ recorded: 'fast', replayed: 'near', laterMs: 110 })
    expect(replayDecision(recordOf(), { preset: 'latency' })?.replayed).toBe('near')
  })

  it('follows other policies, by the figures of the record', () => {
    const record = recordOf()
    const by = (policy: 'random' | 'least-in-flight' | 'weighted-score') =>
      replayDecision(record, { policy })?.replayed
    expect(by('least-in-flight')).toBe('fast')
    expect(by('weighted-score')).toBe('near')
    expect(by('random')).toBe('large')
    expect(replayDecision({ ...record, draw: 0 }, { policy: 'random' })?.replayed).toBe('fast')
  })

  it('is nothing where nobody was chosen, or by a policy that told no milliseconds', () => {
    expect(replayDecision({ ...recordOf(), chosen: null, draw: null })).toBeUndefined()
    expect(replayDecision({ ...recordOf(), policy: 'weighted-top-k/1' })).toBeUndefined()
  })

  it('of a draw by chance is the same under any weights, also where the record lists not all', () => {
    const request = buildRequest({}, { isByChance: true })
    const many = Array.from({ length: 50 }, (_, index) =>
      buildCandidate({ peerId: `w${index}`, latencyMs: index })
    )
    for (const draw of [0, 0.4, 0.99]) {
      for (const [list, isWhole] of [
        [fleet, true],
        [many, false]
      ] as const) {
        const record = selectWorker(request, list, buildCircumstances({ draw })).explain()
        const same = { recorded: record.chosen, replayed: record.chosen, isWhole }
        expect(replayDecision(record)).toMatchObject(same)
        const again = replayDecision(record, { pickCount: 1 })
        expect(again).toMatchObject(same)
      }
    }
  })

  it('says so where the record does not list all that could have been chosen', () => {
    const many = Array.from({ length: 50 }, (_, index) => buildCandidate({ peerId: `w${index}` }))
    const record = selectWorker(buildRequest(), many, buildCircumstances()).explain()
    expect(replayDecision(record)).toMatchObject({ isWhole: false, laterMs: 0 })
  })
})
