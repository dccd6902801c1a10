/** A router: takes jobs, finds workers, sees each job through, and answers people over HTTP. */
import { ApiServer } from '../http/server.ts'
import { ApiFile } from './api-file.ts'
import { loadApiToken } from './api-token.ts'
import { loadTlsPair } from './tls-pair.ts'
import { createApiServices } from './api-services.ts'
import { describeSelf } from './common-commands.ts'
import { createExperienceExchange } from './shared-experience.ts'
import { createFileServices } from './file-services.ts'
import { createJobEngine } from './job-engine.ts'
import { createRouterFiles } from './router-files.ts'
import { startNode } from './node-core.ts'
import { routerHandlers } from './router-commands.ts'
import type { JobEngine } from './job-engine.ts'
import type { Logger } from '../observe/logger.ts'
import type { NodeCore, NodeParts } from './node-core.ts'
import type { RouterSettings } from '../config/settings.ts'
import type { RunningNode } from './role.ts'

export async function startRouter(settings: RouterSettings, logger: Logger): Promise<RunningNode> {
  const init = { role: 'router', isDhtServer: false } as const
  return await startNode(settings, logger, init, buildRouter)
}

function buildRouter(core: NodeCore, settings: RouterSettings): NodeParts {
  const { clock, folder, logger, node, server } = core
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
    GET_CAPABILITIES: (_params, { remotePeer }) => ({
      result: describeSelf(core, { ...self, peer: remotePeer })
    })
  })
  const token = settings.token ?? loadApiToken(folder.path)
  const apiFiles = createFileServices(core, files, {
    isWorker: (peer) => engine.nodes.has(peer),
    ordersOf: (fileId) => engine.storage.ordersOf(fileId)
  })
  const services = createApiServices(core, engine, apiFiles.services, settings)
  const tls = settings.tls === undefined ? undefined : loadTlsPair(settings.tls, core)
  const api = new ApiServer({ services, logger }, { ...settings.http, token, tls })
  const ca = tls === undefined ? {} : { ca: tls.cert }
  const apiFile = new ApiFile(folder.path, () => ({ url: api.address(), token, ...ca }))
  return {
    before: [...files.before, ...engine.before],
    after: [...files.after, ...apiFiles.parts, ...engine.after, experience, api, apiFile],
    report: () => ({
      ...self,
      peer_id: node.selfPeer,
      addresses: node.addresses(),
      folder: folder.path,
      http: api.address()
    })
  }
}
