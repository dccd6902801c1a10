/** The ledger: what it counts, how it is bounded, and what it refuses to load. */
import { describe, expect, it } from 'vitest'
import { MeshError } from '../../../src/core/errors.ts'
import { ReputationLedger } from '../../../src/reputation/ledger.ts'
import type { LedgerDocument, LedgerEntry } from '../../../src/reputation/ledger-document.ts'

const HOUR_MS = 3_600_000

function complete(
  ledger: ReputationLedger,
  workerId: string,
  nowMs: number,
  latencyMs?: number
): void {
  ledger.record({ kind: 'completed', workerId, latencyMs }, nowMs)
}

function crash(ledger: ReputationLedger, workerId: string, nowMs: number): void {
  ledger.record({ kind: 'failed', workerId, blame: 'worker', code: 'SANDBOX_CRASHED' }, nowMs)
}

describe('ledger', () => {
  it('knows nothing of a stranger but what everybody is lent', () => {
    expect(new ReputationLedger().of('worker-a', 0)).toEqual({
      peerId: 'worker-a',
      reputation: expect.closeTo(0.4, 12) as number,
      expected: 0.8,
      evidenceCount: 0,
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
    complete(ledger, 'worker-a', 1_000, 10)
    complete(ledger, 'worker-a', 2_000, 30)
    complete(ledger, 'worker-a', 2_500)
    crash(ledger, 'worker-a', 3_000)
    expect(ledger.of('worker-a', 3_000)).toMatchObject({
      evidenceCount: 4,
      successCount: 3,
      failureCount: 1,
      averageLatencyMs: 20,
      firstSeenMs: 1_000,
      lastSeenMs: 3_000,
      lastChange: 'failed a task: SANDBOX_CRASHED'
    })
  })

  it('fades evidence, but not the counts of all time', () => {
    const ledger = new ReputationLedger()
    for (let index = 0; index < 100; index += 1) complete(ledger, 'worker-a', 0)
    const fresh = ledger.of('worker-a', 0)
    const later = ledger.of('worker-a', 24 * HOUR_MS)
    expect(later.reputation).toBeLessThan(fresh.reputation)
    expect(later.reputation).toBeGreaterThan(0.4)
    expect(later.evidenceCount).toBe(100)
  })

  it('does not fade or forget when the clock goes back', () => {
    const ledger = new ReputationLedger()
    complete(ledger, 'worker-a', 10 * HOUR_MS)
    complete(ledger, 'worker-a', 0)
    const [entry] = ledger.toJSON().workers
    expect(entry).toMatchObject({ good: 2, lastSeenMs: 10 * HOUR_MS })
  })

  it('keeps no line for a worker of which nothing was counted', () => {
    const ledger = new ReputationLedger()
    const outcome = { kind: 'failed', workerId: 'a', blame: 'job', code: 'TASK_FAILED' } as const
    expect(ledger.record(outcome, 0)).toBe(false)
    expect(ledger.list(0)).toEqual([])
  })

  it('lists the best first', () => {
    const ledger = new ReputationLedger()
    crash(ledger, 'worker-a', 0)
    complete(ledger, 'worker-c', 0)
    complete(ledger, 'worker-b', 0)
    expect(ledger.list(0).map(({ peerId }) => peerId)).toEqual(['worker-b', 'worker-c', 'worker-a'])
  })

  it('forgets the worker of whom least is known when it is full', () => {
    const ledger = new ReputationLedger({ workerCountMax: 3 })
    complete(ledger, 'proven', 0)
    complete(ledger, 'proven', 0)
    crash(ledger, 'bad', 0)
    for (let index = 0; index < 50; index += 1) complete(ledger, `fresh-${index}`, 1)
    expect(new Set(ledger.list(1).map(({ peerId }) => peerId))).toEqual(
      new Set(['bad', 'fresh-49', 'proven'])
    )
  })
})

describe('stored ledger', () => {
  it('comes back as it was', () => {
    const again = ReputationLedger.fromJSON(stored())
    expect(again.toJSON()).toEqual(stored())
    expect(again.of('worker-a', 1_000)).toMatchObject({ successCount: 1, averageLatencyMs: 12.5 })
  })

  it('is a copy, which later outcomes do not change', () => {
    const ledger = ReputationLedger.fromJSON(stored())
    const before = ledger.toJSON()
    complete(ledger, 'worker-a', 5_000)
    expect(before).toEqual(stored())
  })

  it.each<[string, unknown]>([
    ['version', null],
    ['version', []],
    ['version', { version: 2, workers: [] }],
    ['workers', { version: 1 }],
    ['workers[0]', { version: 1, workers: ['worker-a'] }],
    ['workers[0].peerId', withField({ peerId: '' })],
    ['workers[0].peerId', withField({ peerId: 7 })],
    ['workers[0].good', withField({ good: -1 })],
    ['workers[0].good', withField({ good: null })],
    ['workers[0].good', withField({ good: 2 })],
    ['workers[0].bad', withField({ bad: '0' })],
    ['workers[0].bad', withField({ bad: 1 })],
    ['workers[0].successCount', withField({ successCount: 1.5 })],
    ['workers[0].firstSeenMs', withField({ firstSeenMs: 3_000 })],
    ['workers[0].lastChange', withField({ lastChange: 'x'.repeat(1_000) })],
    ['workers[1].peerId', { version: 1, workers: [entryWith({}), entryWith({})] }]
  ])('is refused with its place when %s is damaged', (path, value) => {
    expect(errorOf(() => ReputationLedger.fromJSON(value))).toMatchObject({
      code: 'STORE_FAILED',
      path,
      retryable: false
    })
  })

  it('is refused when it has more workers than the ledger holds', () => {
    const error = errorOf(() => ReputationLedger.fromJSON(stored(), { workerCountMax: 1 }))
    expect(error.path).toBe('workers')
  })
})

/** A ledger of two workers, as it would come from the store. */
function stored(): LedgerDocument {
  const ledger = new ReputationLedger()
  complete(ledger, 'worker-a', 1_000, 12.5)
  crash(ledger, 'worker-b', 2_000)
  return JSON.parse(JSON.stringify(ledger)) as LedgerDocument
}

function entryWith(fields: object): LedgerEntry {
  return {
    peerId: 'worker-a',
    good: 1,
    bad: 0,
    successCount: 1,
    failureCount: 0,
    latencyMsSum: 0,
    latencyCount: 0,
    firstSeenMs: 1_000,
    lastSeenMs: 2_000,
    lastChange: 'completed a task',
    ...fields
  }
}

function withField(fields: object): LedgerDocument {
  return { version: 1, workers: [entryWith(fields)] }
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
