/** A bootstrap node: introduces peers to each other, keeps the DHT's records, passes presence on and tells what it has heard. */
import { ContactFile } from './contact-file.ts'
import { PresenceRelay } from '../discovery/presence-relay.ts'
import { RegistryPace } from '../discovery/registry-pace.ts'
import { WorkerRegistry } from '../discovery/worker-registry.ts'
import { commonHandlers, describeSelf } from './common-commands.ts'
import { findRegistered } from '../discovery/registry-answers.ts'
import { startNode } from './node-core.ts'
import type { BootstrapSettings } from '../config/settings.ts'
import type { Logger } from '../observe/logger.ts'
import type { NodeCore, NodeParts } from './node-core.ts'
import type { RunningNode } from './role.ts'

export async function startBootstrap(
  settings: BootstrapSettings,
  logger: Logger
): Promise<RunningNode> {
  const { isOn, ...limits } = settings.relay
  const init = { role: 'bootstrap', isDhtServer: true, relay: isOn ? limits : undefined } as const
  return await startNode(settings, logger, init, buildBootstrap)
}

function buildBootstrap(core: NodeCore, { announce, namespace }: BootstrapSettings): NodeParts {
  const { folder, node, server } = core
  const self = { role: 'bootstrap', namespace } as const
  const registry = new WorkerRegistry(core)
  const pace = new RegistryPace(core)
  const relay = new PresenceRelay(
    { ...core, onWorker: (news) => registry.take(news) },
    { namespaces: [namespace] }
  )
  server.register({
    ...commonHandlers,
    FIND_NODES: (params, { remotePeer }) => ({
      result: pace.tell(remotePeer, () => findRegistered(registry, { namespace, params }))
    }),
    GET_CAPABILITIES: (_params, { remotePeer }) => ({
      result: describeSelf(core, { ...self, peer: remotePeer })
    })
  })
  return {
    before: [],
    after: [relay, new ContactFile(core, announce)],
    report: () => ({
      ...self,
      peer_id: node.selfPeer,
      addresses: node.addresses(),
      folder: folder.path
    })
  }
}
