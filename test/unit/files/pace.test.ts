/** How much is asked ahead, how fast things may go, and whose turn it is: all on a clock that the test moves. */
import { describe, expect, test } from 'vitest'
import * as fc from 'fast-check'
import {
  Pace,
  WINDOW_BYTES_MAX,
  WINDOW_BYTES_MIN,
  WINDOW_BYTES_SHARED
} from '../../../src/files/transfer/pace.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { RateLimit } from '../../../src/files/exchange/rate-limit.ts'
import { RateMeter } from '../../../src/files/transfer/rate-meter.ts'
import { UploadSlots } from '../../../src/files/exchange/upload-slots.ts'
import { UploadTurns } from '../../../src/files/exchange/upload-turns.ts'
import { rangesOf } from '../../../src/files/transfer/swarm.ts'

const KIB = 1_024
const MIB = 1_024 * KIB

interface Way {
  bytesPerMs: number
  delayMs: number
}

/** Fetches over a way of some bandwidth and delay for a while. @returns bytes a millisecond of the second half */
function simulate(pace: Pace, way: Way, durationMs: number): number {
  const coming: { askedAtMs: number; arrivesAtMs: number; bytes: number; isAlone: boolean }[] = []
  let wayBytes = 0
  let freeAtMs = 0
  let lateBytes = 0
  for (let nowMs = 0; nowMs < durationMs; nowMs += 1) {
    while ((coming[0]?.arrivesAtMs ?? Infinity) <= nowMs) {
      const { askedAtMs, bytes, isAlone } = coming.shift() as (typeof coming)[0]
      if (isAlone) pace.noteDelay(nowMs, nowMs - askedAtMs)
      pace.noteBytes(nowMs, bytes)
      wayBytes -= bytes
      if (nowMs > durationMs / 2) lateBytes += bytes
    }
    const window = pace.windowBytes(false)
    if (wayBytes > 0 && pace.wantsEmptyWay(nowMs)) continue
    while (wayBytes < window) {
      const bytes = 64 * KIB
      const isAlone = wayBytes === 0
      pace.noteAsked(nowMs, isAlone)
      freeAtMs = Math.max(freeAtMs, nowMs + way.delayMs) + bytes / way.bytesPerMs
      coming.push({ askedAtMs: nowMs, arrivesAtMs: freeAtMs, bytes, isAlone })
      wayBytes += bytes
    }
  }
  return lateBytes / (durationMs / 2)
}

describe('pace', () => {
  test('is within its bounds before anything was measured, and less beside requests that wait', () => {
    const pace = new Pace()
    expect(pace.windowBytes(false)).toBeGreaterThanOrEqual(WINDOW_BYTES_MIN)
    pace.noteAsked(0, true)
    pace.noteDelay(100, 100)
    pace.noteBytes(1_000, 500 * MIB)
    expect(pace.windowBytes(false)).toBe(WINDOW_BYTES_MAX)
    expect(pace.windowBytes(true)).toBe(WINDOW_BYTES_SHARED)
  })

  test('fills any way that the widest window can fill, and never asks for more than it', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 20, max: 50_000, noNaN: true }),
        fc.integer({ min: 1, max: 200 }),
        (bytesPerMs, delayMs) => {
          const pace = new Pace()
          const rate = simulate(pace, { bytesPerMs, delayMs }, 30_000)
          const reachable = Math.min(bytesPerMs, WINDOW_BYTES_MAX / (delayMs + 1))
          expect(rate).toBeGreaterThan(0.8 * reachable)
          expect(pace.windowBytes(false)).toBeLessThanOrEqual(WINDOW_BYTES_MAX)
        }
      ),
      { numRuns: 30 }
    )
  })

  test('keeps a slow way short: what is asked ahead is its floor', () => {
    const pace = new Pace()
    simulate(pace, { bytesPerMs: 100, delayMs: 20 }, 20_000)
    expect(pace.windowBytes(false)).toBe(WINDOW_BYTES_MIN)
    expect(pace.rangeBytes(pace.windowBytes(false))).toBe(64 * KIB)
    expect(pace.expectedMs(100 * KIB)).toBeGreaterThan(900)
  })
})

