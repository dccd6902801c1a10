/** The wire format of a piece stream: the golden bytes, and what is refused before and after decoding. */
import { readFileSync } from 'node:fs'
import { Encoder } from 'cbor-x'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { MessageReader } from '../../../src/files/exchange/message-reader.ts'
import { decodeMessage, encodeMessage } from '../../../src/files/exchange/messages.ts'
import { GOLDEN_PIECES } from '../../support/golden-pieces.ts'
import type { PieceMessage } from '../../../src/files/exchange/messages.ts'

const cbor = new Encoder({ useRecords: false, tagUint8Array: false })
const golden = readGolden()

function readGolden(): Map<string, Buffer> {
  const text = readFileSync(new URL('../../fixtures/pieces.hex', import.meta.url), 'utf8')
  const [, ...entries] = text.split('\n\n')
  return new Map(
    entries.map((entry) => {
      const [title = '', ...lines] = entry.trim().split('\n')
      return [title.slice(2), Buffer.from(lines.join(''), 'hex')]
    })
  )
}

/** All that a reader makes of bytes; the bodies of blocks as one. */
function readAll(parts: readonly Uint8Array[]): { messages: PieceMessage[]; body: Buffer } {
  const messages: PieceMessage[] = []
  const bodies: Uint8Array[] = []
  const reader = new MessageReader({
    onMessage: (message) => messages.push(message),
    onBody: (part) => bodies.push(part)
  })
  for (const part of parts) reader.push(part)
  return { messages, body: Buffer.concat(bodies) }
}

function failureOf(work: () => void): unknown {
  try {
    work()
    return undefined
  } catch (cause) {
    return cause
  }
}

describe('the golden bytes', () => {
  it('hold every message of the list and no other', () => {
    expect([...golden.keys()]).toEqual(Object.keys(GOLDEN_PIECES))
  })

  it.each([...golden])('of "%s" are what is sent and what is understood', (name, bytes) => {
    const message = GOLDEN_PIECES[name] as PieceMessage
    expect(Buffer.from(encodeMessage(message)).toString('hex')).toBe(bytes.toString('hex'))
    const read = readAll([bytes]).messages[0]
    expect(JSON.stringify(read)).toBe(JSON.stringify(message))
  })
})

describe('a reader', () => {
  it('finds the same messages and bodies however the bytes are cut', () => {
    const block = { kind: 'block', request: 1, offset: 0, bytes: 1_000 } as const
    const body = Buffer.alloc(1_000, 7)
    const head = encodeMessage(block)
    const news = encodeMessage({ kind: 'news', file: 1, pieces: [3, 4] })
    const whole = Buffer.concat([news, head, body, news, head, body])
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { maxLength: 20 }), (cuts) => {
        const parts: Uint8Array[] = []
        let offset = 0
        for (const cut of cuts) {
          parts.push(whole.subarray(offset, offset + cut))
          offset += cut
        }
        parts.push(whole.subarray(offset))
        const read = readAll(parts)
        expect(read.messages.map(({ kind }) => kind)).toEqual(['news', 'block', 'news', 'block'])
        expect(read.body.equals(Buffer.concat([body, body]))).toBe(true)
      })
    )
  })

  it('refuses a length above the limit as soon as it is read', () => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(LIMITS.pieceMessageBytesMax + 1)
    expect(() => readAll([bytes])).toThrow(expect.objectContaining({ code: 'FRAME_TOO_LARGE' }))
  })

  it('makes of garbage nothing but typed errors', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const failure = failureOf(() => readAll([bytes]))
        expect(failure === undefined || failure instanceof MeshError).toBe(true)
      })
    )
  })
})

describe('a message', () => {
  const wrong: [string, unknown][] = [
    ['of no kind', [99, 1]],
    ['that is no array', { kind: 3 }],
    ['with a number above 32 bits', [3, 2 ** 32, 0, 0, 0, 65_536]],
    ['with a negative number', [3, 1, 0, -1, 0, 65_536]],
    ['with a fraction', [3, 1, 0, 0.5, 0, 65_536]],
    ['of which a field is missing', [3, 1, 0, 0, 0]],
    ['of a block without bytes', [8, 1, 0, 0]],
    ['of a block that is too long', [8, 1, 0, LIMITS.pieceBlockBytesMax + 1]],
    ['with news that are no numbers', [6, 1, ['x']]],
    ['with a size that is not whole', [5, 1, 0.5, 65_536, null]]
  ]
  it.each(wrong)('%s is refused', (_name, value) => {
    const bytes = cbor.encode(value)
    expect(() => decodeMessage(bytes)).toThrow(expect.objectContaining({ code: 'FRAME_INVALID' }))
  })

  it('with a code that is not known here is understood as far as it can be', () => {
    expect(decodeMessage(cbor.encode([9, 4, 'TIRED']))).toEqual({
      kind: 'refusal',
      request: 4,
      code: 'NOT_HERE'
    })
  })
})
