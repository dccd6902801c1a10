/** What must hold of reputation for any evidence and any course of events. fast-check prints its seed. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ERROR_CATALOGUE } from '../../src/core/errors.ts'
import { ReputationLedger } from '../../src/reputation/ledger.ts'
import { entryOf, replay } from '../../src/reputation/evidence.ts'
import {
  NO_EVIDENCE,
  decay,
  expectedShare,
  lowerBound,
  reputationOf,
  upperBound
} from '../../src/reputation/score.ts'
import type { ErrorCode } from '../../src/core/errors.ts'
import type { AttemptOutcome } from '../../src/reputation/outcomes.ts'
import type { EvidenceEntry } from '../../src/reputation/evidence.ts'

const amount = fc.double({ min: 0, max: 1e6, noNaN: true })
const evidence = fc.record({
  good: amount,
  bad: amount,
  right: amount,
  wrong: amount,
  streak: amount
})
/** Outcomes come whole, and what is left of one is never smaller than this before it stops to matter. */
const step = fc.double({ min: 0.01, max: 100, noNaN: true })
const elapsed = fc.double({ min: 0, max: 1e12, noNaN: true })
const code = fc.constantFrom(...(Object.keys(ERROR_CATALOGUE) as ErrorCode[]))
const blame = fc.constantFrom('worker', 'network', 'router', 'job', 'caller')
const someWorker = fc.constantFrom('worker-a', 'worker-b', 'worker-c')
const outcome: fc.Arbitrary<AttemptOutcome> = fc.oneof(
  fc.record({
    kind: fc.constant('completed' as const),
    workerId: someWorker,
    latencyMs: fc.option(fc.integer({ min: 0, max: 1e6 }), { nil: undefined })
  }),
  fc.record({ kind: fc.constant('failed' as const), workerId: someWorker, blame, code }),
  fc.record({ kind: fc.constantFrom('outdone' as const, 'lied' as const), workerId: someWorker }),
  fc.record({ kind: fc.constant('right' as const), workerId: someWorker })
)
const wrong: fc.Arbitrary<AttemptOutcome> = fc.record({
  kind: fc.constant('wrong' as const),
  workerId: someWorker
})

describe('scores', () => {
  it('stay between 0 and 1, the bound below what is expected', () => {
    fc.assert(
      fc.property(evidence, (counts) => {
        const bound = lowerBound(counts)
        expect(bound).toBeGreaterThanOrEqual(0.02)
        expect(bound).toBeLessThanOrEqual(1)
        expect(expectedShare(counts)).toBeGreaterThanOrEqual(0)
        expect(expectedShare(counts)).toBeLessThanOrEqual(1)
        expect(bound).toBeLessThanOrEqual(Math.max(0.02, expectedShare(counts)))
        expect(upperBound(counts)).toBeGreaterThanOrEqual(bound)
        expect(reputationOf(counts)).toBeGreaterThanOrEqual(0)
        expect(reputationOf(counts)).toBeLessThanOrEqual(bound)
      })
    )
  })

  it('never fall by more good and never rise by more bad evidence', () => {
    const moderate = fc.record({
      good: fc.double({ min: 0, max: 1e4, noNaN: true }),
      bad: fc.double({ min: 0, max: 1e4, noNaN: true })
    })
    fc.assert(
      fc.property(moderate, step, ({ good, bad }, more) => {
        const bound = lowerBound({ good, bad })
        expect(lowerBound({ good: good + more, bad })).toBeGreaterThanOrEqual(bound - 1e-12)
        expect(lowerBound({ good, bad: bad + more })).toBeLessThanOrEqual(bound + 1e-12)
      }),
      { numRuns: 2_000 }
    )
  })

  it('never put a stranger above a worker of which only good is known, however long ago', () => {
    fc.assert(
      fc.property(amount, elapsed, (good, elapsedMs) => {
        const stranger = lowerBound({ good: 0, bad: 0 })
        expect(lowerBound(decay({ ...NO_EVIDENCE, good }, elapsedMs))).toBeGreaterThanOrEqual(
          stranger
        )
      })
    )
  })

  it('fade towards nothing, never below, and in any number of steps alike', () => {
    fc.assert(
      fc.property(
        evidence,
        elapsed,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (counts, ms, at) => {
          const once = decay(counts, ms)
          const twice = decay(decay(counts, ms * at), ms * (1 - at))
          for (const kind of ['good', 'bad', 'right', 'wrong', 'streak'] as const) {
            expect(once[kind]).toBeGreaterThanOrEqual(0)
            expect(once[kind]).toBeLessThanOrEqual(counts[kind])
            expect(Math.abs(twice[kind] - once[kind])).toBeLessThanOrEqual(1e-6 * (1 + once[kind]))
          }
        }
      )
    )
  })
})

