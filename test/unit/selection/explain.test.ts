/** The decision record and the sentence for people. */
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { validatorFor } from '../../../src/model/validate.ts'
import { selectWorker } from '../../../src/selection/select.ts'
import { buildCandidate, buildRequest } from '../../support/build-candidate.ts'
import type { DecisionRecord } from '../../../src/model/generated/decision.ts'
import type { Candidate } from '../../../src/selection/candidate.ts'

const checkRecord = validatorFor<DecisionRecord>('decision')

function crowd(count: number, build: (index: number) => Partial<Candidate>): Candidate[] {
  return Array.from({ length: count }, (_, index) =>
    buildCandidate({ peerId: `worker-${String(index).padStart(3, '0')}`, ...build(index) })
  )
}

describe('the decision record', () => {
  it('gives every worker a verdict with its reason', () => {
    const candidates = crowd(
      6,
      (index) =>
        [
          { reputation: 1 },
          { reputation: 0.8 },
          { reputation: 0.6 },
          { reputation: 0.4 },
          { otherTasks: 8 },
          { availability: 'stopping', cpuCores: 1 }
        ][index] as Partial<Candidate>
    )
    const request = buildRequest({ resources: { cpu: 2 } })
    const record = checkRecord(selectWorker(request, candidates, 0.42, 1_000).explain())
    expect(record).toMatchObject({
      at_ms: 1_000,
      policy: 'weighted-top-k/1',
      preset: 'balanced',
      pick: 'top3',
      draw: 0.42,
      chosen: 'worker-001',
      considered: 6,
      rejected: { WORKER_STOPPING: 1 }
    })
    expect(
      record.candidates.map(({ peer_id, verdict, reason_code, reason }) =>
        [peer_id, verdict, reason_code, reason].join(' | ')
      )
    ).toEqual([
      'worker-001 | chosen | PICKED | picked among 3 with draw 0.42',
      'worker-000 | eligible | NOT_DRAWN | ranked 1st; draw 0.42 fell on another',
      'worker-002 | eligible | NOT_DRAWN | ranked 3rd; draw 0.42 fell on another',
      'worker-003 | eligible | NOT_AMONG_BEST | ranked 4th; only the best 3 are drawn from',
      'worker-004 | full | SLOTS_TAKEN | no room now: has 8 tasks in 4 slots and 4 queue slots',
      'worker-005 | rejected | WORKER_STOPPING | is stopping; has too few CPU cores (1 of 2)'
    ])
  })

  it('says who would only queue and who was tried', () => {
    const candidates = crowd(3, (index) => (index === 1 ? { otherTasks: 4 } : {}))
    const request = buildRequest({}, { triedWorkers: ['worker-002'], sameWorker: 'avoid' })
    const record = selectWorker(request, candidates, 0, 0).explain()
    expect(record.candidates.map(({ reason_code }) => reason_code)).toEqual([
      'PICKED',
      'WOULD_ONLY_QUEUE',
      'TRIED_BEFORE'
    ])
  })

  it('says that a latency is unmeasured and a limit was not applied', () => {
    const request = buildRequest({ where: { max_latency_ms: 50 } })
    const record = selectWorker(
      request,
      crowd(1, () => ({ latencyMs: undefined })),
      0,
      0
    ).explain()
    expect(checkRecord(record).candidates[0]?.reason).toBe(
      'picked among 1; latency not measured yet, taken as 100 ms, so the limit of 50 ms was not applied'
    )
  })

  it('has no draw where there was nothing to draw from', () => {
    const record = checkRecord(selectWorker(buildRequest(), [], 0.5, 0).explain())
    expect(record).toMatchObject({ draw: null, chosen: null, considered: 0, candidates: [] })
  })

  it('lists a bounded number, with examples of every kind, while counts cover all', () => {
    const candidates = crowd(400, (index) => {
      if (index < 100) return { reputation: index / 100 }
      if (index < 200) return { otherTasks: 8 }
      return index < 390 ? { availability: 'stopping' } : { engines: [] }
    })
    const record = checkRecord(selectWorker(buildRequest(), candidates, 0, 0).explain())
    expect(record.candidates).toHaveLength(LIMITS.decisionCandidatesMax)
    expect(record).toMatchObject({
      considered: 400,
      rejected: { WORKER_STOPPING: 190, ENGINE_MISSING: 10 }
    })
    const verdicts = record.candidates.map(({ verdict }) => verdict)
    expect(verdicts).toEqual([
      'chosen',
      ...Array.from({ length: 9 }, () => 'eligible'),
      ...Array.from({ length: 5 }, () => 'full'),
      ...Array.from({ length: 5 }, () => 'rejected')
    ])
    expect(record.candidates.slice(-2).map(({ reason_code }) => reason_code)).toContain(
      'ENGINE_MISSING'
    )
  })

  it('lists the chosen one first even when it ranks far below the rest', () => {
    const candidates = crowd(90, () => ({}))
    const request = buildRequest({ route: { pick: 'top90' } })
    const record = checkRecord(selectWorker(request, candidates, 0.999, 0).explain())
    expect(record.candidates[0]).toMatchObject({ peer_id: 'worker-089', verdict: 'chosen' })
    expect(record.candidates).toHaveLength(LIMITS.decisionCandidatesMax)
  })
})

describe('the sentence for people', () => {
  const request = buildRequest({
    resources: { memory: '4096MB' },
    where: { require: ['zone = home'] }
  })
  const home = { labels: { zone: 'home' } }
  const summaryOf = (...list: Partial<Candidate>[]): string =>
    selectWorker(
      request,
      crowd(list.length, (index) => list[index] ?? {}),
      0,
      0
    ).summarise()

  it('groups refusals with counts', () => {
    expect(summaryOf({}, {}, { ...home, memoryTotalMb: 1024 }, { ...home, otherTasks: 8 })).toBe(
      '3 of 4 workers were refused: 2 lack label zone = home, 1 has too little memory (976MiB of 3.82GiB); 1 fits but is full'
    )
  })

  it('sums up several that fall short by the best of them', () => {
    expect(summaryOf({ ...home, memoryTotalMb: 1024 }, { ...home, memoryTotalMb: 2048 })).toBe(
      '2 of 2 workers were refused: 2 have too little memory (at best 1.9GiB of 3.82GiB)'
    )
  })

  it('tells full from short of memory', () => {
    const busy = { ...home, memoryAvailableMb: 100 }
    expect(summaryOf({ ...home, otherTasks: 8 }, { ...home, otherTasks: 9 })).toBe(
      '2 fit but are full'
    )
    expect(summaryOf(busy)).toBe('1 fits but has too little memory free now')
  })

  it('begins with who could do it', () => {
    expect(summaryOf(home, {}, { ...home, otherTasks: 4 })).toBe(
      '1 can start it now; 1 would queue it; 1 of 3 workers was refused: 1 lacks label zone = home (has no zone)'
    )
  })

  it('says when nobody is known', () => {
    expect(summaryOf()).toBe('no worker is known in this namespace')
  })

  it('spells out five groups at most', () => {
    const require = Array.from({ length: 8 }, (_, index) => `exists label${index}`)
    const candidates = crowd(8, (index) => ({
      labels: Object.fromEntries(
        Array.from({ length: index }, (_, present): [string, string] => [`label${present}`, 'x'])
      )
    }))
    const summary = selectWorker(buildRequest({ where: { require } }), candidates, 0, 0).summarise()
    expect(summary.match(/has no label/g)).toHaveLength(5)
    expect(summary).toContain('3 for other reasons')
  })
})
