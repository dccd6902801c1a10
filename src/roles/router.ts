/** A router: takes jobs, finds workers, sees each job through, and answers people over HTTP. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { ApiServer } from '../http/server.ts'
import { Directory } from '../discovery/directory.ts'
import { Dispatcher } from '../dispatch/dispatcher.ts'
import { DocumentCache } from '../dispatch/document-cache.ts'
import { Finder } from '../discovery/finder.ts'
import { HostMonitor } from '../host/host-monitor.ts'
import { JobIntake } from '../dispatch/job-intake.ts'
import { JobReader } from '../dispatch/job-reader.ts'
import { JobWatchers } from '../dispatch/job-watchers.ts'
import { NodeViews } from '../discovery/node-views.ts'
import { resolveWeights } from '../selection/weights.ts'
import { SqliteJobStore } from '../jobs/sqlite-store.ts'
import { steadyTime } from '../core/clock.ts'
import { ApiFile } from './api-file.ts'
import { createApiServices } from './api-services.ts'
import { describeSelf } from './common-commands.ts'
import { createNodeCore, startNode } from './node-core.ts'
import { ReputationKeeper } from './reputation-keeper.ts'
import { routerHandlers } from './router-commands.ts'
import type { Logger } from '../observe/logger.ts'
import type { RouterSettings } from '../config/settings.ts'
import type { RunningNode } from './role.ts'
import type { SendTask } from '../dispatch/ports.ts'
import type { SessionService } from '../protocol/session-service.ts'

const TOKEN_BYTES = 24

export async function startRouter(settings: RouterSettings, logger: Logger): Promise<RunningNode> {
  const core = await createNodeCore(settings, logger, { role: 'router', isDhtServer: false })
  const { clock, folder, node, server } = core
  const { namespace, preset, sync, weights } = settings
  const nowMs = steadyTime(clock)
  const routeDefaults = { preset, weights }
  const shownWeights = resolveWeights({
    route: { preset: undefined, weights: undefined, pickCount: 1 },
    defaults: routeDefaults
  })

  // From the bottom up: store and ledger, then who could run a task, then who sees it through.
  const host = new HostMonitor(core, { directory: folder.path })
  const store = new SqliteJobStore({ file: join(folder.path, 'jobs.db'), sync })
  const keeper = new ReputationKeeper({ ...core, store })
  const reputationOf = keeper.reader(nowMs)

  const source = new Directory(
    { ...core, reputationOf, onRoom: () => dispatcher.pump() },
    { namespace }
  )
  const finder = new Finder(
    { ...core, onFound: (finding) => source.onFound(finding) },
    { namespace }
  )
  const nodes = new NodeViews({
    directory: source,
    clock,
    reputationOf,
    weights: shownWeights.weights
  })

  const watchers = new JobWatchers()
  const documents = new DocumentCache((jobId) => store.document(jobId))
  const dispatcher: Dispatcher = new Dispatcher({
    ...core,
    nowMs,
    store,
    source,
    sendTask: sendThrough(core.sessions),
    taskText: (jobId, index) => documents.taskText(jobId, index),
    onOutcome: (outcome) => keeper.ledger.record(outcome, nowMs()),
    onChanged: (job, finished) => {
      if (job.hasEnded) documents.forget(job.record.id)
      watchers.tell({ job: job.record, finished })
    }
  })
  const reader = new JobReader({ store, dispatcher, watchers, clock, nowMs })
  const intake = new JobIntake(
    { ...core, dispatcher, documents, nowMs, reader, source, store, watchers },
    { routeDefaults }
  )

  const self = { role: 'router', namespace } as const
  server.register({
    ...routerHandlers({ selfPeer: node.selfPeer, jobs: intake, nodes, reputationOf }),
    GET_CAPABILITIES: (_params, { remotePeer }) => ({
      result: describeSelf(core, host, { ...self, peer: remotePeer })
    })
  })

  const token = settings.token ?? randomBytes(TOKEN_BYTES).toString('base64url')
  const services = createApiServices(
    core,
    { dispatcher, intake, keeper, nodes, nowMs, reader },
    namespace
  )
  const api = new ApiServer({ services, logger }, { ...settings.http, token })
  const apiFile = new ApiFile(folder.path, () => ({ url: api.address(), token }))

  const before = [host, store, keeper]
  const after = [source, finder, dispatcher, intake, api, apiFile]
  return await startNode(core, { before, after }, () => ({
    ...self,
    peer_id: node.selfPeer,
    addresses: node.addresses(),
    folder: folder.path,
    http: api.address()
  }))
}

/** Tasks go over the session that the directory keeps; one that was just lost is opened anew. */
function sendThrough(sessions: SessionService): SendTask {
  return async (peer, { assignment, text }, options) => {
    const session = sessions.get(peer) ?? (await sessions.open(peer, options))
    return await session.request(
      { command: 'EXECUTE_TASK', params: { assignment }, bulk: text },
      options
    )
  }
}
