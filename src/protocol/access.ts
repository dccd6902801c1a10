/**
 * Who may speak to this node, as the protocol asks it: of every peer before the first stream, of every command
 * before its handler. `enrolment/` answers for a mesh with an authority.
 */
import { LIMITS } from '../core/limits.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { CommandName } from './commands.ts'
import type { MemberRole } from '../model/generated/certificate.ts'

export interface Access {
  /**
   * Shows this node's certificate to a peer and sees the peer's, unless that is done. Comes before anything else.
   * @throws MeshError NOT_A_MEMBER, MESH_MISMATCH, REVOKED, CREDENTIAL_INVALID and its kin, PEER_UNREACHABLE
   */
  introduce(peer: string, options?: AbortOptions): Promise<void>
  /** @throws MeshError NOT_A_MEMBER, REVOKED, CREDENTIAL_EXPIRED */
  requireMember(peer: string): void
  /** @throws MeshError NOT_A_MEMBER, REVOKED, CREDENTIAL_EXPIRED, COMMAND_FORBIDDEN */
  requireRight(peer: string, command: CommandName): void
  /** That a peer is a member as that and nothing else. @throws MeshError NOT_A_MEMBER, REVOKED, CREDENTIAL_EXPIRED, ROLE_MISMATCH */
  requireRole(peer: string, role: MemberRole): void
  /** What the certificate of a peer says; undefined of a stranger, and where nobody needs one. */
  memberOf(peer: string): Membership | undefined
  /** How long one request of a peer may be where it comes as JSON: to read a long one keeps a node from its work. */
  requestBytesMax(peer: string): number
  /** Whether a peer that others tell of belongs here, by the certificate that came with the news. */
  vouchesFor(peer: string, certificate: string | undefined): Promise<boolean>
  /** This node's own, for those who hear of it through others. */
  readonly certificate: string | undefined
}

/** What others have fixed of a node. */
export interface Membership {
  readonly role: MemberRole
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** Until when, in seconds since 1970. */
  readonly exp: number
}

/** Of a node that belongs to no mesh: whoever can reach it may ask it anything. */
export const OPEN_ACCESS: Access = {
  introduce: async () => {},
  requireMember: () => {},
  requireRight: () => {},
  requireRole: () => {},
  memberOf: () => undefined,
  requestBytesMax: () => LIMITS.commandBytesMax,
  vouchesFor: async () => true,
  certificate: undefined
}

/** What two nodes say to each other before they know each other. */
export function isFirstWord(command: string): boolean {
  return command === 'INTRODUCE' || command === 'JOIN_MESH'
}
