/** Who of a home belongs to a mesh, and who of them may sign for it: the authority, or a bootstrap in its place. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { MEMBER_ROLES } from '../membership/documents.ts'
import { certificateOf, delegationOf, loadMembership } from '../membership/own-membership.ts'
import { loadAuthority } from '../membership/authority.ts'
import { loadIdentity } from '../network/identity.ts'
import { privateKeyOf } from '../core/peer-keys.ts'
import type { Authority } from '../membership/authority.ts'
import type { Certificate, MemberRole } from '../membership/documents.ts'
import type { Delegation } from '../model/generated/delegation.ts'
import type { OwnMembership } from '../membership/own-membership.ts'
import type { Signatory } from '../membership/signed-claims.ts'

export interface HomeNode {
  /** Of its folder. */
  name: string
  folder: string
  membership: OwnMembership
  certificate: Certificate
  delegation: Delegation | undefined
}

export interface HomeSignatory {
  signatory: Signatory
  /** Whose key it is, if it is the authority itself. */
  authority: Authority | undefined
  /** As what it may let others in. */
  roles: readonly MemberRole[]
  /** Of a private network, in hex. */
  networkKey: string | undefined
}

/** Those that have joined, by the names of their folders. @throws MeshError IDENTITY_UNUSABLE */
export function nodesIn(home: string): HomeNode[] {
  if (!existsSync(home)) return []
  return readdirSync(home, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .toSorted()
    .flatMap((name) => nodeIn(name, join(home, name)) ?? [])
}

/** Undefined where nobody in this home may let others in. @throws MeshError IDENTITY_UNUSABLE */
export async function signatoryIn(home: string, nowMs: number): Promise<HomeSignatory | undefined> {
  const authority = loadAuthority(home)
  if (authority !== undefined) {
    const { networkKey } = authority
    return { signatory: authority, authority, roles: MEMBER_ROLES, networkKey }
  }
  const node = nodesIn(home).find(
    ({ delegation }) => delegation !== undefined && delegation.exp * 1_000 > nowMs
  )
  if (node?.delegation === undefined) return undefined
  const { certificate, delegation, folder, membership } = node
  const key = privateKeyOf(await loadIdentity(join(folder, 'key')))
  return {
    signatory: { meshId: certificate.iss, key, delegation: membership.delegation },
    authority: undefined,
    roles: delegation.roles,
    networkKey: membership.networkKey
  }
}

function nodeIn(name: string, folder: string): HomeNode | undefined {
  const membership = loadMembership(folder)
  if (membership === undefined) return undefined
  const certificate = certificateOf(membership)
  return { name, folder, membership, certificate, delegation: delegationOf(membership) }
}
