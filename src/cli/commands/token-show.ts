/** `taskmesh token show`: what a join token says, and whether the mesh that it names has signed it. */
import { EXIT } from '../exit-codes.ts'
import { TOKEN_POSITIONAL, readTokenText } from '../token-text.ts'
import { formatLabels, renderFacts } from '../render.ts'
import { minuteOf } from '../columns.ts'
import { openJoinToken, readJoinToken, signedTextOf } from '../../membership/join-tokens.ts'
import { DELEGATION, readClaims } from '../../membership/signed-claims.ts'
import { CERTIFICATE } from '../../membership/documents.ts'
import { systemClock } from '../../core/clock.ts'
import type { CliCommand } from '../command.ts'
import type { JoinToken } from '../../membership/documents.ts'

/** What a token says, without what would let anybody in. */
interface ShownToken {
  id: string
  mesh: string
  role: string
  made_at_ms: number
  expires_at_ms: number
  has_expired: boolean
  /** PeerId of who has signed it in the authority's place. */
  signed_by: string | null
  /** For one node. */
  peer_id: string | null
  /** That node may let others in. */
  lets_others_in: boolean
  uses: number | null
  needs_approval: boolean
  issuer: string | null
  labels: Readonly<Record<string, string>>
  namespace: string | null
  private_network: boolean
  bootstrap: readonly string[]
}

export const tokenShowCommand: CliCommand = {
  words: 'token show',
  summary: 'show what a join token says, and check who has signed it',
  positionals: [TOKEN_POSITIONAL],
  flags: {},
  examples: [['taskmesh token show @token', 'nobody is asked, and it is not used up']],
  run: async ({ args, output, terminal }) => {
    const text = await readTokenText(args, terminal)
    const told = readJoinToken(text)
    // Whether it holds now is told; whether it is one must not depend on it.
    const trust = { meshId: told.iss, nowMs: told.iat * 1_000 }
    const { claims } = await openJoinToken(signedTextOf(text), trust)
    const shown = toShown(claims, systemClock.wallMs())
    output.value(shown, (style) => renderFacts(factsOf(shown), style))
    return EXIT.completed
  }
}

function toShown(claims: JoinToken, nowMs: number): ShownToken {
  const { aud, certificate, delegation, exp, grant, iat, uses } = claims
  const isBound = certificate !== undefined
  return {
    id: claims.jti,
    mesh: claims.iss,
    role: claims.role,
    made_at_ms: iat * 1_000,
    expires_at_ms: exp * 1_000,
    has_expired: nowMs >= exp * 1_000,
    signed_by: delegation === undefined ? null : readClaims(delegation, DELEGATION).sub,
    peer_id: isBound ? readClaims(certificate, CERTIFICATE).sub : null,
    lets_others_in: grant !== undefined,
    uses: isBound ? null : (uses ?? 1),
    needs_approval: claims.approval === true,
    issuer: aud ?? null,
    labels: claims.labels ?? {},
    namespace: claims.namespace ?? null,
    private_network: claims.network_key !== undefined,
    bootstrap: claims.bootstrap
  }
}

function factsOf(token: ShownToken): (readonly [string, string])[] {
  const { expires_at_ms: expiresAtMs, issuer, peer_id: peer, signed_by: signer } = token
  const letsIn = token.lets_others_in ? ', which may let others in' : ''
  const whom =
    peer === null
      ? `${token.uses ?? 1} by it, exchanged by ${issuer ?? 'nobody'}`
      : `${peer}${letsIn}`
  return [
    ['token', token.id],
    ['mesh', token.mesh],
    ['signed by', signer === null ? 'its authority' : `${signer}, in the place of its authority`],
    ['role', token.role],
    ['for', token.needs_approval ? `${whom}; each waits for an operator` : whom],
    ['good until', `${minuteOf(expiresAtMs)}${token.has_expired ? ', which is over' : ''}`],
    ['labels', formatLabels(token.labels)],
    ['namespace', token.namespace ?? '–'],
    ['private network', token.private_network ? 'its key is in the token' : 'no'],
    ['bootstrap', token.bootstrap.join('\n') || '–']
  ]
}
