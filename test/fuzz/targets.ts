/**
 * Every decoder of this program that reads what others have written. A new one gets its line in one of these tables:
 * its form, valid inputs, how it is read and with which codes it may say no.
 */
import { DOCUMENT_TARGETS } from './targets/documents.ts'
import { HTTP_TARGETS } from './targets/http.ts'
import { MEMBERSHIP_TARGETS } from './targets/membership.ts'
import { NETWORK_TARGETS } from './targets/network.ts'
import { SIGNED_TARGETS } from './targets/signed.ts'
import { TEXT_TARGETS } from './targets/texts.ts'
import { WIRE_TARGETS } from './targets/wire.ts'
import type { FuzzTarget } from './target.ts'

export const TARGETS: readonly FuzzTarget[] = [
  ...WIRE_TARGETS,
  ...SIGNED_TARGETS,
  ...MEMBERSHIP_TARGETS,
  ...DOCUMENT_TARGETS,
  ...TEXT_TARGETS,
  ...HTTP_TARGETS,
  ...NETWORK_TARGETS
]
