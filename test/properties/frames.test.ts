/** What must hold of frames for any content and any bytes. fast-check prints its seed. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MeshError } from '../../src/core/errors.ts'
import { FrameReader } from '../../src/protocol/frame-reader.ts'
import { assertPlainCbor } from '../../src/protocol/cbor-guard.ts'
import { decodeFrame, encodeFrame } from '../../src/protocol/frames.ts'
import { GOLDEN_FRAMES, readableFrame } from '../support/golden-frames.ts'
import type { Frame } from '../../src/protocol/frames.ts'

/** JSON's values but two: -0 and names that a decoder renames. */
const jsonObject = fc
  .dictionary(
    fc.string().filter((name) => name !== '__proto__'),
    fc.jsonValue({ maxDepth: 5, noUnicodeString: false })
  )
  .map((value) => JSON.parse(JSON.stringify(value).replaceAll('__proto__', 'p')) as object)
  .map((value) => value as Record<string, unknown>)
const id = fc.nat({ max: Number.MAX_SAFE_INTEGER })
const text = fc.string({ unit: 'binary' })
const bulk = fc.option(fc.uint8Array({ maxLength: 5_000 }))
const error = fc.record({
  code: fc.constant('WORKER_BUSY' as const),
  message: text,
  blame: fc.constantFrom('worker', 'network', 'router', 'job', 'caller'),
  retryable: fc.boolean()
})

const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ kind: fc.constant('hello' as const), version: id, agent: text }),
  fc.record({
    kind: fc.constant('request' as const),
    id,
    command: text,
    to: fc.option(text),
    params: jsonObject,
    bulk
  }),
  fc.record({
    kind: fc.constant('response' as const),
    id,
    error: fc.option(error),
    result: fc.option(jsonObject),
    bulk
  }),
  fc.record({ kind: fc.constant('cancel' as const), id }),
  fc.record({ kind: fc.constantFrom('beat', 'echo'), number: id, load: fc.option(jsonObject) }),
  fc.record({ kind: fc.constant('goodbye' as const), code: text, message: text })
)

/** Where to cut a run of bytes, as shares of its length. */
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 })

describe('a frame', () => {
  it('is decoded to what was encoded', () => {
    fc.assert(
      fc.property(frame, (original) => {
        const [payload, ...more] = new FrameReader().push(encodeFrame(original))
        expect(more).toEqual([])
        expect(comparable(decodeFrame(payload as Uint8Array))).toEqual(comparable(original))
      }),
      { numRuns: 3_000 }
    )
  })

  it('comes out the same however its bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 6 }), cuts, (frames, shares) => {
        const bytes = Buffer.concat(frames.map(encodeFrame))
        const whole = new FrameReader().push(bytes)
        const places = shares.map((share) => Math.floor(share * bytes.byteLength))
        const edges = [0, ...places.toSorted((left, right) => left - right), bytes.byteLength]
        const reader = new FrameReader()
        const pieces = edges.flatMap((edge, index) =>
          reader.push(bytes.subarray(edge, edges[index + 1]))
        )
        expect(pieces.map((piece) => Buffer.from(piece))).toEqual(
          whole.map((payload) => Buffer.from(payload))
        )
        expect(reader.heldBytes).toBe(0)
      }),
      { numRuns: 3_000 }
    )
  })
})

describe('bytes of a stranger', () => {
  it('are decoded or refused, 20,000 random runs of them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(hasTypedOutcome(bytes)).toBe(true)
      }),
      { numRuns: 20_000 }
    )
  })

  it('that are almost a frame are decoded or refused, 30,000 of them', () => {
    const valid = Object.values(GOLDEN_FRAMES).map((original) => encodeFrame(original).subarray(4))
    const edit = fc.record({
      at: fc.nat(),
      what: fc.constantFrom('set', 'insert', 'remove', 'repeat'),
      byte: fc.integer({ min: 0, max: 255 })
    })
    fc.assert(
      fc.property(
        fc.constantFrom(...valid),
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        (payload, edits) => {
          const bytes = [...payload]
          for (const { at, byte, what } of edits) {
            const index = at % (bytes.length + 1)
            if (what === 'set') bytes[index] = byte
            if (what === 'insert') bytes.splice(index, 0, byte)
            if (what === 'remove') bytes.splice(index, 1)
            if (what === 'repeat') bytes.splice(index, 0, ...bytes.slice(index, index + 8))
          }
          expect(hasTypedOutcome(Uint8Array.from(bytes))).toBe(true)
        }
      ),
      { numRuns: 30_000 }
    )
  })
})

/** A frame of plain values only, or a MeshError; nothing else may happen. */
function hasTypedOutcome(bytes: Uint8Array): boolean {
  try {
    assertPlain(decodeFrame(bytes))
    assertPlainCbor(bytes)
    return true
  } catch (cause) {
    return cause instanceof MeshError && cause.code === 'FRAME_INVALID'
  }
}

function assertPlain(value: unknown): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) {
    if (['bigint', 'function', 'symbol'].includes(typeof value)) throw new Error('not plain')
    return
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== Array.prototype) throw new Error('not plain')
  for (const part of Object.values(value)) assertPlain(part)
}

/** As JSON, where texts that are cut on arrival are cut too, and lone halves of letters are what UTF-8 makes of them. */
function comparable(original: Frame): unknown {
  const cut = (key: string, value: unknown): unknown => {
    if (typeof value !== 'string') return value
    const limit = { agent: 100, code: 64, message: 500 }[key]
    return Buffer.from(value)
      .toString('utf8')
      .slice(0, original.kind === 'response' ? undefined : limit)
  }
  return JSON.parse(JSON.stringify(readableFrame(original), cut))
}
