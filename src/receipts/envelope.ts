/**
 * libp2p signed envelopes (RFC 0002 of the libp2p specs) around canonical JSON, byte for byte as libp2p's own
 * make them, but signed and checked on the thread pool. Only the one way in which libp2p writes an envelope is
 * read: whatever byte of it is changed, it does not open.
 */
import { isUtf8 } from 'node:buffer'
import { hash, verify } from 'node:crypto'
import { MeshError, messageOf } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { readPublicKey } from '../core/peer-keys.ts'
import type { Signer } from './signer.ts'
import type { Validator } from '../model/validate.ts'

/** What is signed, and how large it may be. */
export interface EnvelopeKind<T> {
  /** For people, such as `a receipt`. */
  name: string
  /** A signature given for one use is worthless for another. */
  domain: string
  payloadType: string
  /** Of the whole envelope. */
  bytesMax: number
  check: Validator<T>
}

export interface Opened<T> {
  document: T
  /** Who has signed it. */
  signer: string
  /** SHA-256 of the envelope, in hex. */
  hash: string
}

/** Field numbers of the protobuf message, in the order in which they stand; all are bytes. */
const FIELDS = { publicKey: 1, payloadType: 2, payload: 3, signature: 5 } as const
const FIELD_COUNT = Object.keys(FIELDS).length
/** Wire type 2: a length, then so many bytes. */
const LENGTH_DELIMITED = 2
const SEVEN_BITS = 0x7f
const MORE = 0x80
/** Lengths up to 2^21, far above all that an envelope may have. */
const VARINT_BYTES_MAX = 3

/** @param document its keys must be in order, as `canonicalJson` has them: it is signed as it is written down */
export async function sealEnvelope<T>(
  document: T,
  kind: EnvelopeKind<T>,
  signer: Signer
): Promise<Buffer> {
  const payload = Buffer.from(JSON.stringify(document))
  const type = Buffer.from(kind.payloadType)
  const signature = await signer.sign(signedBytes(kind, type, payload))
  return writeFields({ publicKey: signer.publicKey, payloadType: type, payload, signature })
}

/**
 * Opens an envelope from a stranger.
 * @throws MeshError REQUEST_TOO_LARGE; RECEIPT_INVALID where it is no envelope, of another kind, not validly
 * signed or not canonical; FIELD_INVALID and its kin
 */
export async function openEnvelope<T>(
  bytes: Uint8Array,
  kind: EnvelopeKind<T>
): Promise<Opened<T>> {
  if (bytes.byteLength > kind.bytesMax) {
    const message = `${kind.name} of ${bytes.byteLength} bytes is above the limit of ${kind.bytesMax}`
    throw new MeshError('REQUEST_TOO_LARGE', message)
  }
  const { payload, payloadType, publicKey, signature } = readFields(bytes, kind.name)
  if (payloadType.toString() !== kind.payloadType) {
    const message = `this is not ${kind.name}, but ${JSON.stringify(payloadType.toString())}`
    throw new MeshError('RECEIPT_INVALID', message)
  }
  const signer = readPublicKey(publicKey)
  if (signer === undefined) {
    throw new MeshError('RECEIPT_INVALID', `${kind.name} is not signed by an Ed25519 key`)
  }
  const signed = signedBytes(kind, payloadType, payload)
  if (!(await isSignedBy(signer.key, signed, signature))) {
    throw new MeshError('RECEIPT_INVALID', `${kind.name} is not validly signed by ${signer.peer}`)
  }
  return {
    document: kind.check(readPayload(payload, kind.name)),
    signer: signer.peer,
    hash: hash('sha256', bytes)
  }
}

/** @throws MeshError RECEIPT_INVALID where it is not base64 as it is written, or longer than its envelope may be */
export function readBase64(text: string, { bytesMax, name }: EnvelopeKind<unknown>): Buffer {
  const isShort = text.length <= Math.ceil(bytesMax / 3) * 4
  const bytes = isShort ? Buffer.from(text, 'base64') : Buffer.alloc(0)
  if (bytes.byteLength > 0 && bytes.toString('base64') === text) return bytes
  throw new MeshError('RECEIPT_INVALID', `${name} is not base64 of an envelope`)
}

