import { describe, expect, it } from 'vitest'
import { ReputationLedger } from '../../../src/reputation/ledger.ts'
import { credibilityOf, weighClaims } from '../../../src/reputation/shared.ts'
import type { Service } from '../../../src/reputation/score.ts'

const GOOD: Service = { good: 50, bad: 0 }
const BAD: Service = { good: 5, bad: 45 }
const NOTHING: Service = { good: 0, bad: 0 }
const COMMON = ['a', 'b', 'c', 'd', 'e']

function claims(entries: Record<string, Service>): Map<string, Service> {
  return new Map(Object.entries(entries))
}

function all(service: Service): Record<string, Service> {
  return Object.fromEntries(COMMON.map((worker) => [worker, service]))
}

function ownOf(worker: string): Service {
  return COMMON.includes(worker) ? GOOD : NOTHING
}

describe('how far a router is believed', () => {
  it('wholly where it agrees on five workers of whom both know enough', () => {
    expect(credibilityOf(claims(all(GOOD)), () => GOOD)).toBe(1)
  })

  it('not at all where it says the opposite', () => {
    expect(credibilityOf(claims(all(BAD)), () => GOOD)).toBe(0)
  })

  it('in part where it differs by a little', () => {
    const other = { good: 40, bad: 10 }
    const credibility = credibilityOf(claims(all(other)), () => GOOD)
    expect(credibility).toBeGreaterThan(0.2)
    expect(credibility).toBeLessThan(0.6)
  })

  it('by half where fewer than five workers are common, or little is known of them', () => {
    const four = claims({ a: BAD, b: BAD, c: BAD, d: BAD })
    expect(credibilityOf(four, () => GOOD)).toBe(0.5)
    expect(credibilityOf(claims(all(BAD)), () => ({ good: 4, bad: 0 }))).toBe(0.5)
    expect(credibilityOf(claims(all({ good: 0, bad: 4 })), () => GOOD)).toBe(0.5)
  })
})

describe('what is imported', () => {
  it('is the sum over routers, each as far as it is believed', () => {
    const honest = { router: 'r1', workers: claims({ ...all(GOOD), new: { good: 3, bad: 1 } }) }
    const stranger = { router: 'r2', workers: claims({ new: { good: 0, bad: 4 } }) }
    const liar = { router: 'r3', workers: claims({ ...all(BAD), new: { good: 1_000, bad: 0 } }) }
    expect(weighClaims([honest, stranger, liar], ownOf).get('new')).toEqual({ fa: 3, fb: 3 })
  })

  it('counts of each for no more than ten tasks as far as it is believed, however much is claimed', () => {
    const ledger = new ReputationLedger()
    const book = { router: 'r', workers: claims({ new: { good: 0, bad: 1e9 } }) }
    ledger.setImported('new', weighClaims([book], ownOf).get('new') ?? { fa: 0, fb: 0 })
    expect(ledger.of('new', 0).imported).toEqual({ fa: 0, fb: 5 })
    for (let count = 0; count < 100; count += 1) {
      ledger.record({ kind: 'completed', workerId: 'new' }, 0)
    }
    expect(ledger.of('new', 0).expected).toBeGreaterThan(0.9)
  })

  it('is not drowned by one router that claims a billion', () => {
    const honest = ['r1', 'r2', 'r3'].map((router) => ({
      router,
      workers: claims({ ...all(GOOD), new: { good: 0, bad: 40 } })
    }))
    const loud = { router: 'r4', workers: claims({ ...all(GOOD), new: { good: 1e9, bad: 0 } }) }
    const ledger = new ReputationLedger()
    ledger.setImported('new', weighClaims([...honest, loud], ownOf).get('new') ?? { fa: 0, fb: 0 })
    expect(ledger.of('new', 0).imported).toEqual({ fa: 2.5, fb: 7.5 })
  })

  it('never makes anybody trusted, or quarantined', () => {
    const ledger = new ReputationLedger()
    ledger.setImported('new', { fa: 10, fb: 0 })
    expect(ledger.of('new', 0)).toMatchObject({ tier: 'probation', checkProbability: 1 })
    ledger.setImported('new', { fa: 0, fb: 10 })
    expect(ledger.of('new', 0).tier).toBe('probation')
  })
})
