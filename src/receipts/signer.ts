/**
 * A node's own key as orders and receipts are signed by it: on the thread pool, as signing takes some 40
 * microseconds and the main thread has other things to do.
 */
import { createPrivateKey, sign } from 'node:crypto'
import { MeshError } from '../core/errors.ts'
import { peerOf, publicKeyMessage } from './peer-keys.ts'

/** What is needed of a libp2p private key. */
export interface NodeKey {
  readonly type: string
  /** Of Ed25519: the seed, then the public key. */
  readonly raw: Uint8Array
}

export interface Signer {
  /** Who signs. */
  readonly peer: string
  /** As an envelope has it. */
  readonly publicKey: Uint8Array
  sign(bytes: Uint8Array): Promise<Uint8Array>
}

const SEED_BYTES = 32
/** Of PKCS #8 (RFC 8410): what stands before the seed. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

/** @throws MeshError IDENTITY_UNUSABLE for a key of another kind: nobody could check by the PeerId what it signs */
export function signerOf({ raw, type }: NodeKey): Signer {
  if (type !== 'Ed25519') {
    throw new MeshError('IDENTITY_UNUSABLE', `a key of type ${type} cannot sign receipts`, {
      hint: 'restore the Ed25519 key of this node, or move the key away to start with a new identity'
    })
  }
  const key = createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, raw.subarray(0, SEED_BYTES)]),
    format: 'der',
    type: 'pkcs8'
  })
  const publicRaw = raw.subarray(SEED_BYTES)
  return {
    peer: peerOf(publicRaw),
    publicKey: publicKeyMessage(publicRaw),
    sign: (bytes) =>
      new Promise((resolve, reject) => {
        sign(null, bytes, key, (error, signature) => {
          if (error === null) resolve(signature)
          else reject(error)
        })
      })
  }
}
