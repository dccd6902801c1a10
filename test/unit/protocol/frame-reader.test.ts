/** Frames out of bytes, and the parts that count and gather what strangers send. */
import { Uint8ArrayList } from 'uint8arraylist'
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { ByteGatherer } from '../../../src/protocol/byte-gatherer.ts'
import { FrameReader } from '../../../src/protocol/frame-reader.ts'
import { PeerQuota } from '../../../src/protocol/peer-quota.ts'

function length(bytes: number): Uint8Array {
  const prefix = Buffer.alloc(4)
  prefix.writeUInt32BE(bytes)
  return prefix
}

const frame = (...bytes: number[]): number[] => [0, 0, 0, bytes.length, ...bytes]

describe('a frame reader', () => {
  it('gives empty frames, several frames at once, and keeps the beginning of the next', () => {
    const reader = new FrameReader()
    const bytes = Uint8Array.from([...frame(), ...frame(1), ...frame(2, 3), 0, 0])
    expect(reader.push(bytes).map((payload) => [...payload])).toEqual([[], [1], [2, 3]])
    expect(reader.heldBytes).toBe(2)
    expect(reader.push(Uint8Array.of(0, 1, 9)).map((payload) => [...payload])).toEqual([[9]])
    expect(reader.heldBytes).toBe(0)
  })

  it('takes lists of pieces as the muxer gives them', () => {
    const reader = new FrameReader()
    const list = new Uint8ArrayList(Uint8Array.of(0, 0), Uint8Array.of(0, 2, 7), Uint8Array.of(8))
    expect(reader.push(list).map((payload) => [...payload])).toEqual([[7, 8]])
  })

  it('refuses a length above the limit as soon as it is read, and takes the limit itself', () => {
    expect(new FrameReader().push(length(LIMITS.frameBytesMax))).toEqual([])
    expect(() => new FrameReader().push(length(LIMITS.frameBytesMax + 1))).toThrow(
      expect.objectContaining({ code: 'FRAME_TOO_LARGE' })
    )
  })

  it('holds no more than has arrived, whatever length was announced', () => {
    const reader = new FrameReader()
    reader.push(Uint8Array.of(0, 0x40, 0, 0))
    expect(reader.heldBytes).toBe(4)
  })

  it('takes a large frame byte by byte', () => {
    const reader = new FrameReader()
    const payload = new Uint8Array(100_000).fill(7)
    const bytes = Buffer.concat([Buffer.from([0, 1, 0x86, 0xa0]), payload])
    const frames = [...bytes].flatMap((byte) => reader.push(Uint8Array.of(byte)))
    expect(frames).toEqual([payload])
  })

  it('gives frames that later bytes do not change', () => {
    const reader = new FrameReader()
    reader.push(Uint8Array.of(0, 0, 0, 1))
    const [first] = reader.push(Uint8Array.of(5, 0, 0, 0, 1))
    reader.push(Uint8Array.of(6))
    expect(first).toEqual(Uint8Array.of(5))
  })
})

describe('a byte gatherer', () => {
  it('gives back all of it, once', () => {
    const gatherer = new ByteGatherer()
    for (let byte = 0; byte < 1_000; byte += 1) gatherer.append(Uint8Array.of(byte & 255))
    expect(gatherer.byteLength).toBe(1_000)
    const whole = gatherer.take()
    expect([...whole]).toEqual(Array.from({ length: 1_000 }, (_value, index) => index & 255))
    expect(gatherer.byteLength).toBe(0)
    expect(gatherer.take().byteLength).toBe(0)
  })
})

describe('a quota', () => {
  it('says no to a peer that holds enough, and to all when all together do', () => {
    const quota = new PeerQuota({ perPeerMax: 3, totalMax: 5 })
    expect(quota.take('a', 3)).toBe(true)
    expect(quota.take('a', 1)).toBe(false)
    expect(quota.take('b', 2)).toBe(true)
    expect(quota.take('c', 1)).toBe(false)
    quota.give('a', 1)
    expect(quota.take('c', 1)).toBe(true)
    expect(quota.take('a', 1)).toBe(false)
  })

  it('forgets peers that hold nothing', () => {
    const quota = new PeerQuota({ perPeerMax: 3, totalMax: 3 })
    for (const peer of ['a', 'b', 'c']) quota.take(peer, 1)
    expect(quota.peerCount).toBe(3)
    for (const peer of ['b', 'a', 'c']) quota.give(peer, 1)
    expect(quota.peerCount).toBe(0)
    expect(quota.take('d', 3)).toBe(true)
  })
})
