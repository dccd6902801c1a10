/**
 * A router's job engine without a network: the real parts, put together as `src/roles/job-engine.ts` does
 * it, over workers, a clock and chance that the test owns.
 */
import { pino } from 'pino'
import { isTerminal } from '../../src/jobs/records.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { seededRandom } from '../../src/core/random.ts'
import { steadyTime } from '../../src/core/clock.ts'
import { Admission } from '../../src/dispatch/intake/admission.ts'
import { DemandCache } from '../../src/dispatch/demand.ts'
import { Dispatcher } from '../../src/dispatch/dispatcher.ts'
import { DocumentCache } from '../../src/dispatch/document-cache.ts'
import { ItemPreparation } from '../../src/dispatch/item-preparation.ts'
import { JobControl } from '../../src/dispatch/intake/job-control.ts'
import { JobExecution } from '../../src/dispatch/intake/job-execution.ts'
import { JobIntake } from '../../src/dispatch/intake/job-intake.ts'
import { JobLauncher } from '../../src/dispatch/intake/job-launcher.ts'
import { JobLogs } from '../../src/dispatch/views/job-logs.ts'
import { JobReader } from '../../src/dispatch/views/job-reader.ts'
import { JobWatchers } from '../../src/dispatch/views/job-watchers.ts'
import { MemoryJobStore } from '../../src/jobs/memory-store.ts'
import { PendingJobs } from '../../src/dispatch/intake/pending-jobs.ts'
import { ResultCache } from '../../src/dispatch/result-cache.ts'
import { Schedules } from '../../src/dispatch/intake/schedules.ts'
import { Stragglers } from '../../src/dispatch/stragglers.ts'
import { TaskNews } from '../../src/dispatch/task-news.ts'
import { FakeChecks } from './fake-checks.ts'
import { FakeClock } from './fake-clock.ts'
import { FakeJobFiles } from './fake-job-files.ts'
import { FakeOrders } from './fake-orders.ts'
import { FakeWorkers } from './fake-workers.ts'
import { NOTHING_HELD } from './fake-holdings.ts'
import { findSources } from '../../src/dispatch/input-sources.ts'
import type { ActiveJob } from '../../src/dispatch/active-job.ts'
import type { AttemptOutcome } from '../../src/reputation/outcomes.ts'
import type { AttemptRecord, JobRecord } from '../../src/jobs/records.ts'
import type { Clock } from '../../src/core/clock.ts'
import type { FileHoldings, OrderDesk, ResultChecks } from '../../src/dispatch/ports.ts'
import type { FinishedItem } from '../../src/dispatch/job-steps.ts'
import type { JobDocument } from '../../src/model/job.ts'
import type { JobStore } from '../../src/jobs/store.ts'
import type { SelectionRequest } from '../../src/selection/candidate.ts'

export interface EngineInit<C extends Clock = FakeClock> {
  clock?: C
  store?: JobStore
  workers?: FakeWorkers
  seed?: number
  cacheBytesMax?: number
  queuedItemsMax?: number
  routeDefaults?: SelectionRequest['defaults']
  holdings?: FileHoldings
  files?: FakeJobFiles
  /** @default signs nothing, and believes all */
  orders?: OrderDesk
  /** @default believes whatever comes first */
  checks?: ResultChecks
  /** Whether stragglers are looked after. @default false */
  hasStragglers?: boolean
}

interface EngineParts {
  store: JobStore
  workers: FakeWorkers
  dispatcher: Dispatcher
  documents: DocumentCache
  files: FakeJobFiles
  control: JobControl
  execution: JobExecution
  intake: JobIntake
  launcher: JobLauncher
  logs: JobLogs
  news: TaskNews
  pending: PendingJobs
  reader: JobReader
  watchers: JobWatchers
  outcomes: AttemptOutcome[]
  /** What was told of jobs; of attempts as they were told. */
  changes: { job: JobRecord; finished: FinishedItem | undefined }[]
  attemptsTold: AttemptRecord[]
  /** Takes up what is in the store. */
  start(): Promise<void>
  stop(): Promise<void>
}

export interface Engine extends EngineParts {
  clock: FakeClock
  /** Submits a job; its task does nothing unless the test says otherwise. */
  submit(document?: Partial<JobDocument>): Promise<string>
  /** Moves the time on, step by step, and lets everything that follows happen. */
  advance(ms: number, stepMs?: number): Promise<void>
}

/** Lets promises run until none is left to run: node comes to the next tick only then. */
export async function settle(): Promise<void> {
  await new Promise<void>((resolve) => {
    process.nextTick(resolve)
  })
}

export const NOOP = { engine: 'builtin', name: 'noop' } as const

const SILENT = pino({ level: 'silent' })

