/**
 * The name of a mesh: the public key of its authority, so that whoever knows the name can check what the
 * authority has signed, and needs nobody's word for it.
 */
import { base58btc } from 'multiformats/bases/base58'
import { MeshError } from '../core/errors.ts'
import { publicKeyFrom } from '../core/peer-keys.ts'
import type { KeyObject } from 'node:crypto'

const PREFIX = 'mesh-'
const KEY_BYTES = 32

/** @param raw the 32 bytes of the authority's public key */
export function meshIdOf(raw: Uint8Array): string {
  return PREFIX + base58btc.encode(raw).slice(1)
}

/** @throws MeshError CREDENTIAL_INVALID */
export function authorityKeyOf(meshId: string): KeyObject {
  const raw = decoded(meshId)
  if (raw?.byteLength === KEY_BYTES && meshIdOf(raw) === meshId) return publicKeyFrom(raw)
  throw new MeshError('CREDENTIAL_INVALID', `"${meshId.slice(0, 64)}" names no mesh`, {
    hint: 'a mesh id begins with mesh- and is printed by `taskmesh init`'
  })
}

/** For people: enough of it to tell two meshes apart. */
export function shortMeshId(meshId: string): string {
  return meshId.slice(0, PREFIX.length + 8)
}

function decoded(meshId: string): Uint8Array | undefined {
  if (!meshId.startsWith(PREFIX)) return undefined
  try {
    return base58btc.decode(`z${meshId.slice(PREFIX.length)}`)
  } catch {
    return undefined
  }
}
