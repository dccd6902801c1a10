/** A router's job engine without a network: real dispatch over workers, a clock and chance that the test owns. */
import { pino } from 'pino'
import { seededRandom } from '../../src/core/random.ts'
import { steadyTime } from '../../src/core/clock.ts'
import { Dispatcher } from '../../src/dispatch/dispatcher.ts'
import { DocumentCache } from '../../src/dispatch/document-cache.ts'
import { JobIntake } from '../../src/dispatch/job-intake.ts'
import { JobReader } from '../../src/dispatch/job-reader.ts'
import { JobWatchers } from '../../src/dispatch/job-watchers.ts'
import { MemoryJobStore } from '../../src/jobs/memory-store.ts'
import { FakeClock } from './fake-clock.ts'
import { FakeWorkers } from './fake-workers.ts'
import type { AttemptOutcome } from '../../src/reputation/outcomes.ts'
import type { FinishedItem } from '../../src/dispatch/dispatcher.ts'
import type { JobDocument } from '../../src/model/job.ts'
import type { JobRecord } from '../../src/jobs/records.ts'
import type { JobStore } from '../../src/jobs/store.ts'
import type { SelectionRequest } from '../../src/selection/candidate.ts'

export interface EngineInit {
  clock?: FakeClock
  store?: JobStore
  workers?: FakeWorkers
  seed?: number
  cacheBytesMax?: number
  routeDefaults?: SelectionRequest['defaults']
}

export interface Engine {
  clock: FakeClock
  store: JobStore
  workers: FakeWorkers
  dispatcher: Dispatcher
  documents: DocumentCache
  intake: JobIntake
  reader: JobReader
  watchers: JobWatchers
  outcomes: AttemptOutcome[]
  changes: { job: JobRecord; finished: FinishedItem | undefined }[]
  /** Submits a job; its task does nothing unless the test says otherwise. */
  submit(document?: Partial<JobDocument>): Promise<string>
  /** Moves the time on, step by step, and lets everything that follows happen. */
  advance(ms: number, stepMs?: number): Promise<void>
}

/** Lets promises run until none is left to run at once. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve)
    })
  }
}

export const NOOP = { engine: 'builtin', name: 'noop' } as const

/** Builds an engine that is not started; `startEngine` is what most tests want. */
export function buildEngine(init: EngineInit = {}): Engine {
  const clock = init.clock ?? new FakeClock()
  const store = init.store ?? new MemoryJobStore()
  const workers = init.workers ?? new FakeWorkers()
  const logger = pino({ level: 'silent' })
  const random = seededRandom(init.seed ?? 1)
  const nowMs = steadyTime(clock)
  const outcomes: AttemptOutcome[] = []
  const changes: Engine['changes'] = []
  const watchers = new JobWatchers()
  const documents = new DocumentCache((jobId) => store.document(jobId), init.cacheBytesMax)
  const dispatcher = new Dispatcher({
    clock,
    random,
    logger,
    nowMs,
    store,
    source: workers,
    sendTask: workers.send,
    taskText: (jobId, index) => documents.taskText(jobId, index),
    onOutcome: (outcome) => void outcomes.push(outcome),
    onChanged: (job, finished) => {
      if (job.hasEnded) documents.forget(job.record.id)
      changes.push({ job: job.record, finished })
      watchers.tell({ job: job.shownRecord, finished })
    }
  })
  const reader = new JobReader({ store, dispatcher, watchers, clock, nowMs })
  const intake = new JobIntake(
    { dispatcher, documents, reader, source: workers, store, watchers, logger, random, nowMs },
    { routeDefaults: init.routeDefaults ?? { preset: 'balanced', weights: undefined } }
  )
  return {
    clock,
    store,
    workers,
    dispatcher,
    documents,
    intake,
    reader,
    watchers,
    outcomes,
    changes,
    async submit(document = {}) {
      const { id } = await intake.submit({ task: NOOP, ...document }, 'test')
      await settle()
      return id
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
  await engine.dispatcher.start()
  await engine.intake.start()
  await settle()
  return engine
}
