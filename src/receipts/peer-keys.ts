/**
 * PeerIds and the Ed25519 keys within them, in the forms in which libp2p writes both down. A PeerId of such a
 * key holds all of it, so that whoever knows the PeerId alone can check what its node has signed.
 */
import { createPublicKey } from 'node:crypto'
import { base58btc } from 'multiformats/bases/base58'
import { RecentMap } from '../core/recent-map.ts'
import type { KeyObject } from 'node:crypto'

/** Of libp2p's `PublicKey`: key type 1 is Ed25519, then the key's 32 bytes. */
const PROTOBUF_PREFIX = Buffer.from('08011220', 'hex')
const KEY_BYTES = 32
const PUBLIC_KEY_BYTES = PROTOBUF_PREFIX.byteLength + KEY_BYTES
/** A PeerId is the key's protobuf as an "identity" multihash: code 0, then the length. */
const MULTIHASH_PREFIX = Buffer.from([0, PUBLIC_KEY_BYTES])
/** Of SubjectPublicKeyInfo (RFC 8410): what stands before the key's bytes. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/** Workers that a router may hear of within a while; making a key anew costs some 20 microseconds. */
const KEYS_MAX = 4_096

export interface PeerKey {
  peer: string
  key: KeyObject
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
  const key = createPublicKey({
    key: Buffer.concat([SPKI_PREFIX, raw]),
    format: 'der',
    type: 'spki'
  })
  return { peer: peerOf(raw), key }
}
