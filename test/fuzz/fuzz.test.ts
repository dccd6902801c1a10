import { describe, expect, test } from 'vitest'
import { MeshError } from '../../src/core/errors.ts'
import { Coverage } from './coverage.ts'
import { faultsOf } from './report.ts'
import { fuzz } from './fuzzing.ts'
import { runCampaign } from './campaign.ts'
import { TARGETS } from './targets.ts'
import { utf8 } from './target.ts'
import type { FuzzTarget } from './target.ts'

/** `npm run fuzz` makes many more; this finds what is plainly wrong. */
const INPUTS = 150
const SEED = 20_261_121

const LIMITS = { inputCount: 300, msMax: Infinity, seed: SEED }

function targetOf(read: FuzzTarget['read'], seed = '{"a":[1,2,{"b":"text"}]}'): FuzzTarget {
  return { name: 'own', form: 'json', seeds: () => [utf8(seed)], read, refusals: ['FIELD_INVALID'] }
}

/** What is read, as hex. */
async function inputsOf(seed: number): Promise<string[]> {
  const inputs: string[] = []
  const onInput = (input: Uint8Array): void => void inputs.push(Buffer.from(input).toString('hex'))
  await fuzz(
    targetOf(() => {}),
    { ...LIMITS, seed, onInput }
  )
  return inputs
}

test('no decoder crashes, hangs or throws what it should not', async () => {
  const targets = TARGETS.map(({ name }) => name)
  expect(new Set(targets).size).toBe(targets.length)
  const order = { targets, inputCount: INPUTS, msMax: Infinity, seed: SEED, isGuided: false }
  const reports = await runCampaign(order)
  expect(reports.flatMap(faultsOf)).toEqual([])
  expect(reports.map(({ target }) => target)).toEqual(targets)
})

describe('the fuzzer', () => {
  test('makes the same inputs of the same seed, and others of another', async () => {
    const first = await inputsOf(1)
    expect(await inputsOf(1)).toEqual(first)
    expect(await inputsOf(2)).not.toEqual(first)
    expect(new Set(first).size).toBeGreaterThan(100)
  })

  test('finds what no decoder may throw', async () => {
    const target = targetOf((input) => {
      if (input.byteLength > 30) throw new RangeError('too long')
      throw new MeshError('FIELD_INVALID', 'as it may')
    })
    const { findings, outcomes } = await fuzz(target, LIMITS)
    expect(findings.some(({ what }) => what.startsWith('RangeError'))).toBe(true)
    expect(outcomes['FIELD_INVALID']).toBeGreaterThan(0)
  })

  test('finds a code that the decoder does not speak of', async () => {
    const target = targetOf(() => {
      throw new MeshError('INTERNAL', 'as it may not')
    })
    const { findings } = await fuzz(target, LIMITS)
    expect(findings.some(({ what }) => what.startsWith('MeshError INTERNAL'))).toBe(true)
  })

  test('finds a prototype that was changed, and mends it', async () => {
    const target = targetOf((input) => {
      if (input.includes(0xff)) Reflect.set(Object.prototype, 'polluted', true)
    })
    const { findings } = await fuzz(target, LIMITS)
    expect(findings.some(({ what }) => what.includes('polluted'))).toBe(true)
    expect('polluted' in {}).toBe(false)
  })

  test('is led by what its inputs reach', async () => {
    const coverage = new Coverage((url) => url.includes('locked-door'))
    const { openDoors } = await import('./fixtures/locked-door.ts')
    const target = { ...targetOf(openDoors, 'door'), form: 'bytes' } as const
    const { findings, newBlocks } = await fuzz(target, { ...LIMITS, inputCount: 20_000, coverage })
    coverage.stop()
    expect(findings.some(({ what }) => what.includes('the last door'))).toBe(true)
    expect(newBlocks).toBeGreaterThan(2)
  })
})
