/** How fast a way is, by one direction of one stream. */
import { describe, expect, it } from 'vitest'
import { FakeClock } from '../../support/fake-clock.ts'
import { TransferMeter } from '../../../src/protocol/transfer-meter.ts'
import type { Transfer } from '../../../src/protocol/transfer-meter.ts'

const KIB = 1_024

function meter(): { clock: FakeClock; meter: TransferMeter; told: Transfer[] } {
  const clock = new FakeClock()
  const told: Transfer[] = []
  return { clock, told, meter: new TransferMeter(clock, (transfer) => told.push(transfer)) }
}

describe('a transfer meter', () => {
  it('counts what moves from the beginning of a run to its end, and nothing before', () => {
    const { clock, meter: one, told } = meter()
    one.moved(500 * KIB)
    one.begin()
    clock.advance(50)
    one.moved(100 * KIB)
    one.idle()
    expect(told).toEqual([{ bytes: 100 * KIB, ms: 50 }])
  })

  it('counts no time in which there was nothing to move', () => {
    const { clock, meter: one, told } = meter()
    one.begin()
    clock.advance(50)
    one.moved(100 * KIB)
    one.idle()
    clock.advance(60_000)
    one.begin()
    clock.advance(20)
    one.moved(80 * KIB)
    one.idle()
    expect(told.map(({ ms }) => ms)).toEqual([50, 20])
  })

  it('tells of a long run in parts, which add up', () => {
    const { clock, meter: one, told } = meter()
    one.begin()
    for (let part = 0; part < 10; part += 1) {
      clock.advance(50)
      one.moved(64 * KIB)
    }
    one.idle()
    const sum = (of: keyof Transfer): number =>
      told.reduce((total, transfer) => total + transfer[of], 0)
    expect(told.length).toBeGreaterThan(1)
    expect([sum('bytes'), sum('ms')]).toEqual([640 * KIB, 500])
  })

  it.each([
    ['few bytes, which tell of delays', 63, 1_000],
    ['many at once, which had waited', 640, 9]
  ])('says nothing of %s', (_what, kib, ms) => {
    const { clock, meter: one, told } = meter()
    one.begin()
    clock.advance(ms)
    one.moved(kib * KIB)
    one.idle()
    expect(told).toEqual([])
  })
})
