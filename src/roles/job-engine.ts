/**
 * The router's job engine, put together from the bottom up: store and ledger, then who could run a task,
 * then who sees it through, then how jobs come in. Here the ports of dispatch meet what satisfies them.
 */
import { join } from 'node:path'
import { Admission } from '../dispatch/intake/admission.ts'
import { DemandCache } from '../dispatch/demand.ts'
import { Directory } from '../discovery/directory.ts'
import { Dispatcher } from '../dispatch/dispatcher.ts'
import { DocumentCache } from '../dispatch/document-cache.ts'
import { EventLog } from '../observe/event-log.ts'
import { Finder } from '../discovery/finder.ts'
import { isTerminal } from '../jobs/records.ts'
import { createJobFiles } from './job-files.ts'
import { createStorageKeeper } from './storage-jobs.ts'
import { JobControl } from '../dispatch/intake/job-control.ts'
import { JobEvents } from '../dispatch/views/job-events.ts'
import { JobExecution } from '../dispatch/intake/job-execution.ts'
import { JobIntake } from '../dispatch/intake/job-intake.ts'
import { JobLauncher } from '../dispatch/intake/job-launcher.ts'
import { JobLogs } from '../dispatch/views/job-logs.ts'
import { JobReader } from '../dispatch/views/job-reader.ts'
import { JobWatchers } from '../dispatch/views/job-watchers.ts'
import { LogReader } from '../dispatch/views/log-reader.ts'
import { NodeViews } from '../discovery/node-views.ts'
import { PendingJobs } from '../dispatch/intake/pending-jobs.ts'
import { resolveWeights } from '../selection/weights.ts'
import { Retention } from '../dispatch/intake/retention.ts'
import { Schedules } from '../dispatch/intake/schedules.ts'
import { SqliteJobStore } from '../jobs/sqlite/store.ts'
import { steadyTime } from '../core/clock.ts'
import { ReputationKeeper } from './reputation-keeper.ts'
import { SessionTaskLink } from './task-link.ts'
import { TaskNews } from '../dispatch/task-news.ts'
import type { Clock } from '../core/clock.ts'
import type { DirectoryComponents } from '../discovery/directory.ts'
import type { FinishedItem } from '../dispatch/job-steps.ts'
import type { FileTexts, WebFiles } from '../dispatch/ports.ts'
import type { JobFiles } from './job-files.ts'
import type { JobRecord } from '../jobs/records.ts'
import type { JobStore, StoreChange } from '../jobs/store.ts'
import type { Logger } from '../observe/logger.ts'
import type { NodeCore } from './node-core.ts'
import type { Random } from '../core/random.ts'
import type { RouterFiles } from './router-files.ts'
import type { RouterSettings } from '../config/settings.ts'
import type { Startable } from '../core/startable.ts'
import type { StorageKeeper } from '../dispatch/storage-keeper.ts'

export interface JobEngine {
  control: JobControl
  dispatcher: Dispatcher
  events: EventLog
  execution: JobExecution
  intake: JobIntake
  logReader: LogReader
  nodes: NodeViews
  reader: JobReader
  reputation: ReputationKeeper
  storage: StorageKeeper
  store: JobStore
  taskNews: TaskNews
  /** To be started before the network, and with it. */
  before: readonly Startable[]
  after: readonly Startable[]
}

/** What all parts of the engine share. */
export interface Ground {
  clock: Clock
  logger: Logger
  random: Random
  /** Milliseconds since 1970 that never jump. */
  nowMs: () => number
  events: EventLog
  store: JobStore
  reputation: ReputationKeeper
  watchers: JobWatchers
  demands: DemandCache
  documents: DocumentCache
}

export function createJobEngine(
  core: NodeCore,
  settings: RouterSettings,
  files: RouterFiles
): JobEngine {
  const ground = createGround(core, settings)
  const { events, reputation, store, watchers } = ground
  const jobEvents = new JobEvents(ground)
  const logs = new JobLogs({ store, write: writeLogs(ground) })
  const { finder, nodes, source } = createSource(core, settings, {
    ground,
    files,
    onRoom: () => dispatcher.pump()
  })
  const jobFiles = createJobFiles(core, settings, { ...ground, files })
  /** Both kinds of jobs tell of their changes: those that wait to begin, and those that have begun. */
  const onChanged = (job: JobRecord, finished?: FinishedItem): void => {
    jobEvents.changed(job, finished)
    storage.onJob(job)
    watchers.tell({ job, finished })
    if (finished !== undefined) admission.ended(1)
  }
  const dispatcher: Dispatcher = createDispatcher(
    core,
    { ...ground, jobEvents, jobFiles, logs, source },
    // Jobs that never began tell those that need them by themselves.
    { onChanged, onEnded: (job) => pending.jobEnded(job) }
  )
  const { holdings, texts, web } = jobFiles
  const parts = { ...ground, dispatcher, holdings, logs, source, texts, web }
  const onNew = (job: JobRecord): void => {
    jobEvents.submitted(job)
    storage.onJob(job)
  }
  const { admission, launcher, pending } = createWaiting(settings, { ...parts, onNew, onChanged })
  const reader = new JobReader(parts)
  const intake = new JobIntake({ ...parts, admission, launcher, pending, reader })
  const storage: StorageKeeper = createStorageKeeper(settings, { ...parts, files, intake })
  const find = pending.find.bind(pending)
  const isNeeded = (jobId: string): boolean => pending.isNeeded(jobId) || storage.needs(jobId)
  const retention = new Retention({ ...parts, isNeeded })
  return {
    dispatcher,
    events,
    intake,
    nodes,
    reader,
    reputation,
    storage,
    store,
    control: new JobControl({ ...parts, pending, reader }),
    execution: new JobExecution({ ...parts, intake, find }),
    logReader: new LogReader({ ...parts, reader }),
    taskNews: new TaskNews({ ...parts, intake }),
    before: [store, reputation, ...jobFiles.before],
    after: [source, finder, storage, dispatcher, pending, intake, retention, ...jobFiles.after]
  }
}

