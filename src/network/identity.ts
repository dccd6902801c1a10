/** A node's key: made once, kept in a file that only its owner can read. Who has the key is the node. */
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { MeshError } from '../core/errors.ts'
import type { PrivateKey } from '@libp2p/interface'

const OWNER_ONLY = 0o600
const OTHERS = 0o077

/**
 * Reads the Ed25519 key of a node, or makes it on the first start.
 * @throws MeshError IDENTITY_UNUSABLE when the file is no key, or when others may read it
 */
export async function loadIdentity(file: string): Promise<PrivateKey> {
  if (existsSync(file)) return readKey(file)
  const key = await generateKeyPair('Ed25519')
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(file, privateKeyToProtobuf(key), { mode: OWNER_ONLY, flag: 'wx' })
  return key
}

/** A key that lives as long as the process, for short visits to the mesh. */
export async function temporaryIdentity(): Promise<PrivateKey> {
  return await generateKeyPair('Ed25519')
}

function readKey(file: string): PrivateKey {
  const canCheckMode = process.platform !== 'win32'
  if (canCheckMode && (statSync(file).mode & OTHERS) !== 0) {
    try {
      chmodSync(file, OWNER_ONLY)
    } catch (cause) {
      throw new MeshError('IDENTITY_UNUSABLE', `others can read the key file ${file}`, {
        hint: `run: chmod 600 ${file}`,
        cause
      })
    }
  }
  try {
    return privateKeyFromProtobuf(readFileSync(file))
  } catch (cause) {
    throw new MeshError('IDENTITY_UNUSABLE', `${file} does not hold a key`, {
      hint: 'restore it from a backup, or move it away to start with a new identity',
      cause
    })
  }
}
