/** Who may speak to a node of a mesh with an authority: members, and of those each as its role allows. */
import { LIMITS } from '../core/limits.ts'
import { MeshError } from '../core/errors.ts'
import { mayCall } from '../membership/rights.ts'
import type { Access } from '../protocol/access.ts'
import type { AbortOptions } from '../core/abort.ts'
import type { Certificate, MemberRole } from '../membership/documents.ts'
import type { CommandName } from '../protocol/commands.ts'
import type { Credentials } from './credentials.ts'
import type { Introductions } from './introductions.ts'
import type { Members } from '../membership/members.ts'

export interface MeshAccessComponents {
  credentials: Credentials
  introductions: Pick<Introductions, 'meet'>
  members: Members
  /** What this node serves as. */
  role: MemberRole
}

export class MeshAccess implements Access {
  readonly #components: MeshAccessComponents

  constructor(components: MeshAccessComponents) {
    this.#components = components
  }

  get certificate(): string | undefined {
    return this.#components.credentials.certificate
  }

  async introduce(peer: string, options: AbortOptions = {}): Promise<void> {
    await this.#components.introductions.meet(peer, options)
  }

  requireMember(peer: string): void {
    this.#components.members.require(peer)
  }

  requireRight(peer: string, command: CommandName): void {
    const { members, role } = this.#components
    if (mayCall(members.of(peer)?.role ?? 'stranger', command, role)) return
    const { role: caller } = members.require(peer)
    throw new MeshError('COMMAND_FORBIDDEN', `a ${caller} may not call ${command} of a ${role}`, {
      path: 'command',
      hint: 'docs/security.md shows which role may call what'
    })
  }

  requireRole(peer: string, role: MemberRole): void {
    const { role: shown } = this.#components.members.require(peer)
    if (shown === role) return
    throw new MeshError('ROLE_MISMATCH', `it belongs to the mesh as ${shown}, not as ${role}`)
  }

  memberOf(peer: string): Certificate | undefined {
    return this.#components.members.of(peer)
  }

  /** Jobs are long, and handed in at routers; nothing else is. */
  requestBytesMax(peer: string): number {
    const { members, role } = this.#components
    const caller = members.of(peer)?.role
    if (caller === undefined) return LIMITS.strangerCommandBytesMax
    const isOfJobs = role === 'router' && mayCall(caller, 'EXECUTE_TASK', role)
    return isOfJobs ? LIMITS.commandBytesMax : LIMITS.memberCommandBytesMax
  }

  async vouchesFor(peer: string, certificate: string | undefined): Promise<boolean> {
    if (certificate === undefined) return false
    try {
      await this.#components.members.admit(peer, certificate)
      return true
    } catch {
      // Whoever is told of such a peer needs no reason.
      return false
    }
  }
}
