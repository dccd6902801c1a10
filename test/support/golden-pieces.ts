/** One message of each kind on a piece stream, as the golden bytes in test/fixtures hold them. */
import type { PieceMessage } from '../../src/files/exchange/messages.ts'

const ID = 'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'

export const GOLDEN_PIECES: Readonly<Record<string, PieceMessage>> = {
  hello: { kind: 'hello', version: 1, agent: 'taskmesh/0.1.0' },
  interest: { kind: 'interest', file: 0, id: ID },
  disinterest: { kind: 'disinterest', file: 300 },
  request: {
    kind: 'request',
    request: 70_000,
    file: 1,
    piece: 65_535,
    offset: 15_728_640,
    bytes: 262_144
  },
  cancel: { kind: 'cancel', request: 24 },
  'offer, some': {
    kind: 'offer',
    file: 1,
    sizeBytes: 2_000_000,
    pieceBytes: 262_144,
    pieces: Uint8Array.of(0xa5)
  },
  'offer, all of a terabyte': {
    kind: 'offer',
    file: 0,
    sizeBytes: 2 ** 40,
    pieceBytes: 16_777_216,
    pieces: null
  },
  news: { kind: 'news', file: 1, pieces: [0, 24, 65_535] },
  gone: { kind: 'gone', file: 1 },
  block: { kind: 'block', request: 70_000, offset: 15_728_640, bytes: 65_536 },
  refusal: { kind: 'refusal', request: 70_000, code: 'NOT_HERE' },
  busy: { kind: 'busy', isBusy: true },
  goodbye: { kind: 'goodbye', code: 'STOPPING', message: 'this node is stopping' }
}
