/**
 * How a node comes into its mesh, found out before it is built: by a token, by the certificate that it has, by an
 * authority in the same home, or, where nobody else can reach it, with no authority at all.
 */
import { isLoopbackAddress } from '../config/compile.ts'
import { hasAuthority, loadAuthority } from '../membership/authority.ts'
import { MeshError } from '../core/errors.ts'
import { certificateOf, loadMembership } from '../membership/own-membership.ts'
import { readJoinToken, signedTextOf } from '../membership/join-tokens.ts'
import { shortMeshId } from '../membership/mesh-id.ts'
import type { Authority } from '../membership/authority.ts'
import type { JoinToken, MemberRole } from '../membership/documents.ts'
import type { NodeSettings } from '../config/settings.ts'
import type { OwnMembership } from '../membership/own-membership.ts'

export interface MeshEntry {
  meshId: string
  /** Multiaddrs by which the mesh is found. */
  bootstrap: readonly string[]
  /** What the node has of its membership so far. */
  membership: OwnMembership | undefined
  token: { claims: JoinToken; signedText: string } | undefined
  /** Of a node in the authority's own home. */
  authority: Authority | undefined
  /** Of a private network, in hex. */
  networkKey: string | undefined
}

/** Where nothing is said about it, as in the files of defaults. */
const NAMESPACE_DEFAULT = 'default'

/** The settings with what a join token says besides: where the mesh is found, and the namespace if none was set. */
export function joinedSettings<S extends NodeSettings>(settings: S): S {
  if (settings.join === undefined) return settings
  const { bootstrap, namespace = NAMESPACE_DEFAULT } = readJoinToken(settings.join)
  return {
    ...settings,
    bootstrap: [...new Set([...settings.bootstrap, ...bootstrap])],
    namespace: settings.namespace === NAMESPACE_DEFAULT ? namespace : settings.namespace
  }
}

/**
 * Undefined for a node that belongs to no mesh, and takes anyone.
 * @throws MeshError CONFIG_INVALID where that would open it to others, CREDENTIAL_INVALID, MESH_MISMATCH,
 * ROLE_MISMATCH, IDENTITY_UNUSABLE
 */
export function findEntry(
  settings: NodeSettings,
  { folder, role, selfPeer }: { folder: string; role: MemberRole; selfPeer: string }
): MeshEntry | undefined {
  if (settings.isOpen) return undefined
  const kept = loadMembership(folder)
  const token = settings.join === undefined ? undefined : readToken(settings.join, role, selfPeer)
  const authority = hasAuthority(settings.home) ? loadAuthority(settings.home) : undefined
  const meshId = token?.claims.iss ?? authority?.meshId ?? (kept && certificateOf(kept).iss)
  if (meshId === undefined) {
    refuseOpen(settings, selfPeer)
    return undefined
  }
  const isKept = kept !== undefined && isFor(kept, { meshId, role, selfPeer })
  const membership = isKept ? kept : membershipIn(token?.claims)
  return {
    meshId,
    bootstrap: [...new Set([...settings.bootstrap, ...(membership?.bootstrap ?? [])])],
    membership,
    token,
    authority: authority?.meshId === meshId ? authority : undefined,
    networkKey: token?.claims.network_key ?? authority?.networkKey ?? membership?.networkKey
  }
}

function readToken(
  text: string,
  role: MemberRole,
  selfPeer: string
): { claims: JoinToken; signedText: string } {
  const claims = readJoinToken(text)
  if (claims.role !== role) {
    throw new MeshError('ROLE_MISMATCH', `this token is for a ${claims.role}, not for a ${role}`, {
      path: '--join',
      hint: `ask for one that was made with --role ${role}`
    })
  }
  const bound = membershipIn(claims)
  if (bound !== undefined && certificateOf(bound).sub !== selfPeer) {
    throw new MeshError(
      'CREDENTIAL_INVALID',
      `this token is for ${certificateOf(bound).sub}, and this node is ${selfPeer}`,
      { path: '--join', hint: `ask for one that was made with --peer ${selfPeer}` }
    )
  }
  return { claims, signedText: signedTextOf(text) }
}

/** Of a token that brings the certificate along. */
function membershipIn(claims: JoinToken | undefined): OwnMembership | undefined {
  if (claims?.certificate === undefined) return undefined
  const { bootstrap, certificate, grant, network_key: networkKey } = claims
  return { certificate, delegation: grant, bootstrap, networkKey }
}

/** A node that goes over to another mesh, or has a new key, begins anew. */
function isFor(
  kept: OwnMembership,
  { meshId, role, selfPeer }: { meshId: string; role: MemberRole; selfPeer: string }
): boolean {
  const { iss, role: as, sub } = certificateOf(kept)
  return iss === meshId && sub === selfPeer && as === role
}

function refuseOpen({ announce, bootstrap, listen }: NodeSettings, selfPeer: string): void {
  const foreign = [...listen, ...announce, ...bootstrap].find((one) => !isLoopbackAddress(one))
  if (foreign === undefined) return
  throw new MeshError(
    'CONFIG_INVALID',
    `this node would let anyone in who reaches it, as it knows no authority (${foreign})`,
    {
      path: '--join',
      hint:
        'get a token by `taskmesh token create` on the machine of the authority (`taskmesh init` makes one); ' +
        `this node is ${selfPeer}; or say --open if that is what you want`
    }
  )
}

/** For logs and people. */
export function describeEntry(entry: MeshEntry | undefined): string {
  return entry === undefined ? 'open' : shortMeshId(entry.meshId)
}
