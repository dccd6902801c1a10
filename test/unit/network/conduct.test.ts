import { beforeEach, describe, expect, test } from 'vitest'
import {
  Conduct,
  POINTS_HALF_LIFE_MS,
  REPEATS_HALF_LIFE_MS,
  SHUN_MS_MAX,
  SHUN_MS_MIN,
  SHUN_POINTS
} from '../../../src/network/guard/conduct.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { ERROR_CATALOGUE, MeshError } from '../../../src/core/errors.ts'
import { OFFENCES, offenceOf } from '../../../src/protocol/offence.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import type { ErrorCode } from '../../../src/core/errors.ts'

let clock: FakeClock
let shunned: [peer: string, offence: string, shunMs: number][]
let conduct: Conduct

beforeEach(() => {
  clock = new FakeClock()
  shunned = []
  conduct = new Conduct({ clock, onShunned: (...shun) => shunned.push(shun) })
})

function strike(peer: string, offence: keyof typeof OFFENCES, count: number): void {
  for (let index = 0; index < count; index += 1) conduct.strike(peer, offence)
}

describe('a peer', () => {
  test('that makes one mistake, or the same now and then, is never shut out', () => {
    for (let hour = 0; hour < 100; hour += 1) {
      conduct.strike('a', 'frame')
      clock.advance(3_600_000)
    }
    strike('b', 'excess', 1_500)
    expect(shunned).toEqual([])
    expect(conduct.isShunned('a')).toBe(false)
    expect(conduct.counts()).toEqual({
      offences: { frame: 100, excess: 1_500 },
      shuns: 0,
      shunned: 0
    })
  })

  test.each(Object.entries(OFFENCES))(
    'is shut out for %s once it weighs enough',
    (name, weight) => {
      const offence = name as keyof typeof OFFENCES
      strike('a', offence, Math.ceil(SHUN_POINTS / weight) - 1)
      expect(conduct.isShunned('a')).toBe(false)
      // One more than the sum needs: it is of fractions.
      strike('a', offence, 2)
      expect(conduct.isShunned('a')).toBe(true)
      expect(conduct.isShunned('b')).toBe(false)
      expect(shunned).toEqual([['a', offence, SHUN_MS_MIN]])
    }
  )

  test('is forgiven half of what it did in each half-life', () => {
    strike('a', 'frame', 4)
    clock.advance(POINTS_HALF_LIFE_MS)
    strike('a', 'frame', 2)
    expect(conduct.isShunned('a')).toBe(false)
    strike('a', 'frame', 1)
    expect(conduct.isShunned('a')).toBe(true)
  })

  test('is let in when its time is over, and stays out for twice as long each time that it goes on', () => {
    const times: number[] = []
    for (let round = 0; round < 9; round += 1) {
      strike('a', 'frame', 5)
      const [, , shunMs] = shunned.at(-1) ?? ['', '', 0]
      times.push(shunMs)
      // What still comes from it is counted, and changes nothing.
      strike('a', 'frame', 100)
      clock.advance(shunMs - 1)
      expect(conduct.isShunned('a')).toBe(true)
      clock.advance(1)
      expect(conduct.isShunned('a')).toBe(false)
    }
    expect(times.slice(0, 4)).toEqual([1, 2, 4, 8].map((factor) => factor * SHUN_MS_MIN))
    expect(Math.max(...times)).toBe(SHUN_MS_MAX)
    expect(shunned).toHaveLength(9)
  })

  test('that has behaved for long is shut out as if for the first time', () => {
    strike('a', 'frame', 5)
    clock.advance(SHUN_MS_MIN + 2 * REPEATS_HALF_LIFE_MS)
    strike('a', 'frame', 5)
    expect(shunned.map(([, , shunMs]) => shunMs)).toEqual([SHUN_MS_MIN, SHUN_MS_MIN])
  })
})

test('those who are shut out are named, with what for and for how much longer, the longest first', () => {
  strike('a', 'frame', 5)
  clock.advance(SHUN_MS_MIN)
  strike('a', 'oversized', 5)
  strike('b', 'record', 5)
  clock.advance(1_000)
  expect(conduct.shunned()).toEqual([
    { peer: 'a', offence: 'oversized', leftMs: 2 * SHUN_MS_MIN - 1_000 },
    { peer: 'b', offence: 'record', leftMs: SHUN_MS_MIN - 1_000 }
  ])
  clock.advance(2 * SHUN_MS_MIN)
  expect(conduct.shunned()).toEqual([])
})

test('many others make forget who did little, and not who is shut out', () => {
  strike('bad', 'frame', 5)
  strike('clumsy', 'frame', 4)
  for (let index = 0; index < LIMITS.conductPeersMax; index += 1)
    conduct.strike(`p${index}`, 'text')
  expect(conduct.isShunned('bad')).toBe(true)
  conduct.strike('clumsy', 'frame')
  expect(conduct.isShunned('clumsy')).toBe(false)
  expect(conduct.counts()).toMatchObject({ shuns: 1, shunned: 1 })
})

test('what another version may say in good faith is no offence', () => {
  const harmless: ErrorCode[] = [
    'COMMAND_UNKNOWN',
    'COMMAND_NOT_SERVED',
    'FIELD_UNKNOWN',
    'FIELD_MISSING',
    'FIELD_INVALID',
    'PROTOCOL_VERSION',
    'WRONG_RECIPIENT',
    'SESSION_CLOSED',
    'PEER_SILENT',
    'STOPPING'
  ]
  for (const code of harmless) expect(offenceOf(new MeshError(code, ''))).toBeUndefined()
  const codes = Object.keys(ERROR_CATALOGUE) as ErrorCode[]
  const offences = codes.filter((code) => offenceOf(new MeshError(code, '')) !== undefined)
  expect(offences.length).toBeGreaterThan(5)
  expect(offenceOf(new MeshError('FRAME_INVALID', ''))).toBe('frame')
})
