/** A node's key: made once, kept in a file that only its owner can read. Who has the key is the node. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { dirname } from 'node:path'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { MeshError, messageOf } from '../core/errors.ts'
import type { PrivateKey } from '@libp2p/interface'

const OWNER_ONLY = 0o600
const OTHERS = 0o077

/**
 * Reads the Ed25519 key of a node, or makes it on the first start.
 * @throws MeshError IDENTITY_UNUSABLE when the file is no key, others may read it, or it cannot be written
 */
export async function loadIdentity(file: string): Promise<PrivateKey> {
  if (existsSync(file)) return readKey(file)
  const key = await generateKeyPair('Ed25519')
  writeKey(file, privateKeyToProtobuf(key))
  return key
}

/** A key that lives as long as the process, for short visits to the mesh. */
export async function temporaryIdentity(): Promise<PrivateKey> {
  return await generateKeyPair('Ed25519')
}

/** A key is there whole or not at all, even if the power fails: it gets its name once it is written. */
function writeKey(file: string, bytes: Uint8Array): void {
  const draft = `${file}.new`
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(draft, bytes, { mode: OWNER_ONLY, flush: true })
    renameSync(draft, file)
  } catch (cause) {
    throw unusable(`the key file ${file} cannot be written: ${messageOf(cause)}`, {
      hint: 'choose a folder that this user may write to',
      cause
    })
  }
}

function readKey(file: string): PrivateKey {
  keepFromOthers(file)
  try {
    return privateKeyFromProtobuf(readFileSync(file))
  } catch (cause) {
    throw unusable(`${file} does not hold a key: ${messageOf(cause)}`, {
      hint: 'restore it from a backup, or move it away to start with a new identity',
      cause
    })
  }
}

function keepFromOthers(file: string): void {
  if (process.platform === 'win32' || (statSync(file).mode & OTHERS) === 0) return
  try {
    chmodSync(file, OWNER_ONLY)
  } catch (cause) {
    throw unusable(`others can read the key file ${file}`, {
      hint: `run: chmod 600 ${file}`,
      cause
    })
  }
}

function unusable(message: string, init: { hint: string; cause: unknown }): MeshError {
  return new MeshError('IDENTITY_UNUSABLE', message, init)
}
