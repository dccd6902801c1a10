/**
 * The messages of a piece stream. Whoever opens the stream asks, the other end gives. Each message is a
 * length of four bytes and one CBOR array, positional; after that of a block come its bytes, as they are.
 * What comes from a stranger is bounded, decoded and checked here. Pure.
 */
import { LIMITS } from '../../core/limits.ts'
import { MeshError, isErrorCode } from '../../core/errors.ts'
import { decodePlainCbor, encodePlainCbor } from '../../protocol/plain-cbor.ts'
import type { ErrorCode } from '../../core/errors.ts'

export const PIECES_VERSION = 1

export const LENGTH_BYTES = 4

/** First element of every message. Numbers are never reused. */
const KIND = {
  hello: 0,
  interest: 1,
  disinterest: 2,
  request: 3,
  cancel: 4,
  offer: 5,
  news: 6,
  gone: 7,
  block: 8,
  refusal: 9,
  busy: 10,
  goodbye: 11
} as const

/** Why a request is not answered. */
export type Refusal = 'CANCELLED' | 'BUSY' | 'NOT_HERE'

/** What both ends say. */
type CommonMessage =
  | { kind: 'hello'; version: number; agent: string }
  | { kind: 'goodbye'; code: ErrorCode; message: string }

/** What the end says that asks. `file` is a number of its choice for the stream's life. */
export type AskMessage =
  | CommonMessage
  | { kind: 'interest'; file: number; id: string }
  | { kind: 'disinterest'; file: number }
  /** Some of a piece. Numbers of requests rise. Each is answered in whole, or refused. */
  | {
      kind: 'request'
      request: number
      file: number
      piece: number
      offset: number
      bytes: number
    }
  /** No longer wanted: it is refused, unless all of it has left already. */
  | { kind: 'cancel'; request: number }

/** What the end says that gives. */
export type GiveMessage =
  | CommonMessage
  /** Said again when more has changed than is worth telling one by one. `pieces` null: all of them. */
  | {
      kind: 'offer'
      file: number
      sizeBytes: number
      pieceBytes: number
      pieces: Uint8Array | null
    }
  /** Pieces that are there now as well. */
  | { kind: 'news'; file: number; pieces: number[] }
  /** The file is not there, or no longer. */
  | { kind: 'gone'; file: number }
  /** Followed by so many bytes, which lie at `offset` in the piece. */
  | { kind: 'block'; request: number; offset: number; bytes: number }
  | { kind: 'refusal'; request: number; code: Refusal }
  /** All slots are taken: nothing is given until it says that there is one. */
  | { kind: 'busy'; isBusy: boolean }

export type PieceMessage = AskMessage | GiveMessage

const ASKED: ReadonlySet<string> = new Set(['interest', 'disinterest', 'request', 'cancel'])
const GIVEN: ReadonlySet<string> = new Set(['offer', 'news', 'gone', 'block', 'refusal', 'busy'])

/** Narrows a message to what the asking end says. @throws MeshError FRAME_INVALID */
export function asAsked(message: PieceMessage): AskMessage {
  if (GIVEN.has(message.kind)) throw invalid(`whoever asks does not say ${message.kind}`)
  return message as AskMessage
}

/** Narrows a message to what the giving end says. @throws MeshError FRAME_INVALID */
export function asGiven(message: PieceMessage): GiveMessage {
  if (ASKED.has(message.kind)) throw invalid(`whoever gives does not say ${message.kind}`)
  return message as GiveMessage
}

/** What a newer version says besides is taken for the last. */
const REFUSALS: readonly Refusal[] = ['CANCELLED', 'BUSY', 'NOT_HERE']

/** Plain CBOR: nothing ties a message to the ones before it. */
/** A message with its length before it, and without a block's bytes. */
export function encodeMessage(message: PieceMessage): Uint8Array {
  const payload = encodePlainCbor(toArray(message))
  const bytes = Buffer.allocUnsafe(LENGTH_BYTES + payload.byteLength)
  bytes.writeUInt32BE(payload.byteLength, 0)
  bytes.set(payload, LENGTH_BYTES)
  return bytes
}

