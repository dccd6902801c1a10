/** How long a router takes to start with what its last life left, beside reading the same file. */
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { SqliteJobStore } from '../../src/jobs/sqlite/store.ts'
import { BenchProcess } from './support/bench-process.ts'
import { NOOP_JOB } from './support/bodies.ts'
import {
  SAMPLE_DECISION,
  SAMPLE_WORKER,
  beginChanges,
  endChanges,
  submitChanges
} from './support/store-records.ts'
import type { Bench, BenchOptions, Cell, Prepared, Sample } from './support/bench.ts'
import type { EngineProcessInit, StartFigures } from './engine-process.ts'
import type { StoreChange } from '../../src/jobs/store.ts'
import type { StoreReadInit } from './store-read-process.ts'

const JOBS = { quick: 20_000, full: 100_000 }
const STATES = ['unfinished', 'ended'] as const
/** Enough to fill a commit. */
const WRITTEN_AT_ONCE = 1_000

type State = (typeof STATES)[number]

export const restartBench: Bench = {
  name: 'restart',
  title: 'a router starts with 100,000 jobs (--quick: 20,000) in its store',
  notes: [
    'ready: a new process, from the start of its store until new jobs are taken; the network is not counted. open:',
    'the store alone. rows: bare node:sqlite reads the records of the unfinished jobs and parses them, in one process',
    'and thread. file: the bytes of the same file are read. The file is in the memory of the system each time.'
  ],
  columns: [
    { metric: 'ms', title: 'ready ms', digits: 1 },
    { metric: 'openMs', title: 'open ms', digits: 1 },
    { metric: 'usPerJob', title: 'us/unfinished job', digits: 1 },
    { metric: 'fileMib', title: 'file MiB', digits: 1 }
  ],
  primary: 'ms',
  reference: 'file',
  comparisons: STATES.map((state) => ({
    label: `router / rows, ${state}`,
    metric: 'ms',
    variant: variantOf(state),
    of: 'router',
    to: 'rows'
  })),
  rounds: { quick: 3, full: 5 },
  warmUpRounds: 1,
  prepare
}

function variantOf(state: State): string {
  return `${state} jobs`
}

async function prepare(options: BenchOptions): Promise<Prepared> {
  const count = options.isQuick ? JOBS.quick : JOBS.full
  const cells: Cell[] = []
  for (const state of STATES) {
    const home = join(options.home, state)
    const file = join(home, 'router', 'jobs.db')
    await writeStore(file, { state, count })
    const variant = variantOf(state)
    const read = (how: StoreReadInit['how']) => (): Promise<Sample> =>
      measureRead({ file, how }, options)
    cells.push(
      { design: 'file', variant, measure: read('file') },
      { design: 'rows', variant, measure: read('rows') },
      { design: 'router', variant, measure: () => measureRouter(home, file, options) }
    )
  }
  return { cells, skipped: [], stop: async () => {} }
}

/** As a router leaves it behind that was stopped. */
async function writeStore(
  file: string,
  { count, state }: { state: State; count: number }
): Promise<void> {
  mkdirSync(join(file, '..'), { recursive: true })
  const store = new SqliteJobStore({ file, sync: 'normal' })
  await store.start()
  for (let from = 0; from < count; from += WRITTEN_AT_ONCE) {
    const ids = Array.from({ length: WRITTEN_AT_ONCE }, (_, index) => from + index)
    await store.apply(ids.flatMap((number) => changesOf(number, state)))
  }
  await store.stop()
}

function changesOf(number: number, state: State): StoreChange[] {
  const id = `j-${String(number).padStart(12, '0')}`
  const submitted = submitChanges(id, JSON.stringify(NOOP_JOB))
  if (state === 'unfinished') return submitted
  const begun = beginChanges(id, SAMPLE_WORKER, SAMPLE_DECISION)
  return [...submitted, ...begun, ...endChanges(id, SAMPLE_WORKER, 'null')]
}

async function measureRead(init: StoreReadInit, options: BenchOptions): Promise<Sample> {
  const reader = await BenchProcess.start('store-read-process.ts', init, options)
  try {
    return { ms: await reader.ask<number>('read'), ...sizeOf(init.file) }
  } finally {
    await reader.stop()
  }
}

async function measureRouter(home: string, file: string, options: BenchOptions): Promise<Sample> {
  const flags: EngineProcessInit['flags'] = {
    home: [home],
    listen: ['/ip4/127.0.0.1/tcp/0'],
    http: ['127.0.0.1:0']
  }
  const init: EngineProcessInit = { flags }
  const router = await BenchProcess.start('engine-process.ts', init, options)
  try {
    const { jobs, readyMs, storeMs } = await router.ask<StartFigures>('started')
    const usPerJob = jobs === 0 ? Number.NaN : (readyMs * 1_000) / jobs
    return { ms: readyMs, openMs: storeMs, usPerJob, ...sizeOf(file) }
  } finally {
    await router.stop()
  }
}

function sizeOf(file: string): { fileMib: number } {
  return { fileMib: statSync(file).size / 1_024 ** 2 }
}
