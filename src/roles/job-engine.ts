/**
 * The router's job engine, put together from the bottom up: store and ledger, then who could run a task,
 * then who sees it through, then how jobs come in. Here the ports of dispatch meet what satisfies them.
 */
import { createJobChecks } from './job-checks.ts'
import { createJobDispatch } from './job-dispatch.ts'
import { createJobEntry } from './job-entry.ts'
import { createJobFiles } from './job-files.ts'
import { createJobGround } from './job-ground.ts'
import { createJobWorkers } from './job-workers.ts'
import { by } from '../observe/readings.ts'
import { createStorageKeeper } from './storage-jobs.ts'
import { Decisions } from '../dispatch/views/decisions.ts'
import { IdleSurvey } from '../discovery/idle-survey.ts'
import { JobLogs } from '../dispatch/views/job-logs.ts'
import { JobNews } from './job-news.ts'
import { JobReader } from '../dispatch/views/job-reader.ts'
import { LogReader } from '../dispatch/views/log-reader.ts'
import { ReceiptReader } from '../dispatch/views/receipt-reader.ts'
import { Retention } from '../dispatch/intake/retention.ts'
import type { Directory } from '../discovery/directory.ts'
import type { Dispatcher } from '../dispatch/dispatcher.ts'
import type { EventLog } from '../observe/event-log.ts'
import type { FinishedItem } from '../dispatch/job-steps.ts'
import type { JobDispatch } from './job-dispatch.ts'
import type { JobEntry } from './job-entry.ts'
import type { JobGround } from './job-ground.ts'
import type { JobRecord } from '../jobs/records.ts'
import type { JobMeter } from '../monitoring/job-meter.ts'
import type { JobStore, StoreChange } from '../jobs/store.ts'
import type { NodeCore } from './node-core.ts'
import type { NodeViews } from '../discovery/node-views.ts'
import type { Readings } from '../observe/readings.ts'
import type { ReputationKeeper } from './reputation-keeper.ts'
import type { RouterFiles } from './router-files.ts'
import type { RouterSettings } from '../config/settings.ts'
import type { Startable } from '../core/startable.ts'
import type { StorageKeeper } from '../dispatch/storage-keeper.ts'

const MS_PER_SECOND = 1_000

export interface JobEngine extends Omit<JobEntry, 'admission' | 'pending'> {
  decisions: Decisions
  dispatcher: Dispatcher
  events: EventLog
  idle: IdleSurvey
  logReader: LogReader
  /** Hears of all that happens to jobs. */
  meter: JobMeter
  nodes: NodeViews
  reader: JobReader
  receipts: ReceiptReader
  reputation: ReputationKeeper
  storage: StorageKeeper
  store: JobStore
  /** To be started before the network, and with it. */
  before: readonly Startable[]
  after: readonly Startable[]
}

export function createJobEngine(
  core: NodeCore,
  settings: RouterSettings,
  files: RouterFiles
): JobEngine {
  const ground = createJobGround(core, settings)
  const { events, reputation, store, watchers } = ground
  const news = new JobNews(ground)
  const logs = new JobLogs({ store, write: writeLogs(ground) })
  const { finder, nodes, source } = createJobWorkers(core, settings, {
    ...ground,
    files,
    onRoom: () => dispatcher.pump()
  })
  const jobFiles = createJobFiles(core, settings, { ...ground, files })
  const checks = createJobChecks({
    ...ground,
    source,
    tracker: core.tracker,
    jobs: () => ({ dispatcher, intake, reader })
  })
  /** Both kinds of jobs tell of their changes: those that wait to begin, and those that have begun. */
  const onChanged = (job: JobRecord, finished?: FinishedItem): void => {
    news.changed(job, finished)
    storage.onJob(job)
    watchers.tell({ job, finished })
    if (finished !== undefined) admission.ended(1)
  }
  const { dispatcher, stragglers }: JobDispatch = createJobDispatch(core, {
    ...ground,
    checks,
    jobFiles,
    logs,
    news,
    source,
    onChanged,
    // Jobs that never began tell those that need them by themselves.
    onEnded: (job) => pending.jobEnded(job)
  })
  const reader: JobReader = new JobReader({ ...ground, dispatcher })
  const parts = { ...ground, ...jobFiles, dispatcher, logs, nodes, reader, source }
  const { admission, pending, ...entry }: JobEntry = createJobEntry(settings, {
    ...parts,
    onChanged,
    onNew: (job) => {
      news.submitted(job)
      storage.onJob(job)
    }
  })
  const { intake } = entry
  const storage: StorageKeeper = createStorageKeeper(settings, { ...parts, files, intake })
  const isNeeded = (jobId: string): boolean => pending.isNeeded(jobId) || storage.needs(jobId)
  const retention = new Retention({ ...parts, isNeeded }, settings)
  addMetrics(core, { ...parts, news })
  const working = [source, finder, storage, dispatcher, stragglers, pending, intake, retention]
  return {
    ...entry,
    ...createViews(core, settings, parts),
    dispatcher,
    events,
    meter: news.meter,
    nodes,
    reader,
    reputation,
    storage,
    store,
    before: [store, reputation, ground.checker, ...jobFiles.before],
    after: [...working, ...jobFiles.after]
  }
}

function addMetrics(
  { metrics }: NodeCore,
  parts: JobGround & { dispatcher: Dispatcher; news: JobNews; source: Directory }
): void {
  const { dispatcher, news, reputation, source } = parts
  metrics.add(() => ({
    ...news.tally.readings(),
    ...queueReadings(dispatcher, parts),
    ...source.readings(),
    ...reputation.readings()
  }))
}

function queueReadings(dispatcher: Dispatcher, { nowMs }: JobGround): Readings {
  const fromMs = dispatcher.waitingFromMs()
  const waitedMs = fromMs === undefined ? 0 : Math.max(0, nowMs() - fromMs)
  return {
    taskmesh_job_open: dispatcher.jobCount,
    taskmesh_queue_items: by('state', dispatcher.counts()),
    taskmesh_queue_oldest_seconds: waitedMs / MS_PER_SECOND
  }
}

interface ViewParts extends JobGround {
  dispatcher: Dispatcher
  logs: JobLogs
  nodes: NodeViews
  reader: JobReader
  source: Directory
}

/** What only looks at what the others keep. */
function createViews(
  core: NodeCore,
  settings: RouterSettings,
  parts: ViewParts
): Pick<JobEngine, 'decisions' | 'idle' | 'logReader' | 'receipts'> {
  const isWorker = (peer: string): boolean => parts.nodes.has(peer)
  return {
    decisions: new Decisions(parts),
    idle: new IdleSurvey({ ...core, ...parts, isWorker }, settings),
    logReader: new LogReader(parts),
    receipts: new ReceiptReader(parts)
  }
}

/** A log that cannot be stored is lost, so that no task waits for its log. */
function writeLogs({ logger, store }: JobGround): (changes: readonly StoreChange[]) => void {
  return (changes) => {
    store.apply(changes).catch((cause: unknown) => {
      logger.warn({ err: cause }, 'part of a log could not be stored')
    })
  }
}
