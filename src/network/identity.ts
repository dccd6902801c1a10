/** A node's key: made once, kept in a file that only its owner can read. Who has the key is the node. */
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { MeshError, messageOf } from '../core/errors.ts'
import { readSecret, writeSecret } from '../core/secret-file.ts'
import type { PrivateKey } from '@libp2p/interface'

/**
 * Reads the Ed25519 key of a node, or makes it on the first start.
 * @throws MeshError IDENTITY_UNUSABLE when the file is no key, others may read it, or it cannot be written
 */
export async function loadIdentity(file: string): Promise<PrivateKey> {
  const secret = readSecret(file)
  if (secret !== undefined) return decodeKey(secret, file)
  const key = await generateKeyPair('Ed25519')
  writeSecret(file, privateKeyToProtobuf(key))
  return key
}

/** A key that lives as long as the process, for short visits to the mesh. */
export async function temporaryIdentity(): Promise<PrivateKey> {
  return await generateKeyPair('Ed25519')
}

function decodeKey(secret: Uint8Array, file: string): PrivateKey {
  try {
    return privateKeyFromProtobuf(secret)
  } catch (cause) {
    throw new MeshError('IDENTITY_UNUSABLE', `${file} does not hold a key: ${messageOf(cause)}`, {
      hint: 'restore it from a backup, or move it away to start with a new identity',
      cause
    })
  }
}
