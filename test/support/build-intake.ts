/** All of a router that takes jobs in and lets them wait, around a dispatcher that the test plays. */
import { pino } from 'pino'
import { Admission } from '../../src/dispatch/intake/admission.ts'
import { DemandCache } from '../../src/dispatch/demand.ts'
import { DocumentCache } from '../../src/dispatch/document-cache.ts'
import { isTerminal } from '../../src/jobs/records.ts'
import { JobControl } from '../../src/dispatch/intake/job-control.ts'
import { JobExecution } from '../../src/dispatch/intake/job-execution.ts'
import { JobIntake } from '../../src/dispatch/intake/job-intake.ts'
import { JobLauncher } from '../../src/dispatch/intake/job-launcher.ts'
import { JobReader } from '../../src/dispatch/views/job-reader.ts'
import { JobWatchers } from '../../src/dispatch/views/job-watchers.ts'
import { MemoryJobStore } from '../../src/jobs/memory-store.ts'
import { MeshError } from '../../src/core/errors.ts'
import { PendingJobs } from '../../src/dispatch/intake/pending-jobs.ts'
import { Retention } from '../../src/dispatch/intake/retention.ts'
import { Schedules } from '../../src/dispatch/intake/schedules.ts'
import { seededRandom } from '../../src/core/random.ts'
import { steadyTime } from '../../src/core/clock.ts'
import { FakeClock } from './fake-clock.ts'
import { FakeDispatcher } from './fake-dispatcher.ts'
import { FakeJobFiles } from './fake-job-files.ts'
import { NOTHING_HELD } from './fake-holdings.ts'
import type { Candidate } from '../../src/selection/candidate.ts'
import type { JobDocument } from '../../src/model/job.ts'
import type { JobRecord } from '../../src/jobs/records.ts'
import type { JobStore } from '../../src/jobs/store.ts'

export interface IntakeInit {
  clock?: FakeClock
  store?: JobStore
  workers?: Candidate[]
  queuedItemsMax?: number
  seed?: number
  files?: FakeJobFiles
}

export interface Intake {
  clock: FakeClock
  store: JobStore
  workers: Candidate[]
  dispatcher: FakeDispatcher
  documents: DocumentCache
  files: FakeJobFiles
  intake: JobIntake
  control: JobControl
  execution: JobExecution
  pending: PendingJobs
  reader: JobReader
  /** Every record that a job had, as others heard of it. */
  heard: JobRecord[]
  /** Submits a job; its task does nothing unless the test says otherwise. */
  submit: (document?: Partial<JobDocument>) => Promise<string>
  /** The job as it is now. */
  record: (id: string) => Promise<JobRecord>
  advance: (ms: number) => Promise<void>
  stop: () => Promise<void>
}

/** Lets promises run until none is left to run at once. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 4; round += 1) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve)
    })
  }
}

/** The error with which a promise is rejected. */
export async function refusalOf(asked: Promise<unknown>): Promise<MeshError> {
  try {
    await asked
  } catch (cause) {
    return MeshError.from(cause)
  }
  throw new Error('it was not refused')
}

export const NOOP = { engine: 'builtin', name: 'noop' } as const

/** Starts it; what an earlier one left in the store is taken up. */
export async function startIntake(init: IntakeInit = {}): Promise<Intake> {
  const clock = init.clock ?? new FakeClock()
  const store = init.store ?? new MemoryJobStore()
  const workers = init.workers ?? []
  const logger = pino({ level: 'silent' })
  const random = seededRandom(init.seed ?? 1)
  const nowMs = steadyTime(clock)
  const heard: JobRecord[] = []
  const source = { answerBytes: () => 0, candidates: () => workers, workMs: () => 500 }
  const watchers = new JobWatchers()
  const demands = new DemandCache({ preset: 'balanced', weights: undefined })
  const documents = new DocumentCache((jobId) => store.document(jobId))
  const dispatcher = new FakeDispatcher({
    store,
    nowMs,
    onChanged: (job, finished) => {
      heard.push(job.shownRecord)
      if (finished !== undefined) admission.ended(1)
      watchers.tell({ job: job.shownRecord, finished })
      if (isTerminal(job.shownRecord.state)) pending.jobEnded(job.shownRecord)
    }
  })
  const admission = new Admission(
    {
      nowMs,
      countOpen: () =>
        dispatcher.counts().queued + dispatcher.counts().running + pending.countItems()
    },
    { queuedItemsMax: init.queuedItemsMax ?? 1_000_000 }
  )
  const onChanged = (job: JobRecord): void => {
    heard.push(job)
    if (isTerminal(job.state)) admission.ended(job.itemCount)
    watchers.tell({ job, finished: undefined })
  }
  const base = { clock, demands, dispatcher, documents, logger, nowMs, random, source, store }
  const launcher = new JobLauncher({ ...base, onNew: (job) => void heard.push(job) })
  const schedules = new Schedules({ ...base, admission, launcher })
  const files = init.files ?? new FakeJobFiles()
  const pending: PendingJobs = new PendingJobs({
    ...base,
    launcher,
    schedules,
    texts: files,
    web: files,
    onChanged
  })
  const reader = new JobReader({ ...base, watchers })
  const intake = new JobIntake({
    ...base,
    admission,
    holdings: NOTHING_HELD,
    launcher,
    pending,
    reader
  })
  const find = async (id: string): Promise<JobRecord | undefined> => await pending.find(id)
  const execution = new JobExecution({ intake, find, store, watchers })
  const control = new JobControl({ clock, dispatcher, pending, reader })
  const isNeeded = pending.isNeeded.bind(pending)
  const retention = new Retention({ clock, isNeeded, logger, nowMs, store })
  const parts = [pending, intake, retention]
  for (const part of parts) await part.start()
  await settle()
  return {
    clock,
    store,
    workers,
    dispatcher,
    documents,
    files,
    intake,
    control,
    execution,
    pending,
    reader,
    heard,
    async submit(document = {}) {
      const { job } = await intake.submit({ task: NOOP, ...document }, 'test')
      await settle()
      return job.id
    },
    async record(id) {
      const record = await pending.find(id)
      if (record === undefined) throw new Error(`there is no job ${id}`)
      return record
    },
    async advance(ms) {
      clock.advance(ms)
      await settle()
    },
    async stop() {
      for (const part of parts.toReversed()) await part.stop()
    }
  }
}