function toArray(message: PieceMessage): unknown[] {
  const kind = KIND[message.kind]
  switch (message.kind) {
    case 'hello':
      return [kind, message.version, message.agent]
    case 'interest':
      return [kind, message.file, message.id]
    case 'disinterest':
    case 'gone':
      return [kind, message.file]
    case 'request': {
      const { bytes, file, offset, piece, request } = message
      return [kind, request, file, piece, offset, bytes]
    }
    case 'cancel':
      return [kind, message.request]
    case 'offer':
      return [kind, message.file, message.sizeBytes, message.pieceBytes, message.pieces]
    case 'news':
      return [kind, message.file, message.pieces]
    case 'block':
      return [kind, message.request, message.offset, message.bytes]
    case 'refusal':
      return [kind, message.request, message.code]
    case 'busy':
      return [kind, message.isBusy]
    case 'goodbye':
      return [kind, message.code, message.message]
  }
}

/** Decodes one message without its length. @throws MeshError FRAME_INVALID */
export function decodeMessage(payload: Uint8Array): PieceMessage {
  const value = decodePlainCbor(payload, 'a message')
  const [kind, ...fields] = Array.isArray(value) ? (value as unknown[]) : []
  const message = typeof kind === 'number' ? READERS[kind]?.(fields) : undefined
  if (message === undefined) throw invalid('a message does not have the shape of any kind')
  return message
}

export function invalid(message: string): MeshError {
  return new MeshError('FRAME_INVALID', message)
}

const READERS: Readonly<Record<number, (fields: unknown[]) => PieceMessage | undefined>> = {
  [KIND.hello]: ([version, agent]) =>
    isCount(version) && typeof agent === 'string'
      ? { kind: 'hello', version, agent: agent.slice(0, 100) }
      : undefined,
  [KIND.interest]: ([file, id]) =>
    isCount(file) && typeof id === 'string' ? { kind: 'interest', file, id } : undefined,
  [KIND.disinterest]: ([file]) => (isCount(file) ? { kind: 'disinterest', file } : undefined),
  [KIND.request]: (fields) => {
    const [request, file, piece, offset, bytes] = fields
    return isCount(request) && isCount(file) && isCount(piece) && isCount(offset) && isCount(bytes)
      ? { kind: 'request', request, file, piece, offset, bytes }
      : undefined
  },
  [KIND.cancel]: ([request]) => (isCount(request) ? { kind: 'cancel', request } : undefined),
  [KIND.offer]: ([file, sizeBytes, pieceBytes, pieces]) =>
    isCount(file) && isSize(sizeBytes) && isCount(pieceBytes) && isBytesOrNull(pieces)
      ? { kind: 'offer', file, sizeBytes, pieceBytes, pieces }
      : undefined,
  [KIND.news]: ([file, pieces]) =>
    isCount(file) && Array.isArray(pieces) && pieces.every(isCount)
      ? { kind: 'news', file, pieces }
      : undefined,
  [KIND.gone]: ([file]) => (isCount(file) ? { kind: 'gone', file } : undefined),
  [KIND.block]: ([request, offset, bytes]) =>
    isCount(request) &&
    isCount(offset) &&
    isCount(bytes) &&
    bytes > 0 &&
    bytes <= LIMITS.pieceBlockBytesMax
      ? { kind: 'block', request, offset, bytes }
      : undefined,
  [KIND.refusal]: ([request, code]) =>
    isCount(request) && typeof code === 'string'
      ? { kind: 'refusal', request, code: REFUSALS.find((known) => known === code) ?? 'NOT_HERE' }
      : undefined,
  [KIND.busy]: ([isBusy]) => (typeof isBusy === 'boolean' ? { kind: 'busy', isBusy } : undefined),
  [KIND.goodbye]: ([code, message]) =>
    typeof code === 'string' && typeof message === 'string'
      ? { kind: 'goodbye', code: codeOf(code), message: message.slice(0, 500) }
      : undefined
}

/** Whoever sends more than four bytes can say is not one of us. */
const isCount = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 32
/** CBOR writes it as a float above that, as eight bytes of integer would be too large for most. */
const isSize = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0
const isBytesOrNull = (value: unknown): value is Uint8Array | null =>
  value === null || value instanceof Uint8Array

/** A newer version may have codes that this one does not know. */
function codeOf(code: string): ErrorCode {
  return isErrorCode(code) ? code : 'INTERNAL'
}

/** Ends that the other side may name; any other is its opinion of us, and not ours of it. */
const GOODBYE_CODES: ReadonlySet<string> = new Set([
  'STOPPING',
  'PROTOCOL_VERSION',
  'TOO_MANY_REQUESTS'
])

/** Why a stream has ended that the other side has ended. */
export function goodbyeError({ code, message }: PieceMessage & { kind: 'goodbye' }): MeshError {
  return GOODBYE_CODES.has(code)
    ? new MeshError(code, message)
    : new MeshError('SESSION_CLOSED', `the peer ended the piece stream: ${code}: ${message}`)
}
