/** The ledger: what it counts, how it is bounded, and what it refuses to load. */
import { describe, expect, it } from 'vitest'
import { MeshError } from '../../../src/core/errors.ts'
import { ReputationLedger } from '../../../src/reputation/ledger.ts'
import { checkpointOfNote } from '../../../src/reputation/old-note.ts'
import type { AttemptOutcome } from '../../../src/reputation/outcomes.ts'
import type { EvidenceCheckpoint } from '../../../src/model/generated/evidence-checkpoint.ts'

const HOUR_MS = 3_600_000

function complete(
  ledger: ReputationLedger,
  workerId: string,
  nowMs: number,
  about: Partial<Extract<AttemptOutcome, { kind: 'completed' }>> = {}
): void {
  ledger.record({ kind: 'completed', workerId, ...about }, nowMs)
}

function crash(ledger: ReputationLedger, workerId: string, nowMs: number): void {
  ledger.record({ kind: 'failed', workerId, blame: 'worker', code: 'SANDBOX_CRASHED' }, nowMs)
}

function verify(ledger: ReputationLedger, kind: 'right' | 'wrong', nowMs: number, count = 1): void {
  for (let index = 0; index < count; index += 1) ledger.record({ kind, workerId: 'a' }, nowMs)
}

describe('ledger', () => {
  it('knows nothing of a stranger but what everybody is lent', () => {
    expect(new ReputationLedger().of('worker-a', 0)).toEqual({
      peerId: 'worker-a',
      reputation: expect.closeTo(0.36, 12) as number,
      reliability: expect.closeTo(0.4, 12) as number,
      prospect: expect.closeTo(0.4, 12) as number,
      expected: 0.8,
      upper: 1,
      correctness: 0.9,
      tier: 'probation',
      checkProbability: 1,
      streak: 0,
      quarantinedUntilMs: undefined,
      strikes: 0,
      imported: { fa: 0, fb: 0 },
      evidenceCount: 0,
      evidenceLeft: 0,
      successCount: 0,
      failureCount: 0,
      averageLatencyMs: undefined,
      firstSeenMs: undefined,
      lastSeenMs: undefined,
      lastChange: undefined
    })
  })

  it('counts outcomes, latencies and times', () => {
    const ledger = new ReputationLedger()
    complete(ledger, 'worker-a', 1_000, { latencyMs: 10 })
    complete(ledger, 'worker-a', 2_000, { latencyMs: 1_990, promisedMs: 5 })
    complete(ledger, 'worker-a', 2_500)
    crash(ledger, 'worker-a', 3_000)
    expect(ledger.of('worker-a', 3_000)).toMatchObject({
      evidenceCount: 4,
      successCount: 3,
      failureCount: 1,
      averageLatencyMs: 1_000,
      firstSeenMs: 1_000,
      lastSeenMs: 3_000,
      lastChange: 'failed a task: SANDBOX_CRASHED'
    })
    expect(ledger.recordOf('worker-a')?.counts).toMatchObject({ completed: 2, late: 1, crashed: 1 })
  })

  it('fades evidence, but not the counts of all time', () => {
    const ledger = new ReputationLedger()
    for (let index = 0; index < 100; index += 1) complete(ledger, 'worker-a', 0)
    const fresh = ledger.of('worker-a', 0)
    const later = ledger.of('worker-a', 24 * HOUR_MS)
    expect(later.reputation).toBeLessThan(fresh.reputation)
    expect(later.reliability).toBeGreaterThan(0.4)
    expect(later.evidenceCount).toBe(100)
    expect(later.evidenceLeft).toBeCloseTo(100 / 16, 6)
  })

  it('does not fade or forget when the clock goes back', () => {
    const ledger = new ReputationLedger()
    complete(ledger, 'worker-a', 10 * HOUR_MS)
    complete(ledger, 'worker-a', 0)
    expect(ledger.recordOf('worker-a')).toMatchObject({ good: 2, lastSeenMs: 10 * HOUR_MS })
  })

  it('keeps no line for a worker of which nothing was counted', () => {
    const ledger = new ReputationLedger()
    const failed = { kind: 'failed', workerId: 'a', blame: 'job', code: 'TASK_FAILED' } as const
    expect(ledger.record(failed, 0)).toBeUndefined()
    const cleared = { kind: 'cleared', workerId: 'a', of: 'lost', blamedAtMs: 0 } as const
    expect(ledger.record(cleared, 0)).toBeUndefined()
    expect(ledger.list(0)).toEqual([])
  })

  it('lists the best first', () => {
    const ledger = new ReputationLedger()
    crash(ledger, 'worker-a', 0)
    complete(ledger, 'worker-c', 0)
    complete(ledger, 'worker-b', 0)
    expect(ledger.list(0).map(({ peerId }) => peerId)).toEqual(['worker-b', 'worker-c', 'worker-a'])
  })

  it('forgets the worker of whom least is known when it is full, and nobody in quarantine', () => {
    const ledger = new ReputationLedger({ workerCountMax: 4 })
    complete(ledger, 'proven', 0)
    complete(ledger, 'proven', 0)
    crash(ledger, 'bad', 0)
    verify(ledger, 'wrong', 0)
    for (let index = 0; index < 50; index += 1) complete(ledger, `fresh-${index}`, 1)
    expect(new Set(ledger.list(1).map(({ peerId }) => peerId))).toEqual(
      new Set(['a', 'bad', 'fresh-49', 'proven'])
    )
  })
})

