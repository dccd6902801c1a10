/**
 * How a node comes into its mesh, found out before it is built: by a token, by the certificate that it has, by an
 * authority in the same home, or, where nobody else can reach it, with no authority at all.
 */
import { networkInterfaces } from 'node:os'
import { isLoopbackAddress } from '../config/address.ts'
import { authorityNotices, hasAuthority, loadAuthority } from '../membership/authority.ts'
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
  /** That it has not been let in by yet. */
  token: { claims: JoinToken; signedText: string } | undefined
  /** Of a node in the authority's own home. */
  authority: Authority | undefined
  /** Of a private network, in hex. */
  networkKey: string | undefined
  /** Where it works in the mesh, if its owner says nothing else. */
  namespace: string | undefined
  /** What the authority of this home has said of others, whether or not anybody else has heard it. */
  notices: readonly string[]
}

/** Who comes in, and where it keeps what it has. */
export interface Entrant {
  folder: string
  role: MemberRole
  selfPeer: string
}

/** Where nothing is said about it, as in the files of defaults. */
const NAMESPACE_DEFAULT = 'default'
const LOOPBACK = '/ip4/127.0.0.1/tcp/0'
const EVERYWHERE = '/ip4/0.0.0.0/tcp/0'
const EVERYWHERE_V6 = '/ip6/::/tcp/0'

/**
 * The settings with what its mesh says of what their owner has not: which namespace, and where to listen. A node
 * whose mesh is on other machines is of no use where they cannot reach it, and takes nobody but members.
 */
export function settle<S extends NodeSettings>(
  settings: S,
  entry: MeshEntry | undefined,
  hasIpv6: () => boolean = machineHasIpv6
): S {
  const { listen, namespace } = settings
  const isMeshElsewhere = entry?.bootstrap.some((address) => !isLoopbackAddress(address)) === true
  return {
    ...settings,
    listen: listen.length > 0 ? listen : usualListen(isMeshElsewhere, hasIpv6),
    namespace: namespace === NAMESPACE_DEFAULT ? (entry?.namespace ?? namespace) : namespace
  }
}

function usualListen(isForOthers: boolean, hasIpv6: () => boolean): string[] {
  if (!isForOthers) return [LOOPBACK]
  return hasIpv6() ? [EVERYWHERE, EVERYWHERE_V6] : [EVERYWHERE]
}

/** An address by it that others can dial. */
function machineHasIpv6(): boolean {
  return Object.values(networkInterfaces())
    .flatMap((addresses = []) => addresses)
    .some(
      ({ address, family, internal }) =>
        family === 'IPv6' && !internal && !address.toLowerCase().startsWith('fe80:')
    )
}

/**
 * Undefined for a node that belongs to no mesh, and takes anyone.
 * @throws MeshError CONFIG_INVALID where that would open it to others, CREDENTIAL_INVALID, MESH_MISMATCH,
 * ROLE_MISMATCH, IDENTITY_UNUSABLE
 */
export function findEntry(settings: NodeSettings, entrant: Entrant): MeshEntry | undefined {
  if (settings.isOpen) return undefined
  const { bootstrap, home, join: text } = settings
  const authority = hasAuthority(home) ? loadAuthority(home) : undefined
  const entry = entryOf({ authority, bootstrap, home, text }, entrant)
  if (entry === undefined) refuseOpen(settings, entrant)
  return entry
}

export interface Ways {
  authority: Authority | undefined
  /** Multiaddrs that its owner has named. */
  bootstrap: readonly string[]
  home: string
  /** Of a join token. */
  text: string | undefined
}

/**
 * Undefined where nothing says which mesh it is.
 * @throws MeshError CREDENTIAL_INVALID, ROLE_MISMATCH, IDENTITY_UNUSABLE
 */
export function entryOf(
  { authority, bootstrap, home, text }: Ways,
  entrant: Entrant
): MeshEntry | undefined {
  const given = text === undefined ? undefined : readToken(text, entrant)
  const old = loadMembership(entrant.folder)
  const meshId = given?.claims.iss ?? authority?.meshId ?? meshIdOf(old)
  if (meshId === undefined) return undefined
  const own = authority?.meshId === meshId ? authority : undefined
  const kept = keptFor(meshId, entrant, old)
  const membership = chooseMembership(kept, given?.claims)
  return {
    meshId,
    membership,
    token: membership !== undefined && membership === kept ? undefined : given,
    authority: own,
    notices: own === undefined ? [] : authorityNotices(home),
    ...waysInto(bootstrap, membership, { token: given?.claims, networkKey: own?.networkKey })
  }
}

function meshIdOf(membership: OwnMembership | undefined): string | undefined {
  return membership === undefined ? undefined : certificateOf(membership).iss
}

/** Where the mesh is, by all who know something of it. */
function waysInto(
  bootstrap: readonly string[],
  membership: OwnMembership | undefined,
  { networkKey, token }: { token: JoinToken | undefined; networkKey: string | undefined }
): Pick<MeshEntry, 'bootstrap' | 'namespace' | 'networkKey'> {
  const known = [bootstrap, token?.bootstrap ?? [], membership?.bootstrap ?? []]
  return {
    bootstrap: [...new Set(known.flat())],
    namespace: token?.namespace ?? membership?.namespace,
    networkKey: token?.network_key ?? networkKey ?? membership?.networkKey
  }
}

/**
 * What was kept, unless the token is another than the one that it was given for: then the operator has something
 * else in mind, and it counts from now on.
 */
function chooseMembership(
  kept: OwnMembership | undefined,
  token: JoinToken | undefined
): OwnMembership | undefined {
  if (kept === undefined || token === undefined) return kept ?? membershipIn(token)
  const { iat, token: serial } = certificateOf(kept)
  if (token.certificate !== undefined) return token.iat > iat ? membershipIn(token) : kept
  // What the authority has given to this very node is more than a token for anybody.
  return serial === token.jti || kept.delegation !== undefined ? kept : undefined
}

function readToken(
  text: string,
  { role, selfPeer }: Pick<Entrant, 'role' | 'selfPeer'>
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
  const { bootstrap, certificate, grant, namespace, network_key: networkKey } = claims
  return { certificate, delegation: grant, bootstrap, networkKey, namespace }
}

/** A node that goes over to another mesh, or has a new key, begins anew. */
function keptFor(
  meshId: string,
  { role, selfPeer }: Entrant,
  old: OwnMembership | undefined
): OwnMembership | undefined {
  if (old === undefined) return undefined
  const { iss, role: as, sub } = certificateOf(old)
  return iss === meshId && sub === selfPeer && as === role ? old : undefined
}

function refuseOpen(
  { announce, bootstrap, listen }: NodeSettings,
  { role, selfPeer }: Entrant
): void {
  const foreign = [...listen, ...announce, ...bootstrap].find((one) => !isLoopbackAddress(one))
  if (foreign === undefined) return
  // A bootstrap is of use once it may let others in, which the authority says to one that it knows.
  const whom = role === 'bootstrap' ? ` --peer ${selfPeer}` : ''
  throw new MeshError(
    'CONFIG_INVALID',
    `this node would let anyone in who reaches it, as it knows no authority (${foreign})`,
    {
      path: '--join',
      hint:
        `get a token where the authority is: taskmesh token create --role ${role}${whom} (\`taskmesh init\` makes one); ` +
        `this node is ${selfPeer}; or say --open if that is what you want`
    }
  )
}

/** For logs and people. */
export function describeEntry(entry: MeshEntry | undefined): string {
  return entry === undefined ? 'open' : shortMeshId(entry.meshId)
}
