/** A node that shares: offers its owner's files, and gives and fetches pieces as every node does. */
import { assert } from '../core/assert.ts'
import { commonHandlers, describeSelf } from './common-commands.ts'
import { createNodeFiles } from './node-files.ts'
import { fileNodesKey } from '../protocol/ids.ts'
import { startNode } from './node-core.ts'
import type { FileLibrary } from '../files/store/library.ts'
import type { Logger } from '../observe/logger.ts'
import type { NodeCore, NodeParts } from './node-core.ts'
import type { NodeFiles, NodeFilesInit } from './node-files.ts'
import type { RunningNode } from './role.ts'
import type { ShareSettings } from '../config/settings.ts'

export interface RunningShare extends RunningNode {
  readonly library: FileLibrary
}

/** It is up while the folders are still being read; `sharing` tells how that goes. */
export async function startShare(
  given: ShareSettings,
  logger: Logger,
  sharing: NonNullable<NodeFilesInit['sharing']> = {}
): Promise<RunningShare> {
  const init = { role: 'share', isDhtServer: false } as const
  let files: NodeFiles | undefined
  const running = await startNode(given, logger, init, (core, settings) => {
    const { namespace } = settings
    const keys = [fileNodesKey(namespace)]
    const wishes = { ...settings.files, keys, namespace, sharing }
    files = createNodeFiles(core, wishes)
    return buildShare(core, files, namespace)
  })
  assert(files !== undefined, 'a node that runs was built')
  return { report: running.report, stop: () => running.stop(), library: files.library }
}

function buildShare(core: NodeCore, files: NodeFiles, namespace: string): NodeParts {
  const { folder, node, server } = core
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