describe('trust', () => {
  it('comes by ten right results in a row, and is lost by one that is wrong', () => {
    const ledger = new ReputationLedger()
    verify(ledger, 'right', 0, 9)
    expect(ledger.of('a', 0)).toMatchObject({ tier: 'probation', checkProbability: 1 })
    verify(ledger, 'right', 0)
    expect(ledger.of('a', 0)).toMatchObject({ tier: 'trusted', checkProbability: 0.5 })
    verify(ledger, 'right', 0, 1_000)
    expect(ledger.of('a', 0).checkProbability).toBe(0.02)
    verify(ledger, 'wrong', 0)
    expect(ledger.of('a', 0)).toMatchObject({
      tier: 'quarantined',
      streak: 0,
      strikes: 1,
      quarantinedUntilMs: HOUR_MS
    })
    expect(ledger.of('a', HOUR_MS)).toMatchObject({ tier: 'probation', checkProbability: 1 })
  })

  it('takes four times as long to try again after each time that it was found wrong, a month at most', () => {
    const ledger = new ReputationLedger()
    let nowMs = 0
    const hours = [1, 4, 16, 64, 256, 720, 720].map((length) => {
      verify(ledger, 'wrong', nowMs)
      const untilMs = ledger.of('a', nowMs).quarantinedUntilMs ?? 0
      const isAsLong = untilMs - nowMs === length * HOUR_MS
      nowMs = untilMs
      return isAsLong
    })
    expect(hours).not.toContain(false)
  })

  it('counts what was sent before it was found wrong, but as no further offence', () => {
    const ledger = new ReputationLedger()
    verify(ledger, 'wrong', 0)
    const { correctness } = ledger.of('a', 0)
    verify(ledger, 'wrong', HOUR_MS / 2, 6)
    const after = ledger.of('a', HOUR_MS / 2)
    expect(after).toMatchObject({ strikes: 1, quarantinedUntilMs: HOUR_MS })
    expect(after.correctness).toBeLessThan(correctness)
  })
})

describe('what others say', () => {
  it('counts like ten tasks at most, beside what was seen, and is no evidence of it', () => {
    const ledger = new ReputationLedger()
    ledger.setImported('a', { fa: 900, fb: 100 })
    const told = ledger.of('a', 0)
    expect(told).toMatchObject({ imported: { fa: 9, fb: 1 }, evidenceCount: 0, tier: 'probation' })
    expect(told.expected).toBeCloseTo(13 / 15, 12)
    expect(ledger.prospectOf('a', 0)).toBe(told.prospect)
    expect(ledger.toDocument(0).workers).toEqual([])
    ledger.setImported('a', { fa: 0, fb: 0 })
    expect(ledger.of('a', 0).reliability).toBeCloseTo(0.4, 12)
  })

  it('is bounded, too', () => {
    const ledger = new ReputationLedger({ workerCountMax: 2 })
    for (const peer of ['a', 'b', 'c']) ledger.setImported(peer, { fa: 5, fb: 0 })
    expect(['a', 'b', 'c'].map((peer) => ledger.of(peer, 0).imported.fa)).toEqual([0, 5, 5])
  })
})

describe('history', () => {
  it('tells types of tasks apart, and forgets the one unused for longest', () => {
    const ledger = new ReputationLedger()
    for (let index = 0; index < 17; index += 1) complete(ledger, 'a', 0, { taskType: `t${index}` })
    complete(ledger, 'a', 0, { taskType: 't1', latencyMs: 4 })
    const types = ledger.historyOf('a')?.types
    expect(types?.size).toBe(16)
    expect(types?.has('t0')).toBe(false)
    expect(types?.get('t1')).toMatchObject({ good: 2, latencyMsSum: 4, counts: { completed: 2 } })
    expect([...(types?.keys() ?? [])].at(-1)).toBe('t1')
  })

  it('has a point for each hour, and joins what is alike', () => {
    const ledger = new ReputationLedger()
    complete(ledger, 'a', 0)
    complete(ledger, 'a', 10)
    crash(ledger, 'a', 20)
    complete(ledger, 'a', 100 * HOUR_MS)
    const { events = [], points = [] } = ledger.historyOf('a') ?? {}
    expect(points).toMatchObject([
      { hourMs: 0, outcomes: 3, faults: 1 },
      { hourMs: 100 * HOUR_MS, outcomes: 1, faults: 0 }
    ])
    expect(events).toMatchObject([
      { sinceMs: 0, atMs: 10, count: 2, text: 'completed a task' },
      { count: 1, text: 'failed a task: SANDBOX_CRASHED' },
      { count: 1, text: 'completed a task' }
    ])
    expect(events[0]?.from).toBeCloseTo(0.36, 12)
    expect(events[1]?.from).toBeCloseTo(events[0]?.to ?? 0, 6)
  })

  it('is kept of those last heard of', () => {
    const ledger = new ReputationLedger({ historyCountMax: 2 })
    for (const peer of ['a', 'b', 'a', 'c']) complete(ledger, peer, 0)
    expect(['a', 'b', 'c'].map((peer) => ledger.historyOf(peer) !== undefined)).toEqual([
      true,
      false,
      true
    ])
    expect(ledger.of('b', 0).successCount).toBe(1)
  })
})