function isSignedBy(
  key: Parameters<typeof verify>[2],
  bytes: Uint8Array,
  signature: Uint8Array
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    verify(null, bytes, key, signature, (error, isRight) => {
      if (error === null) resolve(isRight)
      else reject(error)
    })
  })
}

/** A signature is over the domain too, and each part has its length before it. */
function signedBytes(
  { domain }: Pick<EnvelopeKind<unknown>, 'domain'>,
  type: Uint8Array,
  payload: Uint8Array
): Buffer {
  return joined([undefined, Buffer.from(domain)], [undefined, type], [undefined, payload])
}

function writeFields(fields: Record<keyof typeof FIELDS, Uint8Array>): Buffer {
  const { payload, payloadType, publicKey, signature } = fields
  return joined(
    [FIELDS.publicKey, publicKey],
    [FIELDS.payloadType, payloadType],
    [FIELDS.payload, payload],
    [FIELDS.signature, signature]
  )
}

/** Parts one after the other, each with its length before it, and before that the number of its field, if it has one. */
function joined(...parts: readonly [field: number | undefined, bytes: Uint8Array][]): Buffer {
  let length = 0
  for (const [, bytes] of parts) length += bytes.byteLength + 1 + VARINT_BYTES_MAX
  const all = Buffer.allocUnsafe(length)
  let at = 0
  for (const [number, bytes] of parts) {
    if (number !== undefined) all[at++] = (number << 3) | LENGTH_DELIMITED
    let rest = bytes.byteLength
    for (; rest > SEVEN_BITS; rest >>>= 7) all[at++] = (rest & SEVEN_BITS) | MORE
    all[at++] = rest
    all.set(bytes, at)
    at += bytes.byteLength
  }
  return all.subarray(0, at)
}

type Fields = Record<keyof typeof FIELDS, Buffer>

/** @throws MeshError RECEIPT_INVALID */
function readFields(envelope: Uint8Array, name: string): Fields {
  const bytes = Buffer.from(envelope.buffer, envelope.byteOffset, envelope.byteLength)
  const fields: Partial<Fields> = {}
  let at = 0
  for (const [key, number] of Object.entries(FIELDS)) {
    const length =
      bytes[at] === ((number << 3) | LENGTH_DELIMITED) ? readLength(bytes, at + 1) : undefined
    if (length === undefined || length.end + length.value > bytes.byteLength) break
    at = length.end + length.value
    fields[key as keyof Fields] = bytes.subarray(length.end, at)
  }
  if (Object.keys(fields).length === FIELD_COUNT && at === bytes.byteLength) return fields as Fields
  throw new MeshError('RECEIPT_INVALID', `${name} is not in a signed envelope`)
}

/** Undefined where it is not written in as few bytes as it can be. */
function readLength(bytes: Buffer, from: number): { value: number; end: number } | undefined {
  let value = 0
  for (let index = 0; index < VARINT_BYTES_MAX; index += 1) {
    const byte = bytes[from + index]
    if (byte === undefined || (byte === 0 && index > 0)) return undefined
    value |= (byte & SEVEN_BITS) << (7 * index)
    if (byte < MORE) return { value, end: from + index + 1 }
  }
  return undefined
}

/** @throws MeshError RECEIPT_INVALID where another reader might read something else: a field twice, say */
function readPayload(payload: Buffer, name: string): unknown {
  const text = payload.toString()
  const value = parsed(text, name)
  if (isUtf8(payload) && JSON.stringify(value) === text && isInOrder(value)) return value
  throw new MeshError('RECEIPT_INVALID', `${name} is not in canonical JSON`)
}

function parsed(text: string, name: string): unknown {
  try {
    return parseJson(text)
  } catch (cause) {
    throw new MeshError('RECEIPT_INVALID', `${name} is not JSON: ${messageOf(cause)}`, { cause })
  }
}

function isInOrder(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  const keys = Object.keys(value)
  return (
    (Array.isArray(value) || keys.every((key, at) => at === 0 || (keys[at - 1] as string) < key)) &&
    Object.values(value).every(isInOrder)
  )
}
