/** What bootstraps and monitors are to all others: they introduce peers to each other, pass presence on and tell what they have heard. */
import { ContactFile } from './contact-file.ts'
import { PresenceRelay } from '../discovery/presence-relay.ts'
import { RegistryPace } from '../discovery/registry-pace.ts'
import { createTopicCarrying } from './topic-carrying.ts'
import { WorkerRegistry } from '../discovery/worker-registry.ts'
import { by } from '../observe/readings.ts'
import { commonHandlers, describeSelf } from './common-commands.ts'
import { findRegistered } from '../discovery/registry-answers.ts'
import type { BootstrapSettings } from '../config/settings.ts'
import type { CommandHandlers } from '../protocol/command-server.ts'
import type { NodeCore, NodeCoreInit } from './node-core.ts'
import type { ReadyReport } from './role.ts'
import type { SlotCounts, WorkerCounts } from '../model/generated/api-overview.ts'
import type { Startable } from '../core/startable.ts'

export interface Hub {
  readonly handlers: CommandHandlers
  /** Need the network. */
  readonly parts: readonly Startable[]
  readonly registry: WorkerRegistry
  /** What the workers that it has heard of have. */
  workerCounts(): { byState: WorkerCounts; slots: SlotCounts }
  report(): Omit<ReadyReport, 'pid'>
}

/** How such a node is started. */
export function hubInit<R extends 'bootstrap' | 'monitor'>(
  role: R,
  { relay: { isOn, ...limits } }: Pick<BootstrapSettings, 'relay'>
): NodeCoreInit & { role: R } {
  return { role, isDhtServer: true, relay: isOn ? limits : undefined }
}

export function createHub(
  core: NodeCore,
  role: 'bootstrap' | 'monitor',
  { announce, namespace }: Pick<BootstrapSettings, 'announce' | 'namespace'>
): Hub {
  const { folder, node } = core
  const self = { role, namespace }
  const registry = new WorkerRegistry(core)
  const pace = new RegistryPace(core)
  const relay = new PresenceRelay(
    { ...core, onWorker: (news) => registry.take(news) },
    { namespaces: [namespace] }
  )
  core.metrics.add(() => ({
    taskmesh_discovery_workers: by('state', { known: registry.size.workers })
  }))
  return {
    handlers: {
      ...commonHandlers,
      FIND_NODES: (params, { remotePeer }) => ({
        result: pace.tell(remotePeer, () => findRegistered(registry, { namespace, params }))
      }),
      GET_CAPABILITIES: (_params, { remotePeer }) => ({
        result: describeSelf(core, { ...self, peer: remotePeer })
      })
    },
    parts: [relay, ...createTopicCarrying(core, namespace), new ContactFile(core, announce)],
    registry,
    workerCounts: () => {
      const workers = registry.list(namespace)
      const total = workers.reduce((sum, { record }) => sum + record.slots, 0)
      return { byState: { ready: workers.length }, slots: { total } }
    },
    report: () => ({
      ...self,
      peer_id: node.selfPeer,
      addresses: node.addresses(),
      folder: folder.path
    })
  }
}
