/** What placement expects of a worker: from its own record, and the fleet's where that is short. */
import { describe, expect, it } from 'vitest'
import { FleetService } from '../../../src/reputation/fleet-service.ts'
import { ReputationLedger } from '../../../src/reputation/ledger.ts'
import { lowerBound, prospectOf } from '../../../src/reputation/score.ts'

const HOUR_MS = 3_600_000

describe('the prospect of a worker', () => {
  it('is the lower bound until ten tasks of it are known', () => {
    const service = { good: 9.9, bad: 0 }
    expect(prospectOf(service, 1)).toBe(lowerBound(service))
    expect(prospectOf({ good: 10, bad: 0 }, 1)).toBeGreaterThan(0.99)
  })

  it('hardly tells a good worker of ten tasks from one of a thousand, where the fleet is good', () => {
    const [ten, thousand] = [10, 1_000].map((good) => prospectOf({ good, bad: 0 }, 0.999)) as [
      number,
      number
    ]
    expect(thousand - ten).toBeLessThan(0.001)
    expect(thousand).toBeGreaterThan(ten)
  })

  it('falls with each fault, however many good tasks there were', () => {
    const shares = [0, 2, 4, 20].map((bad) => prospectOf({ good: 200, bad }, 0.999))
    expect(shares).toEqual(shares.toSorted((left, right) => right - left))
    expect(shares[3]).toBeLessThan(0.92)
  })

  it('follows the fleet where little is known', () => {
    const service = { good: 12, bad: 0 }
    expect(prospectOf(service, 0.5)).toBeLessThan(prospectOf(service, 0.9))
  })
})

describe('the fleet', () => {
  it('is the faded sum of its workers, in whatever order they are told of', () => {
    const told = [
      { good: 8, bad: 2, atMs: 0 },
      { good: 40, bad: 0, atMs: 3 * HOUR_MS },
      { good: 5, bad: 4, atMs: HOUR_MS }
    ]
    const shares = [told, told.toReversed()].map((list) => {
      const fleet = new FleetService()
      for (const { atMs, ...service } of list) fleet.add(service, atMs)
      return fleet.shareAt(6 * HOUR_MS)
    })
    expect(shares[0]).toBeCloseTo(shares[1] as number, 12)
    expect(shares[0]).toBeGreaterThan(0.8)
  })

  it('is that of a stranger while nobody is known, and again once all are forgotten', () => {
    const fleet = new FleetService()
    expect(fleet.shareAt(0)).toBe(0.8)
    fleet.add({ good: 30, bad: 1 }, 0)
    fleet.add({ good: -30, bad: -1 }, 0)
    expect(fleet.shareAt(HOUR_MS)).toBeCloseTo(0.8, 12)
  })

  it('is kept by the ledger, through its document and whoever it forgets', () => {
    const ledger = new ReputationLedger({ workerCountMax: 2 })
    for (const workerId of ['a', 'a', 'a', 'b', 'b', 'c']) {
      for (let times = 0; times < 20; times += 1) {
        ledger.record({ kind: 'completed', workerId, latencyMs: 1, promisedMs: 1 }, HOUR_MS)
      }
    }
    const restored = ReputationLedger.fromDocument(ledger.toDocument(HOUR_MS), {
      workerCountMax: 2
    })
    expect(ledger.of('b', HOUR_MS).evidenceCount).toBe(0)
    expect(restored.prospectOf('a', 2 * HOUR_MS)).toBeCloseTo(
      ledger.prospectOf('a', 2 * HOUR_MS),
      12
    )
  })
})
