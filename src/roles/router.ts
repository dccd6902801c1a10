/** A router: takes jobs, finds workers, sees each job through, and answers people over HTTP. */
import { apiScopeOf } from '../membership/rights.ts'
import { createApiServices } from './api-services.ts'
import { describeSelf } from './common-commands.ts'
import { createExperienceExchange } from './shared-experience.ts'
import { createFileServices } from './file-services.ts'
import { createJobEngine } from './job-engine.ts'
import { createTopicCarrying } from './topic-carrying.ts'
import { createMonitoring, routerSources } from './mesh-monitoring.ts'
import { createRouterRecipes } from './router-recipes.ts'
import { createRouterFiles } from './router-files.ts'
import { createWebServer } from './web-server.ts'
import { startNode } from './node-core.ts'
import { routerHandlers } from './router-commands.ts'
import type { JobEngine } from './job-engine.ts'
import type { PeerCallers } from '../http/peer-door.ts'
import type { Logger } from '../observe/logger.ts'
import type { NodeCore, NodeParts } from './node-core.ts'
import type { RouterSettings } from '../config/settings.ts'
import type { RunningNode } from './role.ts'

export async function startRouter(settings: RouterSettings, logger: Logger): Promise<RunningNode> {
  const init = { role: 'router', isDhtServer: false } as const
  return await startNode(settings, logger, init, buildRouter)
}

function buildRouter(core: NodeCore, settings: RouterSettings): NodeParts {
  const { clock, folder, node, server } = core
  const { namespace } = settings
  const files = createRouterFiles(core, {
    ...settings.files,
    namespace,
    onMisbehaviour: (peer) => {
      if (engine.nodes.has(peer)) engine.reputation.record({ kind: 'lied', workerId: peer })
    }
  })
  const engine: JobEngine = createJobEngine(core, settings, files)
  const experience = createExperienceExchange(core, engine, settings)
  const recipes = createRouterRecipes(core, settings)
  const self = { role: 'router', namespace } as const
  server.register({
    ...routerHandlers({
      ...engine,
      experience,
      nowMs: () => clock.wallMs(),
      sources: files.sources,
      selfPeer: node.selfPeer
    }),
    ...files.handlers,
    ...recipes.handlers,
    GET_CAPABILITIES: (_params, { remotePeer }) => ({
      result: describeSelf(core, { ...self, peer: remotePeer })
    })
  })
  const apiFiles = createFileServices(core, files, {
    isWorker: (peer) => engine.nodes.has(peer),
    ordersOf: (fileId) => engine.storage.ordersOf(fileId)
  })
  const monitoring = createMonitoring(core, {
    self,
    ...routerSources(engine, files, apiFiles.transfers)
  })
  const given = { files: apiFiles.services, monitoring, recipes: recipes.services }
  const services = createApiServices(core, engine, given, settings)
  const { hasPages } = settings
  const web = createWebServer(core, settings, {
    role: 'router',
    services,
    peers: apiCallers(core),
    hasPages
  })
  return {
    before: [...files.before, ...recipes.before, ...engine.before],
    after: [
      ...files.after,
      ...apiFiles.parts,
      ...engine.after,
      experience,
      monitoring,
      ...recipes.after,
      ...createTopicCarrying(core, namespace),
      ...web.parts
    ],
    report: () => ({
      ...self,
      peer_id: node.selfPeer,
      addresses: node.addresses(),
      folder: folder.path,
      ...web.report()
    })
  }
}

/** Members ask by libp2p as what they are; a mesh without an authority has none. */
function apiCallers({ access, node }: NodeCore): PeerCallers {
  return {
    link: node,
    scopeOf: (peer) => {
      access.requireMember(peer)
      return apiScopeOf(access.memberOf(peer)?.role)
    }
  }
}
