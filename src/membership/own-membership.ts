/**
 * What a node has of its own membership, kept in its folder: its certificate, the delegation of one that lets
 * others in, and the way back into the mesh.
 */
import { join } from 'node:path'
import { MeshError } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { readSecret, writeSecret } from '../core/secret-file.ts'
import { CERTIFICATE } from './documents.ts'
import { DELEGATION, readClaims } from './signed-claims.ts'
import type { Certificate } from './documents.ts'
import type { Delegation } from '../model/generated/delegation.ts'

export interface OwnMembership {
  readonly certificate: string
  readonly delegation?: string | undefined
  /** Where the mesh was found. */
  readonly bootstrap: readonly string[]
  /** Of a private network, in hex. */
  readonly networkKey?: string | undefined
  /** As its token has named it. */
  readonly namespace?: string | undefined
}

const FILE = 'membership.json'
const NOTICES_FILE = 'notices.json'

export function membershipFile(folder: string): string {
  return join(folder, FILE)
}

export function noticesFile(folder: string): string {
  return join(folder, NOTICES_FILE)
}

/** Undefined where the node has never joined. @throws MeshError IDENTITY_UNUSABLE */
export function loadMembership(folder: string): OwnMembership | undefined {
  const file = membershipFile(folder)
  const secret = readSecret(file)
  if (secret === undefined) return undefined
  try {
    const { bootstrap, certificate, delegation, namespace, networkKey } = parseJson(
      Buffer.from(secret).toString()
    ) as unknown as OwnMembership
    const membership = { certificate, delegation, bootstrap, networkKey, namespace }
    certificateOf(membership)
    if (delegation !== undefined) readClaims(delegation, DELEGATION)
    if (!Array.isArray(bootstrap)) throw new Error('it names no bootstrap')
    return membership
  } catch (cause) {
    throw new MeshError('IDENTITY_UNUSABLE', `${file} does not hold a membership`, {
      hint: 'remove it and join again with a token',
      cause
    })
  }
}

/** @throws MeshError IDENTITY_UNUSABLE */
export function saveMembership(folder: string, membership: OwnMembership): void {
  writeSecret(membershipFile(folder), `${JSON.stringify(membership, null, 2)}\n`)
}

/** What it says; its own node has no need to doubt it. */
export function certificateOf({ certificate }: OwnMembership): Certificate {
  return readClaims(certificate, CERTIFICATE)
}

export function delegationOf({ delegation }: OwnMembership): Delegation | undefined {
  return delegation === undefined ? undefined : readClaims(delegation, DELEGATION)
}
