/**
 * Who a short visitor to the mesh is: where the authority's key is, an operator with a passing identity; elsewhere
 * the client that this home has joined as; and where there is neither, a stranger with a passing identity.
 */
import { join } from 'node:path'
import { VISIT_MS } from '../membership/documents.ts'
import { certificateOf, loadMembership } from '../membership/own-membership.ts'
import { grantMembership } from '../membership/own-grants.ts'
import { loadAuthority } from '../membership/authority.ts'
import { loadIdentity, temporaryIdentity } from '../network/identity.ts'
import { peerOf, publicRawOf } from '../core/peer-keys.ts'
import { readJoinToken, signedTextOf } from '../membership/join-tokens.ts'
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
  /** Milliseconds since 1970. */
  nowMs: number
}

const FOLDER = 'client'

export async function strangerVisit(): Promise<Visit> {
  return { identity: await temporaryIdentity(), role: 'client', entry: undefined, folder: undefined }
}

/** @throws MeshError CREDENTIAL_INVALID, IDENTITY_UNUSABLE */
export async function findVisit({ home, join: text, nowMs }: VisitorInit): Promise<Visit> {
  const authority = text === undefined ? loadAuthority(home) : undefined
  if (authority !== undefined) return await visitAsOperator(authority, nowMs)
  const folder = join(home, FOLDER)
  const kept = loadMembership(folder)
  const token = text === undefined ? undefined : readJoinToken(text)
  const claims = kept === undefined ? undefined : certificateOf(kept)
  const meshId = token?.iss ?? claims?.iss
  if (meshId === undefined) return await strangerVisit()
  const membership = claims?.iss === meshId ? kept : undefined
  return {
    identity: await loadIdentity(join(folder, 'key')),
    role: (membership === undefined ? token?.role : claims?.role) ?? 'client',
    folder,
    entry: {
      meshId,
      bootstrap: token?.bootstrap ?? membership?.bootstrap ?? [],
      membership,
      token:
        token === undefined ? undefined : { claims: token, signedText: signedTextOf(text ?? '') },
      authority: undefined,
      networkKey: token?.network_key ?? membership?.networkKey
    }
  }
}

async function visitAsOperator(authority: Authority, nowMs: number): Promise<Visit> {
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
    entry: { meshId, bootstrap: [], membership, token: undefined, authority: undefined, networkKey }
  }
}
