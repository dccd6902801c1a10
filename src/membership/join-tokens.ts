/**
 * Join tokens: one text with all that a new node needs, the mesh's id, where to find it, and the right to
 * become a member. Whoever has the text has the right, as often as it says.
 */
import { MeshError } from '../core/errors.ts'
import { JOIN_TOKEN } from './documents.ts'
import { newSerial, openClaims, readClaims, signClaims, toSeconds } from './signed-claims.ts'
import type { JoinToken, MemberRole } from './documents.ts'
import type { Opened, Signatory, Trust } from './signed-claims.ts'

/** What it begins with, so that whoever finds one in a file knows what it is. */
const PREFIX = 'tmjoin_'

export interface TokenInit {
  role: MemberRole
  nowMs: number
  lifeMs: number
  /** @default a new one */
  serial?: string | undefined
  bootstrap: readonly string[]
  /** The node that exchanges it, and how often. Without, it must bring its `certificate`. */
  exchange?: { issuer: string; uses: number; needsApproval: boolean } | undefined
  labels?: Readonly<Record<string, string>> | undefined
  namespace?: string | undefined
  networkKey?: string | undefined
  /** Of a node whose PeerId is known. */
  certificate?: string | undefined
  /** Its delegation. */
  grant?: string | undefined
}

/** @throws MeshError REQUEST_TOO_LARGE */
export async function createJoinToken(init: TokenInit, by: Signatory): Promise<string> {
  const { certificate, exchange, grant, labels, lifeMs, namespace, networkKey, nowMs } = init
  const claims: Omit<JoinToken, 'delegation' | 'iss'> = {
    jti: init.serial ?? newSerial(),
    iat: toSeconds(nowMs),
    exp: toSeconds(nowMs + lifeMs),
    role: init.role,
    bootstrap: [...init.bootstrap],
    ...(exchange === undefined ? {} : { aud: exchange.issuer, uses: exchange.uses }),
    ...(exchange?.needsApproval === true ? { approval: true as const } : {}),
    ...(labels === undefined || Object.keys(labels).length === 0 ? {} : { labels: { ...labels } }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(networkKey === undefined ? {} : { network_key: networkKey }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(grant === undefined ? {} : { grant })
  }
  return PREFIX + (await signClaims(claims, JOIN_TOKEN, by))
}

/**
 * What a token says, as far as whoever was given it can know: that the mesh it names has signed it, the node
 * that exchanges it will check.
 * @throws MeshError CREDENTIAL_INVALID
 */
export function readJoinToken(text: string): JoinToken {
  try {
    return readClaims(signedTextOf(text), JOIN_TOKEN)
  } catch (cause) {
    const error = MeshError.from(cause)
    if (error.code === 'CREDENTIAL_INVALID') throw error
    // What is wrong with a field shows what is in it, which may be the key of a private network.
    throw new MeshError(
      'CREDENTIAL_INVALID',
      `this join token is garbled, or of another version: ${error.path} is not as it should be`
    )
  }
}

/** The signed text of a token, as it travels. @throws MeshError CREDENTIAL_INVALID */
export function signedTextOf(token: string): string {
  const text = token.trim()
  if (text.startsWith(PREFIX)) return text.slice(PREFIX.length)
  throw new MeshError('CREDENTIAL_INVALID', 'this is not a join token', {
    hint: `it begins with ${PREFIX}; \`taskmesh token create\` prints one`
  })
}

/**
 * Opens a token that a node has brought.
 * @param signedText without its prefix
 * @throws MeshError CREDENTIAL_INVALID, MESH_MISMATCH, CREDENTIAL_EXPIRED, CREDENTIAL_NOT_YET_VALID
 */
export async function openJoinToken(signedText: string, trust: Trust): Promise<Opened<JoinToken>> {
  const opened = await openClaims(signedText, JOIN_TOKEN, trust)
  const { by, claims } = opened
  if (by === undefined || by.roles.includes(claims.role)) return opened
  throw new MeshError(
    'CREDENTIAL_INVALID',
    `the token is for a ${claims.role}, and ${by.sub} may not let one in`
  )
}
