/**
 * What every node has, put together: its folder and key, its machine's figures, the libp2p node, both
 * bindings of the command protocol, and its hold on the bootstraps. The roles add their own parts to it.
 */
import { join } from 'node:path'
import { AGENT } from '../core/version.ts'
import { BootstrapKeeper } from '../network/bootstrap-keeper.ts'
import { CommandBinding } from '../protocol/command-binding.ts'
import { CommandServer } from '../protocol/command-server.ts'
import { HostMonitor } from '../host/host-monitor.ts'
import { loadIdentity } from '../network/identity.ts'
import { MeshNode } from '../network/mesh-node.ts'
import { OPEN_MEMBERSHIP, createMembership } from '../enrolment/mesh-membership.ts'
import { PeerTracker } from '../network/peer-tracker.ts'
import { SessionService } from '../protocol/session-service.ts'
import { signerOf } from '../receipts/signer.ts'
import { startInOrder } from '../core/startable.ts'
import { systemClock } from '../core/clock.ts'
import { systemRandom } from '../core/random.ts'
import { claimFolder } from './node-folder.ts'
import { describeEntry, findEntry } from '../enrolment/mesh-entry.ts'
import type { Access } from '../protocol/access.ts'
import type { Clock } from '../core/clock.ts'
import type { HostMonitorInit } from '../host/host-monitor.ts'
import type { Logger } from '../observe/logger.ts'
import type { Membership } from '../enrolment/mesh-membership.ts'
import type { NodeFolder } from './node-folder.ts'
import type { NodeSettings } from '../config/settings.ts'
import type { PrivateKey } from '@libp2p/interface'
import type { Random } from '../core/random.ts'
import type { ReadyReport, RunningNode } from './role.ts'
import type { Signer } from '../receipts/signer.ts'
import type { Startable } from '../core/startable.ts'

export interface NodeCore {
  readonly folder: NodeFolder
  readonly key: PrivateKey
  /** Signs orders, receipts and the like with that key. */
  readonly signer: Signer
  /** Who may speak to it. */
  readonly access: Access
  readonly membership: Membership
  readonly host: HostMonitor
  readonly node: MeshNode
  readonly keeper: BootstrapKeeper
  readonly tracker: PeerTracker
  readonly server: CommandServer
  readonly sessions: SessionService
  readonly binding: CommandBinding
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

export interface NodeCoreInit {
  role: ReadyReport['role']
  isDhtServer: boolean
  /** The node's load as a peer is to know it, if it runs tasks. */
  describeLoad?: (peer: string) => unknown
  /** What of its machine it offers, if not all. */
  offer?: Pick<HostMonitorInit, 'offeredCpuCores' | 'offeredMemoryBytes'>
}

/** What a role adds to the core, and what it says once all is started. */
export interface NodeParts {
  /** Must be ready when the first peer connects. */
  before: readonly Startable[]
  /** Need the network. */
  after: readonly Startable[]
  report: () => Omit<ReadyReport, 'pid'>
}

/** Starts a node: the machine's figures, the role's parts, the network. What fails leaves nothing behind. */
export async function startNode(
  settings: NodeSettings,
  logger: Logger,
  init: NodeCoreInit,
  build: (core: NodeCore) => NodeParts
): Promise<RunningNode> {
  const core = await createNodeCore(settings, logger, init)
  const { binding, folder, host, keeper, membership, node, sessions, tracker } = core
  const folderPart = { start: async () => {}, stop: async () => folder.release() }
  const stopGround = await startInOrder([folderPart, host])
  try {
    const { after, before, report } = build(core)
    const network = [node, sessions, binding, ...membership.parts, tracker, keeper]
    const stopParts = await startInOrder([...before, ...network, ...after])
    const ready = { ...report(), pid: process.pid }
    logger.info({ peer: ready.peer_id, addresses: ready.addresses }, `${ready.role} ready`)
    return { report: ready, stop: async () => await stopParts().then(stopGround) }
  } catch (cause) {
    await stopGround()
    throw cause
  }
}

async function createNodeCore(
  settings: NodeSettings,
  logger: Logger,
  init: NodeCoreInit
): Promise<NodeCore> {
  const folder = claimFolder(settings.home, settings.name, init.role)
  try {
    const key = await loadIdentity(join(folder.path, 'key'))
    const signer = signerOf(key)
    const self = { folder: folder.path, role: init.role, selfPeer: signer.peer }
    const entry = findEntry(settings, self)
    logger.info({ mesh: describeEntry(entry) }, 'mesh')
    const node = await MeshNode.create({
      identity: key,
      listen: settings.listen,
      announce: settings.announce,
      isDhtServer: init.isDhtServer,
      agent: AGENT
    })
    const shared = { clock: systemClock, random: systemRandom, logger, node }
    const membership: Membership =
      entry === undefined
        ? OPEN_MEMBERSHIP
        : createMembership(
            {
              ...shared,
              key,
              folder: folder.path,
              binding: () => binding,
              sessions: () => sessions
            },
            entry,
            settings.name === undefined
              ? { role: init.role }
              : { role: init.role, name: settings.name }
          )
    const { access } = membership
    const server = new CommandServer({ access, selfPeer: node.selfPeer, role: init.role, logger })
    server.register(membership.handlers)
    const linked = { access, clock: systemClock, link: node, server }
    const describeLoad = init.describeLoad ?? (() => null)
    const sessions = new SessionService({ ...linked, agent: AGENT, describeLoad })
    const binding = new CommandBinding(linked)
    return {
      ...shared,
      folder,
      key,
      signer,
      access,
      membership,
      server,
      host: new HostMonitor(shared, {
        directory: folder.path,
        measuresSlowdown: init.describeLoad !== undefined,
        ...init.offer
      }),
      keeper: new BootstrapKeeper(shared, entry?.bootstrap ?? settings.bootstrap),
      tracker: new PeerTracker(shared),
      sessions,
      binding
    }
  } catch (cause) {
    folder.release()
    throw cause
  }
}
