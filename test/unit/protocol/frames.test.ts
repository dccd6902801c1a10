/** The wire format of a session: the golden bytes, and what is refused before and after decoding. */
import { readFileSync } from 'node:fs'
import { Encoder } from 'cbor-x'
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { FrameReader } from '../../../src/protocol/frame-reader.ts'
import { assertPlainCbor } from '../../../src/protocol/cbor-guard.ts'
import { decodeFrame, encodeFrame } from '../../../src/protocol/frames.ts'
import { GOLDEN_FRAMES, readableFrame } from '../../support/golden-frames.ts'
import type { Frame } from '../../../src/protocol/frames.ts'

const cbor = new Encoder({ useRecords: false, tagUint8Array: false })
const golden = readGolden()

/** When an error that says so may be tried again, as it is read. */
function retryTold(retryAfterMs: unknown): unknown {
  const error = { code: 'OWNER_REFUSED', message: 'm', retry_after_ms: retryAfterMs }
  const frame = decodeFrame(cbor.encode([2, 1, error, null, null]))
  return (frame as Frame & { kind: 'response' }).error?.retry_after_ms
}

describe('the golden bytes', () => {
  it('hold every frame of the list and no other', () => {
    expect([...golden.keys()]).toEqual(Object.keys(GOLDEN_FRAMES))
  })

  it.each([...golden])('of "%s" are what is sent and what is understood', (name, bytes) => {
    const frame = GOLDEN_FRAMES[name] as Frame
    expect(Buffer.from(encodeFrame(frame)).toString('hex')).toBe(bytes.toString('hex'))
    const [payload] = new FrameReader().push(bytes)
    expect(readableFrame(decodeFrame(payload as Uint8Array))).toEqual(readableFrame(frame))
  })
})

describe('a frame', () => {
  it('above the limit is not encoded', () => {
    const bulk = new Uint8Array(LIMITS.frameBytesMax)
    const frame: Frame = { kind: 'response', id: 1, error: null, result: null, bulk }
    expect(() => encodeFrame(frame)).toThrow(expect.objectContaining({ code: 'FRAME_TOO_LARGE' }))
    expect(() => encodeFrame({ ...frame, bulk: bulk.subarray(100) })).not.toThrow()
  })

  it('of which a field is missing or of another type is refused', () => {
    const wrong: unknown[] = [
      [],
      {},
      null,
      7,
      [-1],
      [1.5],
      ['0', 1, 'agent'],
      [0, 1],
      [0, '1', 'agent'],
      [0, -1, 'agent'],
      [1, 1, 'C', null, [], null],
      [1, 1, 'C', null, null, null],
      [1, 1, 'C', 5, {}, null],
      [1, 1, 7, null, {}, null],
      [1, 1, 'C', null, {}, 'text'],
      [1, 1, 'C', null, {}],
      [1, 1.5, 'C', null, {}, null],
      [2, 1, {}, null, null],
      [2, 1, { code: 'X' }, null, null],
      [2, 1, null, 'text', null],
      [3],
      [3, null],
      [4, 'x', null],
      [5, -2, null],
      [6, 'STOPPING'],
      [6, null, null],
      [99, 1]
    ]
    for (const value of wrong) {
      expect(() => decodeFrame(cbor.encode(value))).toThrow(
        expect.objectContaining({ code: 'FRAME_INVALID' })
      )
    }
  })

  it('with texts that are too long for people is cut', () => {
    const goodbye = decodeFrame(cbor.encode([6, 'c'.repeat(1_000), 'm'.repeat(10_000)]))
    expect(goodbye).toEqual({ kind: 'goodbye', code: 'c'.repeat(64), message: 'm'.repeat(500) })
  })

  it("keeps of another's error what people read, and cuts it", () => {
    const error = { code: 'TASK_FAILED', message: 'm', task_code: 'T'.repeat(10_000), odd: 1 }
    const frame = decodeFrame(cbor.encode([2, 1, error, null, null]))
    const kept = { code: 'TASK_FAILED', message: 'm', task_code: 'T'.repeat(8_192) }
    expect((frame as Frame & { kind: 'response' }).error).toEqual(kept)
  })

  it("keeps of another's error when it is worth trying again, if that is a time", () => {
    expect([0, 30_000, -1, 0.5, 'soon', 1e300].map(retryTold)).toEqual([
      0,
      30_000,
      undefined,
      undefined,
      undefined,
      undefined
    ])
  })

  it('takes the trace of a request as the last part, which older nodes read over', () => {
    const trace = { traceparent: `00-${'4b'.repeat(16)}-${'0f'.repeat(8)}-01` }
    const request = {
      kind: 'request',
      id: 1,
      command: 'C',
      to: null,
      params: {},
      bulk: null
    } as const
    const bytes = encodeFrame({ ...request, trace }).subarray(4)
    expect(decodeFrame(bytes)).toEqual({ ...request, trace })
    expect(cbor.decode(bytes)).toEqual([1, 1, 'C', null, {}, null, trace])
    expect(encodeFrame({ ...request, trace: undefined })).toEqual(encodeFrame(request))
  })

  it.each([['00-1-2-3'], [7], [[]], [{ traceparent: 'x'.repeat(500) }], [null]])(
    'passes over a trace that is none: %j',
    (trace) => {
      const frame = decodeFrame(cbor.encode([1, 1, 'C', null, {}, null, trace]))
      expect(frame).not.toHaveProperty('trace')
    }
  )

  it('cannot reach a prototype by its names', () => {
    const params = { name: 1 }
    const bytes = Buffer.from(cbor.encode([1, 1, 'C', null, { __proto_x: params }, null]))
    bytes.write('__proto__', bytes.indexOf('__proto_x'))
    const frame = decodeFrame(bytes) as Frame & { kind: 'request' }
    expect(Object.getPrototypeOf(frame.params)).toBe(Object.prototype)
    expect(frame.params['name']).toBeUndefined()
    expect(({} as Record<string, unknown>)['name']).toBeUndefined()
  })
})

