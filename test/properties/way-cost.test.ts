/** What must hold of the cost of the way to a worker. fast-check prints its seed. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PATH_KINDS } from '../../src/network/paths/paths.ts'
import { buildCandidate, buildCircumstances, buildRequest } from '../support/build-candidate.ts'
import { completionMs, emptyCost, measureCost, totalCost } from '../../src/selection/cost.ts'
import { compileRequest } from '../../src/selection/compile.ts'
import { replayDecision } from '../../src/selection/replay.ts'
import { selectWorker } from '../../src/selection/select.ts'
import { validatorFor } from '../../src/model/validate.ts'
import type { Candidate, InputFiles } from '../../src/selection/candidate.ts'
import type { DecisionRecord } from '../../src/model/generated/decision.ts'
import type { Task } from '../../src/selection/cost.ts'

const checkRecord = validatorFor<DecisionRecord>('decision')

const MIB = 2 ** 20
const path = fc.option(fc.constantFrom(...PATH_KINDS), { nil: undefined })
const rate = fc.option(fc.double({ min: 1, max: 1e6, noNaN: true }), { nil: undefined })
const bytes = fc.nat(64 * MIB)
const way = fc.record({
  path,
  bytesPerMsTo: rate,
  bytesPerMsFrom: rate,
  latencyMs: fc.option(fc.double({ min: 0, max: 1_000, noNaN: true }), { nil: undefined })
})
const task = fc.record({ workMs: fc.constant(500), sendBytes: bytes, returnBytes: bytes })

function inputsOf(sizes: readonly (number | undefined)[], held: readonly string[]): InputFiles {
  const files = sizes.map((sizeBytes, index) => ({ id: String(index), sizeBytes }))
  return { files, has: (_peer, id) => held.includes(id), ageMs: () => 0 }
}

function costOf(facts: Partial<Candidate>, of: Task, inputs?: InputFiles): number {
  const compiled = compileRequest({ ...buildRequest(), inputs })
  const parts = emptyCost()
  measureCost(compiled, buildCandidate(facts), of, parts)
  expect(completionMs(parts)).toBeGreaterThan(0)
  return totalCost(compiled.factors, parts)
}

const SMALL = { workMs: 500, sendBytes: 500, returnBytes: 500 }

describe('the way in the cost of a worker', () => {
  it('only grows with what is moved, there and back', () => {
    fc.assert(
      fc.property(way, task, bytes, (facts, of, more) => {
        const cost = costOf(facts, of)
        const sendBytes = of.sendBytes + more
        const returnBytes = of.returnBytes + more
        expect(costOf(facts, { ...of, sendBytes })).toBeGreaterThanOrEqual(cost)
        expect(costOf(facts, { ...of, returnBytes })).toBeGreaterThanOrEqual(cost)
      })
    )
  })

  it('only falls with what was measured to be faster', () => {
    fc.assert(
      fc.property(way, task, fc.double({ min: 1, max: 100, noNaN: true }), (facts, of, times) => {
        const { bytesPerMsFrom = 1e3, bytesPerMsTo = 1e3 } = facts
        const known = { ...facts, bytesPerMsFrom, bytesPerMsTo }
        const cost = costOf(known, of) * (1 + 1e-9)
        expect(costOf({ ...known, bytesPerMsTo: bytesPerMsTo * times }, of)).toBeLessThanOrEqual(
          cost
        )
        const faster = { ...known, bytesPerMsFrom: bytesPerMsFrom * times }
        expect(costOf(faster, of)).toBeLessThanOrEqual(cost)
      })
    )
  })

  it('is dearer by each worse kind of path that nobody has measured', () => {
    fc.assert(
      fc.property(task, bytes, (of, size) => {
        const costs = PATH_KINDS.map((kind) => costOf({ path: kind }, of, inputsOf([size], [])))
        expect(costs).toEqual(costs.toSorted((left, right) => left - right))
        expect(costOf({ path: undefined }, of)).toBe(costOf({ path: 'direct' }, of))
      })
    )
  })

  it('is nearly free for small tasks through a relay, and dear for large inputs', () => {
    const small = costOf({ path: 'relayed' }, SMALL) - costOf({ path: 'lan' }, SMALL)
    expect(small).toBeLessThan(2)
    const large = inputsOf([20 * MIB], [])
    const gap = costOf({ path: 'relayed' }, SMALL, large) - costOf({ path: 'lan' }, SMALL, large)
    expect(gap).toBeGreaterThan(10_000)
  })

  it('costs nothing for files that are there, whatever the path', () => {
    fc.assert(
      fc.property(
        way,
        fc.array(fc.option(bytes, { nil: undefined }), { minLength: 1 }),
        (facts, sizes) => {
          const all = sizes.map((_, index) => String(index))
          const compiled = compileRequest({ ...buildRequest(), inputs: inputsOf(sizes, all) })
          const parts = emptyCost()
          measureCost(compiled, buildCandidate(facts), SMALL, parts)
          expect(parts.dataMs).toBe(0)
        }
      )
    )
  })

  it('is in the record, from which the same worker is chosen again', () => {
    fc.assert(
      fc.property(
        fc.array(way, { minLength: 1, maxLength: 6 }),
        task,
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (ways, of, draw) => {
          const candidates = ways.map((facts, index) =>
            buildCandidate({ ...facts, peerId: `worker-${index}` })
          )
          const at = buildCircumstances({ ...of, draw })
          const record = checkRecord(selectWorker(buildRequest(), candidates, at).explain())
          expect(record.send_bytes ?? 0).toBe(of.sendBytes)
          for (const {
            bandwidth,
            path: shown,
            peer_id: peer,
            terms,
            move_ms: ms = 0
          } of record.candidates) {
            const { bytesPerMsTo, path: kind } = candidates.find(
              ({ peerId }) => peerId === peer
            ) as Candidate
            expect(shown).toBe(kind)
            expect(bandwidth?.to !== undefined).toBe(
              kind !== undefined && bytesPerMsTo !== undefined
            )
            expect(terms['latency']?.ms).toBeGreaterThanOrEqual(ms)
          }
          const again = replayDecision(record)
          expect(again?.replayed).toBe(again?.recorded)
        }
      )
    )
  })
})
