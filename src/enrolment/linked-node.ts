/**
 * A libp2p node with all that makes it a speaker of the protocol: its part in the mesh, both bindings of the
 * commands, and who may use them. Every role and every visitor is one, with other parts put to it.
 */
import { AGENT } from '../core/version.ts'
import { Arrivals } from './arrivals.ts'
import { CommandBinding } from '../protocol/command-binding.ts'
import { CommandServer } from '../protocol/command-server.ts'
import { MeshNode } from '../network/mesh-node.ts'
import { OPEN_MEMBERSHIP, createMembership } from './mesh-membership.ts'
import { SessionService } from '../protocol/session-service.ts'
import { systemClock } from '../core/clock.ts'
import { systemRandom } from '../core/random.ts'
import { transportsFor } from '../config/address.ts'
import type { Access } from '../protocol/access.ts'
import type { Logger } from '../observe/logger.ts'
import type { MemberRole } from '../membership/documents.ts'
import type { Membership } from './mesh-membership.ts'
import type { MeshEntry } from './mesh-entry.ts'
import type { MeshNodeInit } from '../network/mesh-node.ts'
import type { Visit } from './visit.ts'

export interface LinkedNodeInit extends Omit<MeshNodeInit, 'admission' | 'agent'> {
  /** Undefined: it belongs to no mesh, and takes anyone. */
  entry: MeshEntry | undefined
  role: MemberRole
  /** Multiaddrs that it will dial, beside those by which its mesh is found. */
  contacts?: readonly string[]
  /** What its owner calls it. */
  name?: string | undefined
  /** Where it keeps its membership; undefined: nowhere. */
  folder: string | undefined
  logger: Logger
  /** The node's load as a peer is to know it, if it runs tasks. */
  describeLoad?: ((peer: string) => unknown) | undefined
}

export interface LinkedNode {
  readonly node: MeshNode
  readonly access: Access
  readonly membership: Membership
  readonly server: CommandServer
  readonly sessions: SessionService
  readonly binding: CommandBinding
}

export async function createLinkedNode(init: LinkedNodeInit): Promise<LinkedNode> {
  const { describeLoad = () => null, entry, folder, identity, logger, name, role } = init
  const arrivals = entry === undefined ? undefined : new Arrivals()
  const node = await MeshNode.create({
    ...init,
    transportNames: transportsFor(init.transportNames ?? [], [
      ...(init.contacts ?? []),
      ...(entry?.bootstrap ?? [])
    ]),
    isHub: role === 'bootstrap' || role === 'router' || role === 'monitor',
    networkKey: init.networkKey ?? entry?.networkKey,
    agent: AGENT,
    ...(arrivals === undefined ? {} : { admission: arrivals })
  })
  const shared = { clock: systemClock, random: systemRandom, logger, node }
  // They need each other: introductions are commands, and commands need introductions.
  const late = { binding: () => binding, sessions: () => sessions }
  const membership =
    entry === undefined
      ? OPEN_MEMBERSHIP
      : createMembership({ ...shared, ...late, arrivals, key: identity, folder }, entry, {
          role,
          name
        })
  const { access } = membership
  const server = new CommandServer({ access, selfPeer: node.selfPeer, role, logger })
  server.register(membership.handlers)
  const linked = { access, clock: systemClock, link: node, server }
  const sessions: SessionService = new SessionService({ ...linked, agent: AGENT, describeLoad })
  const binding: CommandBinding = new CommandBinding(linked)
  return { node, access, membership, server, sessions, binding }
}

/** Of a visitor, who keeps no state but perhaps its membership. */
export async function createVisitor(
  visit: Visit,
  init: Pick<LinkedNodeInit, 'contacts' | 'listen' | 'logger' | 'networkKey' | 'reach'>
): Promise<LinkedNode> {
  // To whom a person has it go, it goes: a transport that nobody listens on is no door.
  return await createLinkedNode({ ...init, ...visit, transportNames: ['ws'], isDhtServer: false })
}
