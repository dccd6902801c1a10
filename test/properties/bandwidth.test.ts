/** What must hold of how fast a peer is taken to be, whatever was moved. fast-check prints its seed. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Bandwidth } from '../../src/network/paths/bandwidth.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { PATH_KINDS } from '../../src/network/paths/paths.ts'
import type { PathKind } from '../../src/network/paths/paths.ts'
import type { Transfer } from '../../src/protocol/transfer-meter.ts'

const PEER = 'peer'
const transfer = fc.record({
  bytes: fc.integer({ min: 65_536, max: 2 ** 30 }),
  ms: fc.integer({ min: 10, max: 600_000 })
})
const transfers = fc.array(transfer, { minLength: 1, maxLength: 40 })
const path = fc.constantFrom(...PATH_KINDS)
const twoPaths = fc.tuple(path, path).filter(([first, second]) => first !== second)

const rateOf = ({ bytes, ms }: Transfer): number => bytes / ms

function learnt(list: readonly Transfer[]): number | undefined {
  const bandwidth = new Bandwidth(new FakeClock(), () => 'direct')
  for (const one of list) bandwidth.note(PEER, 'to', one)
  return bandwidth.rateOf(PEER, 'direct', 'to')?.bytesPerMs
}

describe('the bandwidth of a peer', () => {
  it('lies between the slowest and the fastest that was seen', () => {
    fc.assert(
      fc.property(transfers, (list) => {
        const rates = list.map(rateOf)
        const rate = learnt(list) ?? NaN
        expect(rate).toBeGreaterThanOrEqual(Math.min(...rates) * (1 - 1e-9))
        expect(rate).toBeLessThanOrEqual(Math.max(...rates) * (1 + 1e-9))
      })
    )
  })

  it('comes to what is seen again and again, sooner upwards than downwards', () => {
    fc.assert(
      fc.property(transfers, transfer, (list, last) => {
        const many = Array.from({ length: 200 }, () => last)
        expect((learnt([...list, ...many]) ?? NaN) / rateOf(last)).toBeCloseTo(1, 1)
        const half = { ...last, ms: 2 * last.ms }
        const rise = (learnt([half, last]) ?? NaN) - rateOf(half)
        const fall = rateOf(last) - (learnt([last, half]) ?? NaN)
        expect(rise).toBeGreaterThan(fall)
      })
    )
  })

  it('is no lower for a faster transfer', () => {
    fc.assert(
      fc.property(transfers, transfer, (list, last) => {
        const faster = { ...last, bytes: 2 * last.bytes }
        expect(learnt([...list, faster])).toBeGreaterThanOrEqual(learnt([...list, last]) ?? NaN)
      })
    )
  })

  it('is of one path alone, and of one direction', () => {
    fc.assert(
      fc.property(twoPaths, transfer, transfer, ([first, second], before, after) => {
        let now: PathKind = first
        const bandwidth = new Bandwidth(new FakeClock(), () => now)
        bandwidth.note(PEER, 'from', before)
        expect(bandwidth.rateOf(PEER, first, 'from')?.bytesPerMs).toBe(rateOf(before))
        expect(bandwidth.rateOf(PEER, first, 'to')).toBeUndefined()
        now = second
        expect(bandwidth.rateOf(PEER, second, 'from')).toBeUndefined()
        bandwidth.note(PEER, 'to', after)
        expect(bandwidth.rateOf(PEER, second, 'to')?.bytesPerMs).toBe(rateOf(after))
        expect(bandwidth.rateOf(PEER, first, 'from')).toBeUndefined()
      })
    )
  })

  it('grows old, and is forgotten after half an hour; of nobody and nothing it learns nothing', () => {
    const clock = new FakeClock()
    let isConnected = false
    const bandwidth = new Bandwidth(clock, () => (isConnected ? 'lan' : undefined))
    bandwidth.note(PEER, 'to', { bytes: 1e6, ms: 100 })
    expect(bandwidth.rateOf(PEER, 'lan', 'to')).toBeUndefined()
    isConnected = true
    bandwidth.note(PEER, 'to', { bytes: 1e6, ms: 0 })
    expect(bandwidth.rateOf(PEER, 'lan', 'to')).toBeUndefined()
    bandwidth.note(PEER, 'to', { bytes: 1e6, ms: 100 })
    clock.advance(60_000)
    expect(bandwidth.rateOf(PEER, 'lan', 'to')).toEqual({ bytesPerMs: 1e4, ageMs: 60_000 })
    clock.advance(1_800_000)
    expect(bandwidth.rateOf(PEER, 'lan', 'to')).toBeUndefined()
    // Then it begins anew.
    bandwidth.note(PEER, 'to', { bytes: 1e6, ms: 1_000 })
    expect(bandwidth.rateOf(PEER, 'lan', 'to')?.bytesPerMs).toBe(1e3)
  })
})
