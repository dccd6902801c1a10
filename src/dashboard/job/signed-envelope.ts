/**
 * Opens a libp2p signed envelope (RFC 0002 of the libp2p specs) with the browser's own cryptography: who has
 * signed what, without asking anybody. Node's side is receipts/envelope.ts, which also writes them.
 */
import { base58btc } from 'multiformats/bases/base58'
import type { EnvelopeUse } from '../../receipts/uses.ts'

export interface OpenedEnvelope {
  document: Record<string, unknown>
  /** PeerId, which is the key itself. */
  signer: string
  /** SHA-256 of the envelope, in hex. */
  hash: string
}

type Bytes = Uint8Array<ArrayBuffer>

/** Numbers of the message's fields, in their order. */
const FIELDS = [1, 2, 3, 5]
const LENGTH_DELIMITED = 2
/** Of libp2p's `PublicKey`: Ed25519, and the length of its key. */
const KEY_PREFIX = [8, 1, 18, 32]
const KEY_PROTOBUF_BYTES = 36

/** @throws Error that says what is wrong with it */
export async function openEnvelope(base64: string, use: EnvelopeUse): Promise<OpenedEnvelope> {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
  const [publicKey, type, payload, signature] = readFields(bytes)
  if (
    publicKey === undefined ||
    type === undefined ||
    payload === undefined ||
    signature === undefined
  ) {
    throw new Error('this is no signed envelope')
  }
  if (new TextDecoder().decode(type) !== use.payloadType) throw new Error('this is of another kind')
  if (!KEY_PREFIX.every((byte, index) => publicKey[index] === byte)) {
    throw new Error('its key is not of Ed25519')
  }
  const raw = publicKey.slice(KEY_PREFIX.length)
  const key = await crypto.subtle.importKey('raw', raw, 'Ed25519', false, ['verify'])
  const signed = joined([new TextEncoder().encode(use.domain), type, payload])
  if (!(await crypto.subtle.verify('Ed25519', key, signature, signed))) {
    throw new Error('its signature is not that of its key')
  }
  return {
    document: JSON.parse(new TextDecoder().decode(payload)) as Record<string, unknown>,
    signer: peerIdOf(publicKey),
    hash: hexOf(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
  }
}

/** As an "identity" multihash, in base 58 without its prefix. */
function peerIdOf(publicKey: Bytes): string {
  return base58btc.encode(Uint8Array.from([0, KEY_PROTOBUF_BYTES, ...publicKey])).slice(1)
}

function readFields(bytes: Bytes): Bytes[] {
  const fields: Bytes[] = []
  let at = 0
  for (const number of FIELDS) {
    if (bytes[at] !== ((number << 3) | LENGTH_DELIMITED)) return []
    at += 1
    let length = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at] ?? 0
      at += 1
      length |= (byte & 0x7f) << shift
      if (byte < 0x80 || shift > 21) break
    }
    fields.push(bytes.slice(at, at + length))
    at += length
  }
  return at === bytes.length ? fields : []
}

/** Each with its length before it. */
function joined(parts: readonly Uint8Array[]): Bytes {
  const all: number[] = []
  for (const part of parts) {
    let rest = part.length
    for (; rest > 0x7f; rest >>>= 7) all.push((rest & 0x7f) | 0x80)
    all.push(rest, ...part)
  }
  return Uint8Array.from(all)
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
