/** How much a relay carries at a time, and how fast. */
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { RelayTraffic } from '../../../src/network/relay/relay-traffic.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import type { Stream } from '@libp2p/interface'

const MESSAGE_BYTES = 1_000

class FakeStream extends EventTarget {
  readStatus: 'readable' | 'paused' = 'readable'

  pause(): void {
    this.readStatus = 'paused'
  }

  send(_bytes: Uint8Array): boolean {
    return true
  }

  resume(): void {
    this.readStatus = 'readable'
  }

  receive(): void {
    const event = new Event('message')
    this.dispatchEvent(Object.assign(event, { data: new Uint8Array(MESSAGE_BYTES) }))
  }

  get asStream(): Stream {
    return this as unknown as Stream
  }
}

/** Bytes that come through in a minute, where more comes all the time. */
function bytesInAMinute(rateBytes: number | undefined, streams: readonly FakeStream[]): number {
  const clock = new FakeClock()
  const traffic = new RelayTraffic(clock, { rateBytes })
  for (const stream of streams) traffic.add(stream.asStream, 'a')
  let bytes = 0
  for (let ms = 0; ms < 60_000; ms += 10) {
    for (const stream of streams.filter(({ readStatus }) => readStatus === 'readable')) {
      stream.receive()
      bytes += MESSAGE_BYTES
    }
    clock.advance(10)
  }
  return bytes
}

describe('a relay', () => {
  it('carries so many circuits at a time', () => {
    const traffic = new RelayTraffic(new FakeClock(), { rateBytes: undefined })
    const first = new FakeStream()
    expect(traffic.add(first.asStream, 'first')).toBe(true)
    for (let count = 1; count < LIMITS.circuitsMax; count += 1) {
      traffic.add(new FakeStream().asStream, `peer ${count % 10}`)
    }
    expect(traffic.add(new FakeStream().asStream, 'last')).toBe(false)
    first.dispatchEvent(new Event('close'))
    expect(traffic.add(new FakeStream().asStream, 'last')).toBe(true)
  })

  it('gives one peer so many of them, by however many connections', () => {
    const traffic = new RelayTraffic(new FakeClock(), { rateBytes: undefined })
    const streams = Array.from({ length: LIMITS.circuitsPerPeerMax }, () => new FakeStream())
    expect(streams.every((stream) => traffic.add(stream.asStream, 'a'))).toBe(true)
    expect(traffic.add(new FakeStream().asStream, 'a')).toBe(false)
    expect(traffic.add(new FakeStream().asStream, 'b')).toBe(true)
  })

  it('counts what it passes on, and the circuits that there are', () => {
    const traffic = new RelayTraffic(new FakeClock(), { rateBytes: undefined })
    const [asking, called] = [new FakeStream(), new FakeStream()]
    traffic.add(asking.asStream, 'a')
    const leave = traffic.runFor('a', () => traffic.enter('b'))
    traffic.count(called.asStream)
    called.send(new Uint8Array(3))
    asking.send(new Uint8Array(4))
    expect(traffic.counts()).toEqual({ circuits: 1, bytes: 7 })
    leave()
    expect(traffic.counts()).toEqual({ circuits: 0, bytes: 7 })
  })

  it('has nobody called without end by the same peer', async () => {
    const traffic = new RelayTraffic(new FakeClock(), { rateBytes: undefined })
    const enter = (asker: string): (() => void) => traffic.runFor(asker, () => traffic.enter('c'))
    const leaves = Array.from({ length: LIMITS.circuitsPerPairMax }, () => enter('a'))
    expect(() => enter('a')).toThrow(MeshError)
    leaves.push(enter('b'))
    leaves[0]?.()
    leaves.push(enter('a'))
    expect(() => enter('a')).toThrow(MeshError)
  })

  it.each([1, 3])('carries no more bytes a second than allowed, over %i circuits', (count) => {
    const streams = Array.from({ length: count }, () => new FakeStream())
    const bytes = bytesInAMinute(10_000, streams)
    // The allowance of the first second, of a minute, and what was on its way.
    expect(bytes).toBeLessThanOrEqual(10_000 * 61 + 2 * count * MESSAGE_BYTES)
    expect(bytes).toBeGreaterThan(10_000 * 55)
  })

  it('carries all that comes where nothing is said', () => {
    expect(bytesInAMinute(undefined, [new FakeStream()])).toBe(6_000 * MESSAGE_BYTES)
  })
})