describe('CBOR that does more than JSON', () => {
  const cases: [string, Uint8Array][] = [
    ['a date', hex('c1 00')],
    ['a text date', hex('c0 74 323031332d30332d32315432303a30343a30305a')],
    ['a bigint of many bytes', Buffer.concat([hex('c2 5a 000f4240'), new Uint8Array(1e6)])],
    ['an integer of eight bytes', hex('1b 0000000000000001')],
    ['a regular expression', hex('d8 23 63 282b29')],
    ['a cbor-x regular expression', hex('d8 1b 82 61 61 61 67')],
    ['a set', hex('d9 0102 80')],
    ['a shared value', hex('d8 1c 80')],
    ['a reference', hex('d8 1d 00')],
    ['a typed array', hex('d8 46 44 00000000')],
    ['a record definition', hex('d9 dfff 83 00 81 61 61 01')],
    ['bundled strings', hex('da 0000dff9 82 60 60')],
    ['packed values', hex('d8 33 82 80 80')],
    ['embedded CBOR', hex('d8 18 41 00')],
    ['an array without an end', hex('9f 01 ff')],
    ['a map without an end', hex('bf 61 61 01 ff')],
    ['a text in pieces', hex('7f 61 61 ff')],
    ['a break', hex('ff')],
    ['an unknown simple value', hex('f8 20')],
    ['a reserved length', hex('1c')],
    ['a number for a key', hex('a1 01 01')],
    ['an array for a key', hex('a1 80 01')],
    ['two values', hex('01 01')],
    ['nothing', hex('')]
  ]
  it.each(cases)('%s: is refused', (_name, bytes) => {
    expect(() => assertPlainCbor(bytes)).toThrow(expect.objectContaining({ code: 'FRAME_INVALID' }))
  })

  it.each([
    ['an array of 4 billion', hex('9a ffffffff 01')],
    ['an array of 2^64', hex('9b ffffffffffffffff 01')],
    ['a map of 2 billion', hex('ba 7fffffff 61 61')],
    ['a text of 4 GiB', hex('7a ffffffff 61')],
    ['bytes of 2^53', hex('5b 0020000000000000 61')],
    ['an array one longer than what is there', hex('82 01')],
    ['a map one longer than what is there', hex('a2 61 61 01')]
  ])('%s that is only claimed: is refused', (_name, bytes) => {
    expect(() => assertPlainCbor(bytes)).toThrow(/ends too early/)
  })

  it('nested deeper than the limit is refused, at the limit it is not', () => {
    expect(() => assertPlainCbor(nested(LIMITS.jsonDepthMax))).not.toThrow()
    expect(() => assertPlainCbor(nested(LIMITS.jsonDepthMax + 1))).toThrow(/nests deeper/)
    expect(() => assertPlainCbor(nested(4_000_000))).toThrow(/nests deeper/)
    const maps = Buffer.concat(Array.from({ length: 100 }, () => hex('a1 60')))
    expect(() => assertPlainCbor(maps)).toThrow(/nests deeper/)
  })

  it('of more values than any frame of ours has is refused', () => {
    expect(() => assertPlainCbor(flat(499_999))).not.toThrow()
    expect(() => assertPlainCbor(flat(500_000))).toThrow(/more than/)
  })
})

describe('what JSON can say', () => {
  it('passes, with numbers of every size', () => {
    const values = [0, -1, 23, 24, 255, 65_536, 2 ** 32, -(2 ** 31), 1.5, -0, 1e300, 2 ** 53]
    const value = { values, text: 'é\u0000😀', list: [[], {}, null, true, false], none: undefined }
    expect(() => assertPlainCbor(cbor.encode(value))).not.toThrow()
    expect(() => assertPlainCbor(hexOfFloats())).not.toThrow()
  })
})

function hex(text: string): Uint8Array {
  return Buffer.from(text.replaceAll(' ', ''), 'hex')
}

/** So many arrays, each the only value of the one around it. */
function nested(levels: number): Uint8Array {
  return Buffer.concat([new Uint8Array(levels).fill(0x81), Uint8Array.of(0)])
}

/** One array of so many empty maps. */
function flat(count: number): Uint8Array {
  const head = Buffer.alloc(5, 0x9a)
  head.writeUInt32BE(count, 1)
  return Buffer.concat([head, new Uint8Array(count).fill(0xa0)])
}

/** Half, single and double precision, as other encoders write them. */
function hexOfFloats(): Uint8Array {
  return Buffer.from('83f93c00fa3fc00000fb3ff199999999999a', 'hex')
}

function readGolden(): Map<string, Buffer> {
  const text = readFileSync(new URL('../../fixtures/frames.hex', import.meta.url), 'utf8')
  const [, ...entries] = text.split('\n\n')
  return new Map(
    entries.map((entry) => {
      const [title = '', ...lines] = entry.trim().split('\n')
      return [title.slice(2), Buffer.from(lines.join(''), 'hex')]
    })
  )
}
