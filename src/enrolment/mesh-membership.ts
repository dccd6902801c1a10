/** A node's part in a mesh with an authority, put together: what it shows, whom it lets speak, whom it lets in. */
import { Credentials } from './credentials.ts'
import { Evictions } from './evictions.ts'
import { Exclusion } from './exclusion.ts'
import { Introductions } from './introductions.ts'
import { IssuerDesk } from './issuer-desk.ts'
import { Joining } from './joining.ts'
import { Members } from '../membership/members.ts'
import { MeshAccess } from './mesh-access.ts'
import { NoticeExchange } from './notice-exchange.ts'
import { Notices } from '../membership/notices.ts'
import { CERTIFICATE_MS } from '../membership/documents.ts'
import { OPEN_ACCESS } from '../protocol/access.ts'
import { grantMembership } from '../membership/own-grants.ts'
import { issueCertificate } from '../membership/certificates.ts'
import { noticesFile } from '../membership/own-membership.ts'
import { privateKeyOf } from '../core/peer-keys.ts'
import type { Access } from '../protocol/access.ts'
import type { Arrivals } from './arrivals.ts'
import type { Clock } from '../core/clock.ts'
import type { CommandBinding } from '../protocol/command-binding.ts'
import type { CommandHandlers } from '../protocol/command-server.ts'
import type { Logger } from '../observe/logger.ts'
import type { MemberRole } from '../membership/documents.ts'
import type { MeshEntry } from './mesh-entry.ts'
import type { MeshNode } from '../network/mesh-node.ts'
import type { NodeKey } from '../core/peer-keys.ts'
import type { OwnMembership } from '../membership/own-membership.ts'
import type { Random } from '../core/random.ts'
import type { SessionService } from '../protocol/session-service.ts'
import type { Startable } from '../core/startable.ts'

export interface MembershipComponents {
  /** Told of each peer that has shown its certificate. */
  arrivals?: Arrivals | undefined
  clock: Clock
  logger: Logger
  node: MeshNode
  random: Random
  key: NodeKey
  /** Where the node keeps its state; undefined of a visitor, who keeps none. */
  folder: string | undefined
  binding: () => Pick<CommandBinding, 'ask'>
  sessions: () => Pick<SessionService, 'dismiss'>
}

/** What a node itself is in its mesh now. */
export interface OwnStanding {
  meshId: string
  role: MemberRole
  /** Milliseconds since 1970; undefined while it has no certificate. */
  certificateUntilMs: number | undefined
  /** Bans and pardons that it knows of. */
  noticeCount: number
}

export interface Membership {
  access: Access
  handlers: CommandHandlers
  /** Undefined in an open mesh. */
  standing: () => OwnStanding | undefined
  /** To be started once the node can dial, in this order. */
  parts: readonly Startable[]
}

/** Of a node that belongs to no mesh: it says so, and lets in nobody, as nobody needs to be. */
export const OPEN_MEMBERSHIP: Membership = {
  access: OPEN_ACCESS,
  handlers: { INTRODUCE: () => ({ result: {} }) },
  standing: () => undefined,
  parts: []
}

export function createMembership(
  components: MembershipComponents,
  entry: MeshEntry,
  { name, role }: { role: MemberRole; name?: string | undefined }
): Membership {
  const { arrivals, clock, folder } = components
  const { meshId } = entry
  const nowMs = (): number => clock.wallMs()
  const file = folder === undefined ? undefined : noticesFile(folder)
  const notices = new Notices({ meshId, file, nowMs })
  const members = new Members({ meshId, notices, nowMs })
  arrivals?.follow(members)
  const credentials = new Credentials(folder, entry.membership)
  const exclusion = new Exclusion(components)
  const shared = { ...components, credentials, exclusion, members, notices }
  const exchange = new NoticeExchange(shared)
  const introductions = new Introductions({
    ...shared,
    onDifference: (peer) => void exchange.compare(peer),
    onMet: (peer) => arrivals?.met(peer)
  })
  const desk = createDesk(shared, { meshId, role })
  const joining = new Joining(shared, {
    bootstrap: entry.bootstrap,
    name,
    token: entry.token,
    issueOwn: ownIssue(shared, entry, role)
  })
  const loading = {
    start: async () => {
      await notices.load()
      await notices.add(entry.notices)
    },
    stop: async () => {}
  }
  return {
    access: new MeshAccess({ credentials, introductions, members, role }),
    handlers: { ...introductions.handlers(), ...exchange.handlers(), ...desk?.handlers() },
    standing: () => ({
      meshId,
      role,
      certificateUntilMs: credentials.claims && credentials.claims.exp * 1_000,
      noticeCount: notices.ids().length
    }),
    parts: [
      loading,
      introductions,
      joining,
      // Only now is it known what it may.
      ...(desk === undefined ? [] : [desk]),
      exchange,
      new Evictions(shared)
    ]
  }
}

/** Of a bootstrap, which keeps state and may have been delegated to let others in. */
function createDesk(
  {
    clock,
    credentials,
    folder,
    key,
    logger,
    node,
    notices
  }: MembershipComponents & { credentials: Credentials; notices: Notices },
  { meshId, role }: { meshId: string; role: MemberRole }
): IssuerDesk | undefined {
  if (folder === undefined || role !== 'bootstrap') return undefined
  return new IssuerDesk(
    {
      credentials,
      logger,
      notices,
      clock,
      selfPeer: node.selfPeer,
      key: privateKeyOf(key)
    },
    { meshId, folder }
  )
}

/** Who has a key that may sign needs nobody to become a member, or to remain one. */
function ownIssue(
  { clock, credentials, key, node }: MembershipComponents & { credentials: Credentials },
  { authority, bootstrap, membership, meshId }: MeshEntry,
  role: MemberRole
): (() => Promise<OwnMembership>) | undefined {
  const self = { peer: node.selfPeer, role }
  if (authority !== undefined) {
    return () => grantMembership(authority, { ...self, bootstrap, nowMs: clock.wallMs() })
  }
  const delegation = membership?.delegation
  if (delegation === undefined || credentials.delegation?.roles.includes(role) !== true) {
    return undefined
  }
  // Then others have to say whether it still belongs to the mesh.
  if (credentials.delegation.exp * 1_000 <= clock.wallMs()) return undefined
  const signatory = { meshId, key: privateKeyOf(key), delegation }
  const { exp } = credentials.delegation
  return async () => {
    const nowMs = clock.wallMs()
    // Beyond that it is worth nothing.
    const lifeMs = Math.min(CERTIFICATE_MS, exp * 1_000 - nowMs)
    const certificate = await issueCertificate({ ...self, nowMs, lifeMs }, signatory)
    return { ...membership, bootstrap, certificate }
  }
}
