/** A node that shares: offers its owner's files, and gives and fetches pieces as every node does. */
import { commonHandlers, describeSelf } from './common-commands.ts'
import { createNodeFiles } from './node-files.ts'
import { startNode } from './node-core.ts'
import type { Logger } from '../observe/logger.ts'
import type { NodeCore, NodeParts } from './node-core.ts'
import type { RunningNode } from './role.ts'
import type { ShareSettings } from '../config/settings.ts'

export async function startShare(settings: ShareSettings, logger: Logger): Promise<RunningNode> {
  const init = { role: 'share', isDhtServer: false } as const
  return await startNode(settings, logger, init, (core) => buildShare(core, settings))
}

function buildShare(core: NodeCore, { files: settings, namespace }: ShareSettings): NodeParts {
  const { folder, node, server } = core
  const files = createNodeFiles(core, { ...settings, namespace, onMisbehaviour: () => {} })
  const self = { role: 'share', namespace } as const
  server.register({
    ...commonHandlers,
    ...files.handlers,
    GET_CAPABILITIES: (_params, { remotePeer }) => ({
      result: describeSelf(core, { ...self, peer: remotePeer })
    })
  })
  return {
    before: files.before,
    after: files.after,
    report: () => ({
      ...self,
      peer_id: node.selfPeer,
      addresses: node.addresses(),
      folder: folder.path
    })
  }
}
