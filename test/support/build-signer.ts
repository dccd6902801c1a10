/** A node's key that signs orders and receipts, new each time. */
import { generateKeyPairSync } from 'node:crypto'
import { signerOf } from '../../src/receipts/signer.ts'
import type { Signer } from '../../src/receipts/signer.ts'

export function buildSigner(): Signer {
  const { d, x } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  const raw = Buffer.concat([d, x].map((part) => Buffer.from(part ?? '', 'base64url')))
  return signerOf({ type: 'Ed25519', raw })
}
