/**
 * The router's job engine, put together from the bottom up: store and ledger, then who could run a task,
 * then who sees it through. Here the ports of dispatch meet what satisfies them.
 */
import { join } from 'node:path'
import { Directory } from '../discovery/directory.ts'
import { Dispatcher } from '../dispatch/dispatcher.ts'
import { DocumentCache } from '../dispatch/document-cache.ts'
import { Finder } from '../discovery/finder.ts'
import { JobIntake } from '../dispatch/job-intake.ts'
import { JobReader } from '../dispatch/job-reader.ts'
import { JobWatchers } from '../dispatch/job-watchers.ts'
import { NodeViews } from '../discovery/node-views.ts'
import { resolveWeights } from '../selection/weights.ts'
import { SqliteJobStore } from '../jobs/sqlite-store.ts'
import { steadyTime } from '../core/clock.ts'
import { ReputationKeeper } from './reputation-keeper.ts'
import type { NodeCore } from './node-core.ts'
import type { RouterSettings } from '../config/settings.ts'
import type { SendTask } from '../dispatch/ports.ts'
import type { SessionService } from '../protocol/session-service.ts'
import type { Startable } from '../core/startable.ts'

export interface JobEngine {
  dispatcher: Dispatcher
  intake: JobIntake
  nodes: NodeViews
  reader: JobReader
  reputation: ReputationKeeper
  /** To be started before the network, and with it. */
  before: readonly Startable[]
  after: readonly Startable[]
}

export function createJobEngine(core: NodeCore, settings: RouterSettings): JobEngine {
  const { clock, folder, sessions } = core
  const { namespace, preset, sync, weights } = settings
  const nowMs = steadyTime(clock)
  const routeDefaults = { preset, weights }

  const store = new SqliteJobStore({ file: join(folder.path, 'jobs.db'), sync })
  const reputation = new ReputationKeeper({ ...core, nowMs, store })
  const reputationOf = reputation.of.bind(reputation)

  const onRoom = (): void => dispatcher.pump()
  const source = new Directory({ ...core, reputationOf, onRoom }, { namespace })
  const onFound = source.onFound.bind(source)
  const finder = new Finder({ ...core, onFound }, { namespace })
  const nodes = new NodeViews({
    directory: source,
    clock,
    reputationOf,
    weights: resolveWeights({ route: NO_ROUTE, defaults: routeDefaults }).weights
  })

  const watchers = new JobWatchers()
  const documents = new DocumentCache((jobId) => store.document(jobId))
  const dispatcher: Dispatcher = new Dispatcher({
    ...core,
    nowMs,
    store,
    source,
    sendTask: sendThrough(sessions),
    taskText: (jobId, index) => documents.taskText(jobId, index),
    onOutcome: (outcome) => reputation.record(outcome),
    onChanged: (job, finished) => {
      if (job.hasEnded) documents.forget(job.record.id)
      watchers.tell({ job: job.shownRecord, finished })
    }
  })
  const reader = new JobReader({ store, dispatcher, watchers, clock, nowMs })
  const intake = new JobIntake(
    { ...core, dispatcher, documents, nowMs, reader, source, store, watchers },
    { routeDefaults }
  )
  const before = [store, reputation]
  const after = [source, finder, dispatcher, intake]
  return { dispatcher, intake, nodes, reader, reputation, before, after }
}

/** Of a job that says nothing about its route. */
const NO_ROUTE = { preset: undefined, weights: undefined, pickCount: 1 }

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
