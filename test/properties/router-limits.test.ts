/** Rules for routers and their rates, whatever is written and however tasks come. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ENGINES } from '../../src/model/engines.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { MeshError } from '../../src/core/errors.ts'
import { Pace } from '../../src/core/pace.ts'
import { readRouterRules } from '../../src/model/router-rules.ts'
import { validatorFor } from '../../src/model/validate.ts'

const checkLimits = validatorFor('capability-record#/$defs/limits')

const SUBJECTS = [
  '*',
  'label:a=b',
  'label:',
  '12D3KooWGRUVh5rBZFv4oHwrbBrpEqHEPE9DX6eSrt9BnPGYkZzB'
]
const NAMES = [
  'cpu',
  'deny',
  'disk',
  'engines',
  'gpu',
  'memory',
  'network',
  'queued',
  'rate',
  'run'
]
const VALUES = ['0', '1', '-1', '1e9', '9GiB', '5m', '60/1m', 'yes', 'no', '9'.repeat(400)]
const ODD = ['__proto__', 'constructor', 'toString', '=', '/', '+', ' ', '\n', 'slots']
const word = fc.constantFrom(...SUBJECTS, ...NAMES, ...VALUES, ...ODD, ...ENGINES)
const term = fc.tuple(word, word).map(([name, value]) => `${name}=${value}`)
const text = fc.oneof(
  fc.array(word, { maxLength: 8 }).map((words) => words.join('')),
  fc.array(term, { maxLength: 4 }).map((terms) => `* ${terms.join(' ')}`),
  fc.string({ maxLength: 200 })
)

/** What was wrong with it; undefined where it was read. */
function failureOf(texts: readonly string[]): unknown {
  try {
    for (const { limits } of readRouterRules(texts, 'router_limits')) checkLimits(limits)
    return undefined
  } catch (cause) {
    return cause
  }
}

/** It says what is wrong, where, and what to do about it. */
function isHelpful(failure: unknown): boolean {
  if (!(failure instanceof MeshError) || failure.code !== 'FIELD_INVALID') return false
  return /^router_limits\[[0-3]\]$/.test(failure.path ?? '') && failure.hint !== undefined
}

test('a rule is read, or refused with its place and a remedy; what is read may be sent', () => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 4 }), (texts) => {
      const failure = failureOf(texts)
      expect(failure === undefined || isHelpful(failure)).toBe(true)
    }),
    { numRuns: 2_000 }
  )
})

test('a rate lets through no more than its burst and what has come back, and as much when it says so', () => {
  const step = fc.record({ passMs: fc.integer({ min: 0, max: 5_000 }), count: fc.nat({ max: 8 }) })
  const init = fc.record({
    burst: fc.integer({ min: 1, max: 20 }),
    perMs: fc.integer({ min: 1, max: 9_999 })
  })
  fc.assert(
    fc.property(init, fc.array(step, { maxLength: 60 }), ({ burst, perMs }, steps) => {
      const clock = new FakeClock()
      const startMs = clock.monotonicMs()
      const pace = new Pace(clock, { burst, perSecond: (burst * 1_000) / perMs })
      let taken = 0
      for (const { count, passMs } of steps) {
        clock.advance(passMs)
        for (let index = 0; index < count; index += 1) if (pace.take('peer', 1)) taken += 1
        const passedMs = clock.monotonicMs() - startMs
        expect(taken).toBeLessThanOrEqual(burst + (passedMs * burst) / perMs + 1e-3)
        const waitMs = pace.waitMs('peer', 1)
        expect(waitMs).toBeLessThanOrEqual(Math.ceil(perMs / burst) + 1)
      }
      clock.advance(pace.waitMs('peer', 1))
      expect(pace.take('peer', 1)).toBe(true)
    })
  )
})
