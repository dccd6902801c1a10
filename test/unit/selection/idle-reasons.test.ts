/** Why tasks went elsewhere: the sliding hour, the sample, the words, and what an owner can do. */
import { describe, expect, it } from 'vitest'
import { IdleReasons } from '../../../src/selection/idle-reasons.ts'
import { idleHint } from '../../../src/selection/idle-hints.ts'
import { selectWorker } from '../../../src/selection/select.ts'
import { buildCandidate, buildCircumstances, buildRequest } from '../../support/build-candidate.ts'
import type { Candidate } from '../../../src/selection/candidate.ts'
import type { Selection } from '../../../src/selection/select.ts'

const HOUR_MS = 3_600_000
/** Far from the beginning of a span, as most moments are. */
const NOW_MS = 1_000 * HOUR_MS + 123_456

function decide(candidates: readonly Candidate[]): Selection {
  const request = buildRequest({ route: { pick: 'best' } })
  return selectWorker(request, candidates, buildCircumstances())
}

const fleet = [
  buildCandidate({ peerId: 'best' }),
  buildCandidate({ peerId: 'far', latencyMs: 400 }),
  buildCandidate({ peerId: 'without', engines: [] }),
  buildCandidate({ peerId: 'full', running: 4, queued: 4 })
]

const because = (code: string, example: string): string | null =>
  idleHint({ reasons: [{ code, example }] })

describe('idle reasons', () => {
  it('count every decision of a small fleet, under the code of its record', () => {
    const reasons = new IdleReasons()
    for (let count = 0; count < 10; count += 1) reasons.note(decide(fleet), NOW_MS + count)
    const of = (peer: string) => reasons.of(peer, NOW_MS - HOUR_MS, NOW_MS + 10)
    expect(of('best')).toMatchObject({ looks: 10, chosen: 10, reasons: [] })
    expect(of('without')).toMatchObject({
      looks: 10,
      chosen: 0,
      reasons: [
        {
          code: 'ENGINE_MISSING',
          count: 10,
          lastAtMs: NOW_MS + 9,
          example: 'lacks engine builtin (offers none)'
        }
      ]
    })
    expect(of('far').reasons[0]?.code).toBe('NOT_AMONG_BEST')
    expect(of('full').reasons[0]?.code).toBe('SLOTS_TAKEN')
    expect(of('nobody')).toEqual({ peerId: 'nobody', looks: 0, chosen: 0, reasons: [] })
  })

  it('give the same code as the record, for every worker', () => {
    const selection = decide(fleet)
    for (const row of selection.explain().candidates) {
      const candidate = fleet.find(({ peerId }) => peerId === row.peer_id) as Candidate
      expect(selection.codeOf(candidate)).toBe(row.reason_code)
      expect(selection.reasonOf(candidate)).toBe(row.reason)
    }
  })

  it('look at four of a larger fleet in turn, so that each is looked at as often', () => {
    const reasons = new IdleReasons()
    const many = Array.from({ length: 40 }, (_, index) => buildCandidate({ peerId: `w${index}` }))
    for (let count = 0; count < 100; count += 1) reasons.note(decide(many), NOW_MS)
    const looks = many.map(({ peerId }) => reasons.of(peerId, 0, NOW_MS).looks)
    expect(new Set(looks)).toEqual(new Set([10]))
  })

  it('forget what is longer ago than an hour, or than is asked', () => {
    const reasons = new IdleReasons()
    const [, far] = fleet
    const list = far === undefined ? [] : [buildCandidate(), far]
    const minutes = [0, 20, 40, 59, 90]
    for (const minute of minutes) reasons.note(decide(list), NOW_MS + minute * 60_000)
    const atMs = NOW_MS + 90 * 60_000
    const looksSince = (minute: number): number =>
      reasons.of('far', atMs - minute * 60_000, atMs).looks
    expect([5, 35, 55, 600].map(looksSince)).toEqual([1, 2, 3, 3])
    expect(reasons.of('far', atMs, atMs + 3 * HOUR_MS).looks).toBe(0)
  })

  it('say what the owner can do about the most frequent one', () => {
    expect(because('ENGINE_MISSING', 'lacks engine process (offers none); is stopping')).toBe(
      'it lacks engine process: start it with --engine process'
    )
    expect(because('SLOTS_TAKEN', '')).toContain('--slots')
    expect(because('NO_SUCH_CODE', '')).toBeNull()
    expect(idleHint({ reasons: [] })).toBeNull()
  })
})
