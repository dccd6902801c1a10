/** Certificates: how they are given and checked. */
import { MeshError } from '../core/errors.ts'
import { CERTIFICATE, CERTIFICATE_MS } from './documents.ts'
import { newSerial, openClaims, signClaims, toSeconds } from './signed-claims.ts'
import type { Certificate, MemberRole } from './documents.ts'
import type { Opened, Signatory, Trust } from './signed-claims.ts'

export interface Grant {
  peer: string
  role: MemberRole
  /** Milliseconds since 1970. */
  nowMs: number
  /** @default CERTIFICATE_MS */
  lifeMs?: number | undefined
  labels?: Readonly<Record<string, string>> | undefined
  /** Serial of the token that it is given for. */
  token?: string | undefined
}

export async function issueCertificate(grant: Grant, by: Signatory): Promise<string> {
  const { labels, lifeMs = CERTIFICATE_MS, nowMs, peer, role, token } = grant
  const claims = {
    sub: peer,
    jti: newSerial(),
    iat: toSeconds(nowMs),
    exp: toSeconds(nowMs + lifeMs),
    role,
    ...(labels === undefined || Object.keys(labels).length === 0 ? {} : { labels: { ...labels } }),
    ...(token === undefined ? {} : { token })
  }
  return await signClaims(claims, CERTIFICATE, by)
}

/**
 * Opens a certificate that `peer` has shown.
 * @throws MeshError CREDENTIAL_INVALID (of another node, or of a role that its signer may not give),
 * MESH_MISMATCH, CREDENTIAL_EXPIRED, CREDENTIAL_NOT_YET_VALID; FIELD_INVALID and its kin
 */
export async function openCertificate(
  text: string,
  peer: string,
  trust: Trust
): Promise<Opened<Certificate>> {
  const opened = await openClaims(text, CERTIFICATE, trust)
  const { by, claims } = opened
  if (claims.sub !== peer) {
    throw new MeshError('CREDENTIAL_INVALID', `this is the certificate of ${claims.sub}`, {
      hint: 'a certificate is worth nothing to another node: join with a token of your own'
    })
  }
  if (by !== undefined && !by.roles.includes(claims.role)) {
    throw new MeshError(
      'CREDENTIAL_INVALID',
      `${by.sub} has let it in as ${claims.role}, and may not`
    )
  }
  return opened
}