/** The parts on any clock, not started: for who watches over the time itself. */
export function buildParts(clock: Clock, init: Omit<EngineInit, 'clock'> = {}): EngineParts {
  const store = init.store ?? new MemoryJobStore()
  const workers = init.workers ?? new FakeWorkers()
  const files = init.files ?? new FakeJobFiles()
  const random = seededRandom(init.seed ?? 1)
  const nowMs = steadyTime(clock)
  const outcomes: AttemptOutcome[] = []
  const changes: EngineParts['changes'] = []
  const attemptsTold: AttemptRecord[] = []
  const watchers = new JobWatchers()
  const documents = new DocumentCache((jobId) => store.document(jobId), init.cacheBytesMax)
  const holdings = init.holdings ?? NOTHING_HELD
  const results = new ResultCache({ documents, holdings, store, logger: SILENT })
  const logs = new JobLogs({
    store,
    write: (written) => void store.apply(written).catch(() => {})
  })
  const tell = (job: JobRecord, finished: FinishedItem | undefined): void => {
    changes.push({ job, finished })
    watchers.tell({ job, finished })
  }
  const dispatcher: Dispatcher = new Dispatcher({
    clock,
    random,
    logger: SILENT,
    nowMs,
    store,
    source: workers,
    link: workers,
    orders: init.orders ?? new FakeOrders(),
    checks: init.checks ?? new FakeChecks(),
    logs,
    preparation: new ItemPreparation({ documents, holdings, results, logger: SILENT }),
    taskText: (jobId, index) => documents.taskText(jobId, index),
    taskBytes: (jobId) => documents.taskBytes(jobId),
    sourcesOf: async (jobId, index) =>
      await findSources(await documents.neededFiles(jobId, index), files),
    onOutcome: (outcome) => void outcomes.push(outcome),
    onAttempt: (attempt) => {
      attemptsTold.push(attempt)
      if (attempt.state === 'offered') stragglers?.attemptBegan()
    },
    onChanged: (job: ActiveJob, finished?: FinishedItem) => {
      if (finished !== undefined) results.itemEnded(job, finished.item)
      if (job.hasEnded) documents.forget(job.record.id)
      tell(job.shownRecord, finished)
      if (finished !== undefined) admission.ended(1)
      if (isTerminal(job.shownRecord.state)) pending.jobEnded(job.record)
    }
  })
  const stragglers =
    init.hasStragglers === true
      ? new Stragglers({ clock, nowMs, logger: SILENT, dispatcher, link: workers, source: workers })
      : undefined
  const demands = new DemandCache(init.routeDefaults ?? { preset: 'balanced', weights: undefined })
  const launcher = new JobLauncher({
    demands,
    dispatcher,
    documents,
    source: workers,
    random,
    nowMs,
    onNew: (job) => tell(job, undefined)
  })
  const countOpen = (): number => {
    const { queued, running } = dispatcher.counts()
    return queued + running + pending.countItems()
  }
  const admission = new Admission(
    { nowMs, countOpen },
    { queuedItemsMax: init.queuedItemsMax ?? LIMITS.jobItemsMax }
  )
  const schedules = new Schedules({ admission, documents, launcher, store, nowMs })
  const pending: PendingJobs = new PendingJobs({
    clock,
    demands,
    dispatcher,
    documents,
    launcher,
    logger: SILENT,
    nowMs,
    schedules,
    store,
    texts: files,
    web: files,
    onChanged: (job) => tell(job, undefined)
  })
  const reader = new JobReader({ store, dispatcher, watchers, clock })
  const intake = new JobIntake({
    admission,
    demands,
    holdings,
    launcher,
    logger: SILENT,
    nowMs,
    pending,
    random,
    reader,
    source: workers,
    store
  })
  const control = new JobControl({ clock, dispatcher, pending, reader })
  const find = (jobId: string) => pending.find(jobId)
  const execution = new JobExecution({ intake, find, store, watchers })
  const news = new TaskNews({ dispatcher, intake, store, logger: SILENT, nowMs })
  workers.onRoom = () => dispatcher.pump()
  workers.onReport = (peer, report) => news.report(peer, report)
  return {
    store,
    workers,
    dispatcher,
    documents,
    files,
    control,
    execution,
    intake,
    launcher,
    logs,
    news,
    pending,
    reader,
    watchers,
    outcomes,
    changes,
    attemptsTold,
    async start() {
      await dispatcher.start()
      await pending.start()
      await intake.start()
    },
    async stop() {
      await intake.stop()
      await stragglers?.stop()
      await pending.stop()
      await dispatcher.stop()
    }
  }
}

/** Builds an engine that is not started; `startEngine` is what most tests want. */
export function buildEngine(init: EngineInit = {}): Engine {
  const clock = init.clock ?? new FakeClock()
  const parts = buildParts(clock, init)
  return {
    ...parts,
    clock,
    async submit(document = {}) {
      const { job } = await parts.intake.submit({ task: NOOP, ...document }, 'test')
      await settle()
      return job.id
    },
    async advance(ms, stepMs = ms) {
      await settle()
      for (let doneMs = 0; doneMs < ms; doneMs += stepMs) {
        clock.advance(Math.min(stepMs, ms - doneMs))
        await settle()
      }
    }
  }
}

export async function startEngine(init: EngineInit = {}): Promise<Engine> {
  const engine = buildEngine(init)
  await engine.start()
  await settle()
  return engine
}

/** The next life of a router that was killed: the same store, the same workers, the old one stands still. */
export async function restart({ clock, store, workers }: Engine): Promise<Engine> {
  const next = { clock: new FakeClock(clock.wallMs()), store, workers: workers.nextLife() }
  return await startEngine(next)
}
