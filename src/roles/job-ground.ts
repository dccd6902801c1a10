/** What all parts of a router's job engine stand on: its store, what it knows of workers, its clocks and its news. */
import { join } from 'node:path'
import { DemandCache } from '../dispatch/demand.ts'
import { DocumentCache } from '../dispatch/document-cache.ts'
import { EventLog } from '../observe/event-log.ts'
import { IdleReasons } from '../selection/idle-reasons.ts'
import { JobWatchers } from '../dispatch/views/job-watchers.ts'
import { ReceiptChecker } from '../receipts/receipt-checker.ts'
import { ReputationKeeper } from './reputation-keeper.ts'
import { SqliteJobStore } from '../jobs/sqlite/store.ts'
import { steadyTime } from '../core/clock.ts'
import type { Clock } from '../core/clock.ts'
import type { JobStore } from '../jobs/store.ts'
import type { Logger } from '../observe/logger.ts'
import type { NodeCore } from './node-core.ts'
import type { Random } from '../core/random.ts'
import type { RouterSettings } from '../config/settings.ts'
import type { Tracer } from '../observe/tracing.ts'

export interface JobGround {
  clock: Clock
  logger: Logger
  random: Random
  tracer: Tracer
  /** Milliseconds since 1970 that never jump. */
  nowMs: () => number
  events: EventLog
  store: JobStore
  reputation: ReputationKeeper
  /** Looks at what workers sign. */
  checker: ReceiptChecker
  watchers: JobWatchers
  demands: DemandCache
  documents: DocumentCache
  /** Why workers were passed over. */
  idleReasons: IdleReasons
}

export function createJobGround(
  core: NodeCore,
  { evidenceBytesMax, preset, sync, weights }: RouterSettings
): JobGround {
  const { clock, folder, logger, random, tracer } = core
  const nowMs = steadyTime(clock)
  const store = new SqliteJobStore({ file: join(folder.path, 'jobs.db'), sync })
  return {
    clock,
    logger,
    random,
    tracer,
    nowMs,
    store,
    events: createEvents(core, nowMs),
    reputation: new ReputationKeeper(
      { clock, logger, nowMs, store },
      { folder: folder.path, evidenceBytesMax }
    ),
    checker: new ReceiptChecker(),
    watchers: new JobWatchers(),
    demands: new DemandCache({ preset, weights }),
    documents: new DocumentCache((jobId) => store.document(jobId)),
    idleReasons: new IdleReasons()
  }
}

/** Connections of any peer are told of as well. */
function createEvents({ logger, tracker }: NodeCore, nowMs: () => number): EventLog {
  const events = new EventLog({ logger, nowMs })
  tracker.watch(({ event, peer }) =>
    events.publish({ type: `peer:${event}`, peer: peer.peer_id, peer_view: peer })
  )
  return events
}
