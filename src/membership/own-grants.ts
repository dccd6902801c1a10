/** What an authority gives to the nodes that are started where its key is, and to those whose PeerId it knows. */
import { DELEGATION, newSerial, signClaims, toSeconds } from './signed-claims.ts'
import { DELEGATION_MS, MEMBER_ROLES } from './documents.ts'
import { issueCertificate } from './certificates.ts'
import type { Authority } from './authority.ts'
import type { Grant } from './certificates.ts'
import type { OwnMembership } from './own-membership.ts'

/** A membership in whole. A bootstrap may let others in. */
export async function grantMembership(
  authority: Authority,
  { bootstrap, ...grant }: Grant & { bootstrap: readonly string[] }
): Promise<OwnMembership> {
  const certificate = await issueCertificate(grant, authority)
  const delegation =
    grant.role === 'bootstrap' ? await issueDelegation(grant, authority) : undefined
  return { certificate, delegation, bootstrap, networkKey: authority.networkKey }
}

async function issueDelegation(
  { nowMs, peer }: Pick<Grant, 'nowMs' | 'peer'>,
  authority: Authority
): Promise<string> {
  const claims = {
    sub: peer,
    jti: newSerial(),
    iat: toSeconds(nowMs),
    exp: toSeconds(nowMs + DELEGATION_MS),
    roles: [...MEMBER_ROLES]
  }
  return await signClaims(claims, DELEGATION, authority)
}
