/** A join token as it was asked for on the command line, made by whoever of this home may make one. */
import { DELEGATION_MS, JOIN_TOKEN } from '../membership/documents.ts'
import { MeshError } from '../core/errors.ts'
import { bootstrapsIn } from './home-mesh.ts'
import { checkAddress } from '../config/address.ts'
import { createJoinToken, signedTextOf } from '../membership/join-tokens.ts'
import { grantMembership } from '../membership/own-grants.ts'
import { homeOf } from './router-connection.ts'
import { issueCertificate } from '../membership/certificates.ts'
import { newSerial, readClaims } from '../membership/signed-claims.ts'
import { orderAddresses } from './token-addresses.ts'
import { publicKeyOfPeer } from '../core/peer-keys.ts'
import { readPair } from '../config/read-option.ts'
import { signatoryIn } from '../enrolment/home-nodes.ts'
import type { Args } from './args.ts'
import type { HomeBootstrap } from './home-mesh.ts'
import type { HomeSignatory } from '../enrolment/home-nodes.ts'
import type { JoinToken, MemberRole } from '../membership/documents.ts'
import type { TokenInit } from '../membership/join-tokens.ts'

export interface NewToken {
  text: string
  claims: JoinToken
  /** Undefined where the addresses were named, so that nothing is known of it. */
  issuer: HomeBootstrap | undefined
}

const TTL_DEFAULT_MS = 3_600_000
const PEER_IN_ADDRESS = /\/p2p\/([^/]+)$/

/**
 * @throws MeshError COMMAND_FORBIDDEN (nobody here may), FIELD_INVALID, FIELD_MISSING (nobody is known who would
 * exchange it), IDENTITY_UNUSABLE
 */
export async function makeToken(args: Args, nowMs: number): Promise<NewToken> {
  const home = homeOf(args)
  const by = await signatoryIn(home, nowMs)
  if (by === undefined) throw nobodySigns(home)
  const role = roleOf(args, by)
  const own = bootstrapsIn(home, by.signatory.meshId)
  const { addresses, issuer } = wayOf(args, own)
  const init = {
    role,
    nowMs,
    lifeMs: lifeOf(args),
    serial: newSerial(),
    bootstrap: addresses,
    labels: labelsOf(args),
    namespace: args.text('namespace'),
    networkKey: by.networkKey
  }
  const peer = args.text('peer')
  const exchange = exchangeOf(args, issuer)
  const rest = peer === undefined ? { exchange } : await grantsFor(peer, init, by)
  const text = await createJoinToken({ ...init, ...rest }, by.signatory)
  // What it was asked to hold is checked as it will be there where it is used.
  const claims = readClaims(signedTextOf(text), JOIN_TOKEN)
  return { text, claims, issuer: own.find(({ peer_id: id }) => id === claims.aud) }
}

function roleOf(args: Args, { roles }: HomeSignatory): MemberRole {
  // The parser takes no other.
  const role = args.text('role') as MemberRole | undefined
  if (role === undefined) {
    throw new MeshError('FIELD_MISSING', 'what is it for?', {
      path: '--role',
      hint: `name one of ${roles.join(', ')}`
    })
  }
  if (roles.includes(role)) return role
  throw new MeshError('COMMAND_FORBIDDEN', `the bootstrap of this home may let in no ${role}`, {
    path: '--role',
    hint: 'make it where the authority is'
  })
}

function lifeOf(args: Args): number {
  const lifeMs = args.durationMs('ttl') ?? TTL_DEFAULT_MS
  if (lifeMs >= 1_000 && lifeMs <= DELEGATION_MS) return lifeMs
  throw new MeshError('FIELD_INVALID', `"${args.text('ttl')}" is not from a second to a year`, {
    path: '--ttl'
  })
}

function labelsOf(args: Args): Record<string, string> {
  return Object.fromEntries(args.list('label').map((text) => readPair(text, '--label')))
}

/** Where the mesh is found, and who exchanges the token. */
function wayOf(
  args: Args,
  own: readonly HomeBootstrap[]
): { addresses: string[]; issuer: string | undefined } {
  const named = args.list('bootstrap').map((text) => checkAddress(text, '--bootstrap'))
  const addressed = named
    .map((one) => PEER_IN_ADDRESS.exec(one)?.[1])
    .find((id) => id !== undefined)
  const home = own.find(({ isIssuer }) => isIssuer)?.peer_id
  const issuer = args.text('issuer') ?? addressed ?? home
  if (named.length > 0) return { addresses: named, issuer }
  const first = own.filter(({ peer_id: id }) => id === issuer)
  const others = own.filter(({ peer_id: id }) => id !== issuer)
  return {
    addresses: [...first, ...others].flatMap((one) => orderAddresses(one)).slice(0, 16),
    issuer
  }
}

function exchangeOf(args: Args, issuer: string | undefined): TokenInit['exchange'] {
  const uses = args.integer('uses', 1)
  const needsApproval = args.has('approve')
  if (args.text('peer') !== undefined) {
    if (uses === undefined && !needsApproval) return undefined
    throw new MeshError('FIELD_INVALID', 'a token for one --peer is not exchanged with anybody', {
      path: uses === undefined ? '--approve' : '--uses',
      hint: 'leave out the one or the other'
    })
  }
  if (issuer !== undefined) return { issuer, uses: uses ?? 1, needsApproval }
  throw new MeshError('FIELD_MISSING', 'nobody is known who would exchange the token', {
    path: '--issuer',
    hint: 'start a bootstrap in this home first, or name another with --bootstrap /…/p2p/PEER; or say whom it is for with --peer'
  })
}

/** All that the node would get in exchange for its token. */
async function grantsFor(
  peer: string,
  { labels, nowMs, role, serial }: TokenInit,
  { authority, signatory }: HomeSignatory
): Promise<Pick<TokenInit, 'certificate' | 'grant'>> {
  if (publicKeyOfPeer(peer) === undefined) {
    throw new MeshError('FIELD_INVALID', `"${peer}" is no peer id`, {
      path: '--peer',
      hint: 'a node that was started without a token says which one is its own'
    })
  }
  const grant = { peer, role, labels, nowMs, token: serial }
  if (authority === undefined) return { certificate: await issueCertificate(grant, signatory) }
  const { certificate, delegation } = await grantMembership(authority, { ...grant, bootstrap: [] })
  return { certificate, grant: delegation }
}

/** An operator decides about those who come, and signs nothing. */
function nobodySigns(home: string): MeshError {
  return new MeshError('COMMAND_FORBIDDEN', `nobody in ${home} may sign tokens`, {
    hint:
      'name with --home where the key of the authority is, or the home of a bootstrap that lets others in; where ' +
      'there is no mesh yet, `taskmesh init` makes one'
  })
}