function createGround(core: NodeCore, { preset, sync, weights }: RouterSettings): Ground {
  const { clock, folder, logger, random } = core
  const nowMs = steadyTime(clock)
  const store = new SqliteJobStore({ file: join(folder.path, 'jobs.db'), sync })
  return {
    clock,
    logger,
    random,
    nowMs,
    store,
    events: createEvents(core, nowMs),
    reputation: new ReputationKeeper({ clock, logger, nowMs, store }),
    watchers: new JobWatchers(),
    demands: new DemandCache({ preset, weights }),
    documents: new DocumentCache((jobId) => store.document(jobId))
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

/** The workers, and how they are shown. */
function createSource(
  core: NodeCore,
  { namespace, preset, weights }: RouterSettings,
  { files, ground, onRoom }: { files: RouterFiles; ground: Ground; onRoom: () => void }
): { source: Directory; finder: Finder; nodes: NodeViews } {
  const { events, reputation } = ground
  const reputationOf = reputation.of.bind(reputation)
  const onNode: DirectoryComponents['onNode'] = (change) => {
    events.publish(change)
    files.onNode(change)
  }
  const source = new Directory({ ...core, reputationOf, onRoom, onNode }, { namespace })
  const finder = new Finder({ ...core, onFound: source.onFound.bind(source) }, { namespace })
  const defaults = { preset, weights }
  const shown = resolveWeights({ route: NO_ROUTE, defaults }).weights
  const nodes = new NodeViews({
    directory: source,
    clock: core.clock,
    files: files.catalogue,
    reputationOf,
    weights: shown
  })
  return { source, finder, nodes }
}

interface DispatcherParts extends Ground {
  jobEvents: JobEvents
  jobFiles: JobFiles
  logs: JobLogs
  source: Directory
}

function createDispatcher(
  core: NodeCore,
  { jobEvents, jobFiles, ...parts }: DispatcherParts,
  {
    onChanged,
    onEnded
  }: Record<'onChanged' | 'onEnded', (job: JobRecord, finished?: FinishedItem) => void>
): Dispatcher {
  const { documents, reputation } = parts
  const dispatcher: Dispatcher = new Dispatcher({
    ...parts,
    preparation: jobFiles.preparation,
    sourcesOf: jobFiles.sourcesOf,
    link: new SessionTaskLink(core),
    taskText: (jobId, index) => documents.taskText(jobId, index),
    onOutcome: (outcome) => reputation.record(outcome),
    onAttempt: (attempt, item, isNewState) => {
      if (isNewState) jobEvents.attempt(attempt, item)
      else jobEvents.progress(attempt, item)
      const job = attempt.logFile === null ? undefined : dispatcher.job(attempt.jobId)
      if (job !== undefined) jobFiles.attemptEnded(job, attempt)
    },
    onChanged: (job, finished) => {
      if (finished !== undefined) jobFiles.itemEnded(job, finished.item)
      if (job.hasEnded) documents.forget(job.record.id)
      const { shownRecord } = job
      onChanged(shownRecord, finished)
      if (isTerminal(shownRecord.state)) onEnded(shownRecord)
    }
  })
  return dispatcher
}

interface WaitingParts extends Ground {
  dispatcher: Dispatcher
  source: Directory
  texts: FileTexts
  web: WebFiles
  onNew: (job: JobRecord) => void
  onChanged: (job: JobRecord) => void
}

/** Where jobs are that have not begun: at the door, and in the waiting room. */
function createWaiting(
  { queuedItemsMax }: RouterSettings,
  parts: WaitingParts
): { admission: Admission; launcher: JobLauncher; pending: PendingJobs } {
  const { dispatcher } = parts
  const countOpen = (): number => {
    const { held, queued, running } = dispatcher.counts()
    return held + queued + running + pending.countItems()
  }
  const admission = new Admission({ ...parts, countOpen }, { queuedItemsMax })
  const launcher = new JobLauncher(parts)
  const schedules = new Schedules({ ...parts, admission, launcher })
  const pending: PendingJobs = new PendingJobs({ ...parts, launcher, schedules })
  return { admission, launcher, pending }
}

/** Of a job that says nothing about its route. */
const NO_ROUTE = { preset: undefined, weights: undefined, pickCount: 1 }

/** A log that cannot be stored is lost, so that no task waits for its log. */
function writeLogs({ logger, store }: Ground): (changes: readonly StoreChange[]) => void {
  return (changes) => {
    store.apply(changes).catch((cause: unknown) => {
      logger.warn({ err: cause }, 'part of a log could not be stored')
    })
  }
}
