/**
 * PeerIds and the Ed25519 keys within them, in the forms in which libp2p writes both down. A PeerId of such a
 * key holds all of it, so that whoever knows the PeerId alone can check what its node has signed.
 */
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { base58btc } from 'multiformats/bases/base58'
import { RecentMap } from './recent-map.ts'
import type { KeyObject } from 'node:crypto'

/** Of libp2p's `PublicKey`: key type 1 is Ed25519, then the key's 32 bytes. */
const PROTOBUF_PREFIX = Buffer.from('08011220', 'hex')
const KEY_BYTES = 32
const PUBLIC_KEY_BYTES = PROTOBUF_PREFIX.byteLength + KEY_BYTES
/** A PeerId is the key's protobuf as an "identity" multihash: code 0, then the length. */
const MULTIHASH_PREFIX = Buffer.from([0, PUBLIC_KEY_BYTES])
/** Of SubjectPublicKeyInfo (RFC 8410): what stands before the key's bytes. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/** Of PKCS #8 (RFC 8410): what stands before the seed. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

/** Workers that a router may hear of within a while; making a key anew costs some 20 microseconds. */
const KEYS_MAX = 4_096

export interface PeerKey {
  peer: string
  key: KeyObject
}

/** What is needed of a libp2p private key. */
export interface NodeKey {
  readonly type: string
  /** Of Ed25519: the seed, then the public key. */
  readonly raw: Uint8Array
}

/** By the key's bytes: most receipts come from those who gave one just before. */
const known = new RecentMap<string, PeerKey>(KEYS_MAX)

/** libp2p's `PublicKey` message. @param raw the key's 32 bytes */
export function publicKeyMessage(raw: Uint8Array): Uint8Array {
  return Buffer.concat([PROTOBUF_PREFIX, raw])
}

/** Who has the key. */
export function peerOf(raw: Uint8Array): string {
  const bytes = Buffer.concat([MULTIHASH_PREFIX, PROTOBUF_PREFIX, raw])
  return base58btc.encode(bytes).slice(1)
}

/** The public half of an Ed25519 key. */
export function publicRawOf({ raw }: NodeKey): Uint8Array {
  return raw.subarray(KEY_BYTES)
}

/** An Ed25519 key as node:crypto signs with it. */
export function privateKeyOf({ raw }: NodeKey): KeyObject {
  const key = Buffer.concat([PKCS8_PREFIX, raw.subarray(0, KEY_BYTES)])
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' })
}

/** The key that a PeerId holds; undefined where it holds none of Ed25519. */
export function publicKeyOfPeer(peer: string): KeyObject | undefined {
  const bytes = decoded(peer)
  const prefix = Buffer.concat([MULTIHASH_PREFIX, PROTOBUF_PREFIX])
  const isWhole =
    bytes?.byteLength === prefix.byteLength + KEY_BYTES &&
    prefix.equals(bytes.subarray(0, prefix.byteLength))
  return isWhole ? readPublicKey(bytes.subarray(MULTIHASH_PREFIX.byteLength))?.key : undefined
}

/** @param raw the key's 32 bytes */
export function publicKeyFrom(raw: Uint8Array): KeyObject {
  return createPublicKey({
    key: Buffer.concat([SPKI_PREFIX, raw]),
    format: 'der',
    type: 'spki'
  })
}

function decoded(peer: string): Uint8Array | undefined {
  try {
    return base58btc.decode(`z${peer}`)
  } catch {
    return undefined
  }
}

/** The key in a `PublicKey` message and whose it is; undefined where it is none of Ed25519. */
export function readPublicKey(message: Uint8Array): PeerKey | undefined {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength)
  const isEd25519 =
    bytes.byteLength === PUBLIC_KEY_BYTES &&
    bytes.subarray(0, PROTOBUF_PREFIX.byteLength).equals(PROTOBUF_PREFIX)
  if (!isEd25519) return undefined
  const raw = bytes.subarray(PROTOBUF_PREFIX.byteLength)
  const name = raw.toString('latin1')
  const found = known.get(name) ?? makeKey(raw)
  known.set(name, found)
  return found
}

function makeKey(raw: Buffer): PeerKey {
  return { peer: peerOf(raw), key: publicKeyFrom(raw) }
}
