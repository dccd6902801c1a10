/**
 * Who a short visitor to the mesh is: where the authority's key is, an operator with a passing identity; elsewhere
 * the client that this home has joined as; and where there is neither, a stranger with a passing identity.
 */
import { join } from 'node:path'
import { VISIT_MS } from '../membership/documents.ts'
import { certificateOf, loadMembership } from '../membership/own-membership.ts'
import { grantMembership } from '../membership/own-grants.ts'
import { MeshError } from '../core/errors.ts'
import { authorityNotices, loadAuthority } from '../membership/authority.ts'
import { entryOf } from './mesh-entry.ts'
import { loadIdentity, temporaryIdentity } from '../network/identity.ts'
import { peerOf, publicRawOf } from '../core/peer-keys.ts'
import { readJoinToken } from '../membership/join-tokens.ts'
import type { Authority } from '../membership/authority.ts'
import type { MemberRole } from '../membership/documents.ts'
import type { MeshEntry } from './mesh-entry.ts'
import type { PrivateKey } from '@libp2p/interface'

export interface Visit {
  identity: PrivateKey
  role: MemberRole
  /** Undefined: as a stranger, which will do where no authority rules. */
  entry: MeshEntry | undefined
  /** Where its membership is kept. */
  folder: string | undefined
}

export interface VisitorInit {
  home: string
  /** The text of a join token; it is exchanged once, and what came of it is kept in the home. */
  join?: string | undefined
  /** Multiaddrs by which the mesh is found, beside those that the token names. */
  bootstrap?: readonly string[]
  /** Milliseconds since 1970. */
  nowMs: number
}

const FOLDER = 'client'
const VISITORS: readonly MemberRole[] = ['client', 'operator', 'monitor']

export async function strangerVisit(): Promise<Visit> {
  return {
    identity: await temporaryIdentity(),
    role: 'client',
    entry: undefined,
    folder: undefined
  }
}

/**
 * @throws MeshError CREDENTIAL_INVALID, ROLE_MISMATCH (the token is none of a visitor), IDENTITY_UNUSABLE
 */
export async function findVisit({
  bootstrap = [],
  home,
  join: text,
  nowMs
}: VisitorInit): Promise<Visit> {
  const authority = text === undefined ? loadAuthority(home) : undefined
  if (authority !== undefined) return await visitAsOperator(home, authority, nowMs)
  const folder = visitorFolder(home)
  const kept = loadMembership(folder)
  const role = text === undefined ? kept && certificateOf(kept).role : visitorRoleOf(text)
  if (role === undefined) return await strangerVisit()
  const identity = await loadIdentity(join(folder, 'key'))
  const entrant = { folder, role, selfPeer: peerOf(publicRawOf(identity)) }
  const entry = entryOf({ authority, bootstrap, home, text }, entrant)
  return { identity, role, folder, entry }
}

/** Where the membership of those who visit from this home is kept. */
export function visitorFolder(home: string): string {
  return join(home, FOLDER)
}

/** Others serve the mesh, and are started. */
function visitorRoleOf(text: string): MemberRole {
  const { role } = readJoinToken(text)
  if (VISITORS.includes(role)) return role
  const words = role === 'router' ? 'router start' : role
  throw new MeshError('ROLE_MISMATCH', `this token is for a ${role}, not for a visitor`, {
    hint: `start the ${role} with it: taskmesh ${words} --join @FILE`
  })
}

async function visitAsOperator(home: string, authority: Authority, nowMs: number): Promise<Visit> {
  const identity = await temporaryIdentity()
  const grant = { peer: peerOf(publicRawOf(identity)), role: 'operator', nowMs } as const
  const membership = await grantMembership(authority, {
    ...grant,
    lifeMs: VISIT_MS,
    bootstrap: []
  })
  const { meshId, networkKey } = authority
  return {
    identity,
    role: 'operator',
    folder: undefined,
    entry: {
      meshId,
      bootstrap: [],
      membership,
      token: undefined,
      authority: undefined,
      networkKey,
      namespace: undefined,
      notices: authorityNotices(home)
    }
  }
}