describe('a rate limit', () => {
  test('lets through what it says over any while, after a short burst', () => {
    const clock = new FakeClock()
    const limit = new RateLimit(clock, MIB)
    let bytes = 0
    for (let ms = 0; ms < 10_000; ms += 10) {
      while (limit.take(64 * KIB)) bytes += 64 * KIB
      clock.advance(10)
    }
    expect(bytes / (10 * MIB)).toBeGreaterThan(0.98)
    expect(bytes / (10 * MIB)).toBeLessThan(1.05)
  })

  test('can be changed and lifted', () => {
    const limit = new RateLimit(new FakeClock(), 1_000)
    expect(limit.take(10_000)).toBe(true)
    expect(limit.take(1)).toBe(false)
    expect(limit.waitMs).toBe(10_000)
    limit.bytesPerSecond = 10_000
    expect(limit.waitMs).toBe(1_000)
    limit.bytesPerSecond = Infinity
    expect(limit.take(1)).toBe(true)
  })

  test('is shared alike by all who want something', () => {
    const clock = new FakeClock()
    const turns = new UploadTurns(clock, new RateLimit(clock, MIB))
    const takers = [0, 1, 2].map(() => {
      const taker = { bytes: 0, onTurn: (): void => take() }
      const take = (): void => {
        while (turns.take(taker, 64 * KIB)) taker.bytes += 64 * KIB
      }
      return taker
    })
    for (const { onTurn } of takers) onTurn()
    clock.advance(30_000)
    for (const { bytes } of takers) expect(bytes / (10 * MIB)).toBeCloseTo(1, 1)
    turns.stop()
    expect(clock.timerCount).toBe(0)
  })
})

function openSlots(max: number): { slots: UploadSlots<string>; said: string[] } {
  const said: string[] = []
  const slots = new UploadSlots<string>(max, {
    onGranted: (member) => said.push(`+${member}`),
    onTaken: (member) => said.push(`-${member}`)
  })
  return { slots, said }
}

describe('upload slots', () => {
  test('go to who comes first, then to who waits longest', () => {
    const { said, slots } = openSlots(2)
    expect([
      slots.want('a', 0),
      slots.want('b', 0),
      slots.want('c', 0),
      slots.want('d', 0)
    ]).toEqual([true, true, false, false])
    slots.leave('b', 10)
    expect(said).toEqual(['+c'])
    slots.leave('d', 10)
    slots.leave('a', 10)
    expect([slots.heldCount, slots.waitingCount]).toEqual([1, 0])
  })

  test('go on from who held one long, and from who wants nothing', () => {
    const { said, slots } = openSlots(1)
    slots.want('a', 0)
    slots.want('b', 0)
    slots.turn(10_000, () => true)
    expect(said).toEqual([])
    slots.turn(20_000, () => true)
    expect(said).toEqual(['-a', '+b'])
    slots.turn(23_000, () => false)
    expect(said).toEqual(['-a', '+b', '+a'])
  })
})

test('a rate is that of the last seconds, and right from the first look', () => {
  const meter = new RateMeter(0)
  meter.add(1_000)
  meter.tick(500)
  expect(meter.bytesPerSecond).toBeCloseTo(2_000)
  for (let ms = 1_000; ms <= 20_000; ms += 500) {
    meter.add(50)
    meter.tick(ms)
  }
  expect(meter.bytesPerSecond).toBeCloseTo(100, -1)
})

test('missing pieces are named in ranges, the first few', () => {
  expect(rangesOf([3])).toBe('pieces 3')
  expect(rangesOf([0, 1, 2, 5, 7, 8, 10, 12, 14, 16])).toBe('pieces 0-2, 5, 7-8, 10, 12 and 2 more')
})
