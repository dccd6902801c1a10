/** The decision record and the sentence for people. */
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { validatorFor } from '../../../src/model/validate.ts'
import { selectWorker } from '../../../src/selection/select.ts'
import { buildCandidate, buildCircumstances, buildRequest } from '../../support/build-candidate.ts'
import type { DecisionRecord } from '../../../src/model/generated/decision.ts'
import type {
  Candidate,
  Circumstances,
  SelectionRequest
} from '../../../src/selection/candidate.ts'

const checkRecord = validatorFor<DecisionRecord>('decision')

function crowd(count: number, build: (index: number) => Partial<Candidate>): Candidate[] {
  return Array.from({ length: count }, (_, index) =>
    buildCandidate({ peerId: `worker-${String(index).padStart(3, '0')}`, ...build(index) })
  )
}

function recordOf(
  request: SelectionRequest,
  candidates: readonly Candidate[],
  circumstances: Partial<Circumstances> = {}
): DecisionRecord {
  return checkRecord(selectWorker(request, candidates, buildCircumstances(circumstances)).explain())
}

describe('the decision record', () => {
  it('gives every worker a verdict with its reason', () => {
    const candidates = crowd(
      6,
      (index) =>
        [
          { latencyMs: 100 },
          { latencyMs: 101 },
          { latencyMs: 102 },
          { latencyMs: 103 },
          { running: 4, queued: 4 },
          { availability: 'stopping', cpuCores: 1 }
        ][index] as Partial<Candidate>
    )
    const request = buildRequest({ resources: { cpu: 2 } })
    const record = recordOf(request, candidates, { draw: 0.42, nowMs: 1_000 })
    expect(record).toMatchObject({
      at_ms: 1_000,
      policy: 'expected-completion-time/2',
      preset: 'balanced',
      factors: { cpu: 1, gpu: 0, latency: 1, data: 0 },
      task_type: 'builtin:noop',
      work_ms: 500,
      pick: 'top3',
      draw: 0.42,
      chosen: 'worker-001',
      considered: 6,
      filters: expect.arrayContaining(['WORKER_STOPPING', 'ENGINE_MISSING', 'CPU_TOO_SMALL']),
      rejected: { WORKER_STOPPING: 1 }
    })
    expect(
      record.candidates.map(({ peer_id, verdict, reason_code, reason }) =>
        [peer_id, verdict, reason_code, reason].join(' | ')
      )
    ).toEqual([
      'worker-001 | chosen | PICKED | picked among 3 with draw 0.42',
      'worker-000 | eligible | NOT_DRAWN | ranked 1st; draw 0.42 fell on another',
      'worker-002 | eligible | NOT_DRAWN | ranked 3rd, 2.5 ms after the best; draw 0.42 fell on another',
      'worker-003 | eligible | NOT_AMONG_BEST | ranked 4th, 3.7 ms after the best; only the best 3 are drawn from',
      'worker-004 | full | SLOTS_TAKEN | no room now: has 8 tasks in 4 slots and 4 queue slots',
      'worker-005 | rejected | WORKER_STOPPING | is stopping; has too few CPU cores (1 of 2)'
    ])
    expect(record.candidates.at(-1)?.refused_by).toEqual(['WORKER_STOPPING', 'CPU_TOO_SMALL'])
  })

  it('gives each part of the cost in milliseconds, which by their factors make the cost', () => {
    const busy = buildCandidate({ running: 4, queued: 1, waitMs: 40, queuedMs: 30, speed: 4 })
    const [row] = recordOf(buildRequest(), [busy], { workMs: 400 }).candidates
    expect(row).toMatchObject({ wait_ms: 40, run_ms: 100, tasks: 5, slots: 4, free_slots: 0 })
    // A tenth of the run time by the square of (4 + 1) tasks in 4 slots.
    expect(row?.crowd_ms).toBeCloseTo(0.1 * 100 * (5 / 4) ** 2, 3)
    const { cpu, latency, reputation } = row?.terms ?? {}
    expect(cpu?.ms).toBeCloseTo(40 + 100 + 15.625, 3)
    expect(latency?.ms).toBe(100)
    // A failure in five: each costs three seconds and all that was spent.
    expect(reputation?.ms).toBeCloseTo((0.2 / 0.8) * (3_000 + 240), 3)
    const sum = ['cpu', 'memory', 'disk', 'latency', 'reputation']
      .map((part) => row?.terms[part]?.ms ?? 0)
      .reduce((total, ms) => total + ms, 0)
    expect(row?.cost_ms).toBe(Math.round(sum))
  })

  it('says who was tried and who is on probation', () => {
    const candidates = crowd(4, (index) => (index % 2 === 1 ? { tier: 'probation' } : {}))
    const document = { triedWorkers: ['worker-002', 'worker-003'], trust: 'trusted_first' } as const
    const record = recordOf(buildRequest({}, { ...document, sameWorker: 'avoid' }), candidates)
    expect(record.candidates.map(({ reason_code, tier }) => [reason_code, tier])).toEqual([
      ['PICKED', undefined],
      ['ON_PROBATION', 2],
      ['TRIED_BEFORE', 3],
      ['TRIED_BEFORE', 5]
    ])
  })

  it('says of whom little is known, and when that is why it was chosen', () => {
    const candidates = crowd(30, (index) => (index === 29 ? { evidenceLeft: 0, speed: 1 } : {}))
    const explored = recordOf(buildRequest(), candidates, { draw: 0.0123 })
    expect(explored).toMatchObject({
      chosen: 'worker-029',
      exploration: true,
      newcomer: 'worker-029'
    })
    expect(explored.candidates.slice(0, 2)).toMatchObject([
      {
        reason_code: 'EXPLORED',
        reason: 'picked with draw 0.0123 because little is known of it',
        probability: 0.02
      },
      { reason: 'ranked 1st; draw 0.01 fell on one of whom little is known', probability: 0.3267 }
    ])
    const drawn = recordOf(buildRequest(), candidates, { draw: 0.9 })
    expect(drawn.exploration).toBeUndefined()
    expect(drawn.candidates[1]).toMatchObject({ peer_id: 'worker-029', reason_code: 'NOT_DRAWN' })
    expect(drawn.candidates[1]?.reason).toMatch(/^ranked far down, 316 ms .* 0.90 fell on another/)
  })

  it('says that a latency is unmeasured and a limit was not applied', () => {
    const request = buildRequest({ where: { max_latency_ms: 50 } })
    const record = recordOf(
      request,
      crowd(1, () => ({ latencyMs: undefined }))
    )
    expect(record.candidates[0]?.reason).toBe(
      'picked among 1; latency not measured yet, taken as 100 ms, so the limit of 50 ms was not applied'
    )
  })

  it('has no draw where there was nothing to draw from', () => {
    const record = recordOf(buildRequest(), [])
    expect(record).toMatchObject({ draw: null, chosen: null, considered: 0, candidates: [] })
  })

  it('lists a bounded number, with examples of every kind, while counts cover all', () => {
    const candidates = crowd(400, (index) => {
      if (index < 100) return { speed: 1 + index / 100 }
      if (index < 200) return { running: 4, queued: 4 }
      return index < 390 ? { availability: 'stopping' } : { engines: [] }
    })
    const selection = selectWorker(buildRequest(), candidates, buildCircumstances())
    const record = checkRecord(selection.explain())
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
    const whole = checkRecord(selection.explain(400))
    expect(whole.candidates).toHaveLength(400)
    expect(whole.chosen).toBe(record.chosen)
  })

  it('lists the chosen one first even when it ranks far below the rest', () => {
    const request = buildRequest({ route: { pick: 'top90' } })
    const record = recordOf(
      request,
      crowd(90, () => ({})),
      { draw: 0.999 }
    )
    expect(record.candidates[0]).toMatchObject({ peer_id: 'worker-089', verdict: 'chosen' })
    expect(record.candidates).toHaveLength(LIMITS.decisionCandidatesMax)
  })

  it('stays valid with figures that make no sense', () => {
    const candidates = crowd(3, (index) => [{ speed: 0 }, { slots: Number.NaN }, {}][index] ?? {})
    const record = recordOf(buildRequest(), candidates)
    expect(record).toMatchObject({ chosen: 'worker-002', rejected: { FIGURES_ABSURD: 2 } })
    expect(record.candidates[1]?.reason).toBe(
      'reports figures that make no sense (4 slots at 0 GHz, 100 ms away, expected to see 0.8 of its tasks through)'
    )
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
      buildCircumstances()
    ).summarise()

  it('groups refusals with counts', () => {
    expect(
      summaryOf({}, {}, { ...home, memoryTotalMb: 1024 }, { ...home, running: 4, queued: 4 })
    ).toBe(
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
    expect(summaryOf({ ...home, running: 4, queued: 4 }, { ...home, running: 4, queued: 5 })).toBe(
      '2 fit but are full'
    )
    expect(summaryOf(busy)).toBe('1 fits but has too little memory free now')
  })

  it('begins with who could do it', () => {
    expect(summaryOf(home, {}, { ...home, running: 4 })).toBe(
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
    const summary = selectWorker(
      buildRequest({ where: { require } }),
      candidates,
      buildCircumstances()
    ).summarise()
    expect(summary.match(/has no label/g)).toHaveLength(5)
    expect(summary).toContain('3 for other reasons')
  })
})
