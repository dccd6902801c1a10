/** Authorities, delegates and nodes of tests: real keys, and what is signed with them. */
import { generateKeyPairSync } from 'node:crypto'
import { meshIdOf } from '../../src/membership/mesh-id.ts'
import { peerOf } from '../../src/core/peer-keys.ts'
import { DELEGATION, newSerial, signClaims, toSeconds } from '../../src/membership/signed-claims.ts'
import { DELEGATION_MS, MEMBER_ROLES } from '../../src/membership/documents.ts'
import type { Delegation } from '../../src/model/generated/delegation.ts'
import type { KeyObject } from 'node:crypto'
import type { MemberRole } from '../../src/membership/documents.ts'
import type { Signatory } from '../../src/membership/signed-claims.ts'

export const NOW_MS: number = Date.UTC(2026, 0, 1)
export const HOUR_MS = 3_600_000
export const DAY_MS: number = 24 * HOUR_MS

export interface KeyHolder {
  peer: string
  key: KeyObject
  raw: Uint8Array
}

export function buildKeyHolder(): KeyHolder {
  const { privateKey: key, publicKey } = generateKeyPairSync('ed25519')
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
  return { key, raw, peer: peerOf(raw) }
}

export function buildPeer(): string {
  return buildKeyHolder().peer
}

export function buildAuthority(): Signatory {
  const { key, raw } = buildKeyHolder()
  return { key, meshId: meshIdOf(raw) }
}

export interface Delegate {
  peer: string
  delegation: Delegation
  signatory: Signatory
}

/** A node that may let others in. */
export async function buildDelegate(
  authority: Signatory,
  init: { roles?: readonly MemberRole[]; nowMs?: number; lifeMs?: number } = {}
): Promise<Delegate> {
  const { lifeMs = DELEGATION_MS, nowMs = NOW_MS, roles = MEMBER_ROLES } = init
  const { key, peer } = buildKeyHolder()
  const claims = {
    sub: peer,
    jti: newSerial(),
    iat: toSeconds(nowMs),
    exp: toSeconds(nowMs + lifeMs),
    roles: [...roles]
  }
  const text = await signClaims(claims, DELEGATION, authority)
  const delegation: Delegation = { iss: authority.meshId, ...claims }
  return { peer, delegation, signatory: { meshId: authority.meshId, key, delegation: text } }
}

/** The code of what a promise is rejected with; `none` where it is not. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'none'
  } catch (cause) {
    return (cause as { code?: string }).code ?? String(cause)
  }
}
