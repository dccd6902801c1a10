/** The documents of a mesh beside delegations: what each is called, and how long it lasts. */
import { validatorFor } from '../model/validate.ts'
import type { Certificate, MemberRole } from '../model/generated/certificate.ts'
import type { ClaimsKind } from './signed-claims.ts'
import type { JoinToken } from '../model/generated/join-token.ts'
import type { Notice } from '../model/generated/notice.ts'

export type { Certificate, JoinToken, MemberRole, Notice }

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** A node that is away for less than this comes back by itself. */
export const CERTIFICATE_MS: number = 7 * DAY_MS
/** Certificates that have run out are exchanged for new ones for so long: a server may be off for a month. */
export const RENEWAL_GRACE_MS: number = 30 * DAY_MS
/** The authority's key may lie in a safe meanwhile. */
export const DELEGATION_MS: number = 366 * DAY_MS
/** Of a visitor's passing identity. */
export const VISIT_MS: number = HOUR_MS

export const CERTIFICATE: ClaimsKind<Certificate> = {
  name: 'a certificate',
  typ: 'taskmesh-certificate+jws',
  check: validatorFor<Certificate>('certificate', 'certificate')
}

export const JOIN_TOKEN: ClaimsKind<JoinToken> = {
  name: 'a join token',
  typ: 'taskmesh-join+jws',
  check: validatorFor<JoinToken>('join-token', 'token')
}

export const NOTICE: ClaimsKind<Notice> = {
  name: 'a notice',
  typ: 'taskmesh-notice+jws',
  isLasting: true,
  check: validatorFor<Notice>('notice', 'notice')
}

export const MEMBER_ROLES: readonly MemberRole[] = [
  'bootstrap',
  'worker',
  'router',
  'monitor',
  'client',
  'share',
  'operator'
]