describe('the ledger', () => {
  it('gives the same scores whatever the order of outcomes at one moment', () => {
    fc.assert(
      fc.property(
        fc.array(outcome, { maxLength: 50 }),
        fc.infiniteStream(fc.nat()),
        (list, keys) => {
          const shuffled = list
            .map((one) => ({ one, key: keys.next().value as number }))
            .toSorted((left, right) => left.key - right.key)
            .map(({ one }) => one)
          const scores = [list, shuffled].map((outcomes) => {
            const ledger = new ReputationLedger()
            for (const one of outcomes) ledger.record(one, 1_000)
            return ledger.list(2_000).map(({ lastChange: _lastChange, ...rest }) => rest)
          })
          expect(scores[0]).toEqual(scores[1])
        }
      )
    )
  })

  it('keeps the score of a worker whose failures are all the fault of others', () => {
    const innocent = fc.record({
      kind: fc.constant('failed' as const),
      workerId: someWorker,
      blame: fc.constantFrom('network', 'router', 'job', 'caller'),
      code
    })
    fc.assert(
      fc.property(fc.array(outcome), fc.array(innocent), elapsed, (list, failures, nowMs) => {
        const ledger = new ReputationLedger()
        for (const one of list) ledger.record(one, nowMs)
        const before = ledger.list(nowMs)
        for (const failure of failures) expect(ledger.record(failure, nowMs)).toBeUndefined()
        expect(ledger.list(nowMs)).toEqual(before)
      })
    )
  })

  it('comes back from its stored form after any course of events, and stays bounded', () => {
    const events = fc.array(fc.tuple(outcome, fc.integer({ min: -1e8, max: 1e9 })))
    fc.assert(
      fc.property(events, (list) => {
        const ledger = new ReputationLedger({ workerCountMax: 2 })
        let nowMs = 1e12
        for (const [one, passedMs] of list) ledger.record(one, (nowMs += passedMs))
        expect(ledger.list(nowMs).length).toBeLessThanOrEqual(2)
        const stored = JSON.parse(JSON.stringify(ledger.toDocument(nowMs))) as unknown
        const again = ReputationLedger.fromDocument(stored)
        expect(again.list(nowMs)).toEqual(ledger.list(nowMs))
        expect(again.toDocument(nowMs)).toEqual(stored)
      })
    )
  })

  it('lowers a score by own faults alone, at the moment they are counted', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(outcome, wrong)), elapsed, (list, passedMs) => {
        const ledger = new ReputationLedger()
        let nowMs = 0
        for (const one of list) {
          nowMs += passedMs
          const before = ledger.of(one.workerId, nowMs).reputation
          const change = ledger.record(one, nowMs)
          const after = ledger.of(one.workerId, nowMs).reputation
          const isFault = change !== undefined && (change.bad > 0 || change.wrong > 0)
          const [lower, higher] = isFault ? [after, before] : [before, after]
          expect(lower).toBeLessThanOrEqual(higher + 1e-12)
        }
      })
    )
  })

  it('takes a fault back as if it had never been, whatever came between', () => {
    const crash = {
      kind: 'failed',
      workerId: 'worker-a',
      blame: 'worker',
      code: 'PEER_GONE'
    } as const
    const between = fc.array(fc.tuple(outcome, fc.integer({ min: 0, max: 1e8 })), { maxLength: 20 })
    fc.assert(
      fc.property(between, (list) => {
        const scores = [true, false].map((isBlamed) => {
          const ledger = new ReputationLedger()
          ledger.record({ kind: 'completed', workerId: 'worker-a' }, 0)
          if (isBlamed) ledger.record(crash, 0)
          let nowMs = 0
          for (const [one, passedMs] of list) ledger.record(one, (nowMs += passedMs))
          const { workerId } = crash
          if (isBlamed)
            ledger.record({ kind: 'cleared', workerId, of: 'lost', blamedAtMs: 0 }, nowMs)
          return ledger.of(workerId, nowMs).reputation
        })
        expect(scores[0]).toBeCloseTo(scores[1] as number, 9)
      })
    )
  })

  it('is what its checkpoint and the entries after it give, at any cut', () => {
    const events = fc.array(fc.tuple(fc.oneof(outcome, wrong), fc.integer({ min: 0, max: 1e8 })), {
      maxLength: 40
    })
    fc.assert(
      fc.property(events, fc.nat({ max: 40 }), (list, cut) => {
        const ledger = new ReputationLedger()
        let document: unknown = ledger.toDocument(0)
        const entries: EvidenceEntry[] = []
        let nowMs = 1e12
        for (const [index, [one, passedMs]] of list.entries()) {
          nowMs += passedMs
          const counted = ledger.record(one, nowMs) !== undefined
          if (counted && index > cut) entries.push(entryOf(one, nowMs))
          if (index === cut) document = ledger.toDocument(nowMs)
        }
        const text = JSON.stringify({ document, entries })
        const stored = JSON.parse(text) as { document: unknown; entries: EvidenceEntry[] }
        const again = ReputationLedger.fromDocument(
          cut < list.length ? stored.document : ledger.toDocument(nowMs)
        )
        for (const entry of stored.entries) replay(again, entry)
        expect(again.toDocument(nowMs)).toEqual(ledger.toDocument(nowMs))
      })
    )
  })
})