describe('stored ledger', () => {
  it('comes back as it was', () => {
    const again = ReputationLedger.fromDocument(stored())
    expect(again.toDocument(9_000)).toEqual(stored())
    expect(again.of('worker-a', 1_000)).toMatchObject({ successCount: 1, averageLatencyMs: 12.5 })
  })

  it('is a copy, which later outcomes do not change', () => {
    const ledger = ReputationLedger.fromDocument(stored())
    const before = ledger.toDocument(9_000)
    complete(ledger, 'worker-a', 5_000)
    expect(before).toEqual(stored())
  })

  it('may be of one worker', () => {
    const ledger = ReputationLedger.fromDocument(stored())
    expect(ledger.toDocument(0, 'worker-b').workers.map(({ peer_id }) => peer_id)).toEqual([
      'worker-b'
    ])
  })

  it.each<[string, unknown]>([
    ['version', null],
    ['version', { ...stored(), version: 3 }],
    ['workers', { version: 2, at_ms: 0 }],
    ['workers[0].peer_id', withField({ peer_id: '' })],
    ['workers[0].peer_id', withField({ peer_id: 7 })],
    ['workers[0].good', withField({ good: -1 })],
    ['workers[0].good', withField({ good: null })],
    ['workers[0].good', withField({ good: 2 })],
    ['workers[0].right', withField({ right: 1 })],
    ['workers[0].streak', withField({ streak: 0.5 })],
    ['workers[0].bad', withField({ bad: '0' })],
    ['workers[0].strikes', withField({ strikes: 1.5 })],
    ['workers[0].first_seen_ms', withField({ first_seen_ms: 3_000 })],
    ['workers[0].last_change', withField({ last_change: 'x'.repeat(1_000) })],
    [
      'workers[1].peer_id',
      { ...stored(), workers: [...withField({}).workers, ...withField({}).workers] }
    ]
  ])('is refused with its place when %s is damaged', (path, value) => {
    expect(errorOf(() => ReputationLedger.fromDocument(value))).toMatchObject({
      code: 'STORE_FAILED',
      path,
      retryable: false
    })
  })

  it('is refused when it has more workers than the ledger holds', () => {
    const error = errorOf(() => ReputationLedger.fromDocument(stored(), { workerCountMax: 1 }))
    expect(error.path).toBe('workers')
  })

  it('may be the note of an earlier version', () => {
    const old = {
      version: 1,
      workers: [
        {
          peerId: 'worker-a',
          good: 3,
          bad: 1,
          successCount: 7,
          failureCount: 2,
          latencyMsSum: 70,
          latencyCount: 7,
          firstSeenMs: 1_000,
          lastSeenMs: 2_000,
          lastChange: 'completed a task'
        }
      ]
    }
    const ledger = ReputationLedger.fromDocument(checkpointOfNote(JSON.stringify(old)))
    expect(ledger.of('worker-a', 2_000)).toMatchObject({
      successCount: 7,
      failureCount: 2,
      averageLatencyMs: 10
    })
    const broken = checkpointOfNote('{"version":99}')
    expect(errorOf(() => ReputationLedger.fromDocument(broken)).code).toBe('STORE_FAILED')
  })
})

/** A ledger of two workers, as it would come from the store. */
function stored(): EvidenceCheckpoint {
  const ledger = new ReputationLedger()
  complete(ledger, 'worker-a', 1_000, { latencyMs: 12.5, taskType: 'builtin:sum' })
  crash(ledger, 'worker-b', 2_000)
  return JSON.parse(JSON.stringify(ledger.toDocument(9_000))) as EvidenceCheckpoint
}

function withField(fields: object): EvidenceCheckpoint {
  const document = stored()
  return { ...document, workers: [{ ...document.workers[0], ...fields }] } as EvidenceCheckpoint
}

function errorOf(work: () => unknown): MeshError {
  try {
    work()
  } catch (error) {
    if (error instanceof MeshError) return error
    throw error
  }
  throw new Error('nothing was refused')
}
