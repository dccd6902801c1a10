/** A bootstrap node: introduces peers to each other, keeps the DHT's records, passes presence on. */
import { HostMonitor } from '../host/host-monitor.ts'
import { PresenceRelay } from '../discovery/presence-relay.ts'
import { commonHandlers, describeSelf } from './common-commands.ts'
import { createNodeCore, startNode } from './node-core.ts'
import type { BootstrapSettings } from '../config/settings.ts'
import type { Logger } from '../observe/logger.ts'
import type { RunningNode } from './role.ts'

export async function startBootstrap(
  settings: BootstrapSettings,
  logger: Logger
): Promise<RunningNode> {
  const core = await createNodeCore(settings, logger, { role: 'bootstrap', isDhtServer: true })
  const host = new HostMonitor(core, { directory: core.folder.path })
  const relay = new PresenceRelay(core)
  const self = { role: 'bootstrap', namespace: settings.namespace } as const
  core.server.register({
    ...commonHandlers,
    GET_CAPABILITIES: (_params, { remotePeer }) => ({
      result: describeSelf(core, host, { ...self, peer: remotePeer })
    })
  })
  return await startNode(core, { before: [host], after: [relay] }, () => ({
    ...self,
    peer_id: core.node.selfPeer,
    addresses: core.node.addresses(),
    folder: core.folder.path
  }))
}
