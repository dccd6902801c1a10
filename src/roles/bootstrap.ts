/** A bootstrap node: introduces peers to each other, keeps the DHT's records, passes presence on and tells what it has heard. */
import { createHub, hubInit } from './hub.ts'
import { startNode } from './node-core.ts'
import type { BootstrapSettings } from '../config/settings.ts'
import type { Logger } from '../observe/logger.ts'
import type { NodeCore, NodeParts } from './node-core.ts'
import type { RunningNode } from './role.ts'

export async function startBootstrap(
  settings: BootstrapSettings,
  logger: Logger
): Promise<RunningNode> {
  return await startNode(settings, logger, hubInit('bootstrap', settings), buildBootstrap)
}

function buildBootstrap(core: NodeCore, settings: BootstrapSettings): NodeParts {
  const hub = createHub(core, 'bootstrap', settings)
  core.server.register(hub.handlers)
  return { before: [], after: hub.parts, report: () => hub.report() }
}
