/**
 * The authority of a mesh: an Ed25519 key in a folder of its own. Whoever has the key says who belongs to the
 * mesh. It is needed for that alone, and may lie on another machine than any node.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { MeshError, messageOf } from '../core/errors.ts'
import { readSecret, writeSecret } from '../core/secret-file.ts'
import { meshIdOf } from './mesh-id.ts'
import { Notices, readNotices, signNotice } from './notices.ts'
import { noticesFile } from './own-membership.ts'
import type { KeyObject } from 'node:crypto'
import type { NewNotice } from './notices.ts'
import type { Signatory } from './signed-claims.ts'

export interface Authority extends Signatory {
  /** Of a private network, in hex. */
  networkKey?: string | undefined
}

const FOLDER = 'authority'
const KEY_FILE = 'key.pem'
const NETWORK_KEY_FILE = 'network-key'

export function authorityFolder(home: string): string {
  return join(home, FOLDER)
}

export function hasAuthority(home: string): boolean {
  return existsSync(join(authorityFolder(home), KEY_FILE))
}

/**
 * Makes an authority, and with it a mesh.
 * @param networkKey of a private network, in hex
 * @throws MeshError KEY_CONFLICT where there is one, IDENTITY_UNUSABLE
 */
export function createAuthority(home: string, networkKey?: string): Authority {
  const folder = authorityFolder(home)
  if (hasAuthority(home)) {
    const { meshId } = loadAuthority(home) as Authority
    throw new MeshError('KEY_CONFLICT', `there is an authority in ${folder} already: ${meshId}`, {
      hint: 'use it, or make another mesh with another --home'
    })
  }
  const { privateKey } = generateKeyPairSync('ed25519')
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
  if (networkKey !== undefined) writeSecret(join(folder, NETWORK_KEY_FILE), `${networkKey}\n`)
  writeSecret(join(folder, KEY_FILE), pem)
  return { ...authorityOf(privateKey), networkKey }
}

/** Undefined where the home has none. @throws MeshError IDENTITY_UNUSABLE */
export function loadAuthority(home: string): Authority | undefined {
  const folder = authorityFolder(home)
  const pem = readSecret(join(folder, KEY_FILE))
  if (pem === undefined) return undefined
  const networkKey = readSecret(join(folder, NETWORK_KEY_FILE))
  return {
    ...authorityOf(readKey(pem, folder)),
    networkKey: networkKey === undefined ? undefined : Buffer.from(networkKey).toString().trim()
  }
}

/** The signed texts of what it has said of others, from its own machine. @throws MeshError IDENTITY_UNUSABLE */
export function authorityNotices(home: string): string[] {
  return readNotices(noticesFile(authorityFolder(home)))
}

/**
 * Signs a notice, and keeps it beside the key: the nodes of this home tell it to others whenever they start.
 * @returns its signed text
 * @throws MeshError REQUEST_TOO_LARGE, IDENTITY_UNUSABLE
 */
export async function announceByAuthority(
  home: string,
  authority: Authority,
  notice: NewNotice
): Promise<string> {
  const text = await signNotice(notice, authority)
  const said = new Notices({
    meshId: authority.meshId,
    file: noticesFile(authorityFolder(home)),
    nowMs: () => notice.nowMs
  })
  await said.load()
  await said.add([text])
  return text
}

function authorityOf(key: KeyObject): Authority {
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' })
  return { meshId: meshIdOf(Buffer.from(x, 'base64url')), key }
}

function readKey(pem: Uint8Array, folder: string): KeyObject {
  try {
    const key = createPrivateKey(Buffer.from(pem))
    if (key.asymmetricKeyType === 'ed25519') return key
    throw new Error(`it is of type ${key.asymmetricKeyType}`)
  } catch (cause) {
    throw new MeshError(
      'IDENTITY_UNUSABLE',
      `${folder} does not hold the key of an authority: ${messageOf(cause)}`,
      { hint: 'restore it from a backup: no other key can stand in for it', cause }
    )
  }
}
