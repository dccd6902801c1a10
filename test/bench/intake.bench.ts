/** What it takes to put a job on disk: from its submission to its acknowledgement, by the engine and over HTTP. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { BenchProcess, measureLoad } from './support/bench-process.ts'
import type { Bench, BenchOptions, Cell, Comparison, Prepared, Sample } from './support/bench.ts'
import type { EngineProcessInit } from './engine-process.ts'
import type { HttpClientInit } from './http-client-process.ts'
import type { LoadInit } from './support/load.ts'
import type { RawInsertInit } from './raw-insert-process.ts'
import type { ReadyReport } from '../../src/roles/role.ts'

const IN_FLIGHT = [1, 16, 256]
const LOAD_MS = { quick: 250, full: 1_000 }
const SYNCS = ['full', 'normal'] as const

const GROUPED = 'insert grouped'

export const intakeBench: Bench = {
  name: 'intake',
  title: 'jobs from submission to acknowledgement, so many at once; nobody runs them',
  notes: [
    'engine: the router in one process, jobs handed to its intake there; each is checked, compiled, put on disk and',
    'queued. http: the same router over its API, the client in a process of its own. full answers once the disk has',
    'the job, normal once the system has it. insert single, insert grouped: the same bytes as one row by bare node:sqlite',
    'with WAL and synchronous FULL, a transaction for each or one for all that are there: what the disk itself takes.'
  ],
  columns: [
    { metric: 'perSecond', title: 'jobs/s', digits: 0 },
    { metric: 'p50Us', title: 'p50 us', digits: 0 },
    { metric: 'p99Us', title: 'p99 us', digits: 0 },
    { metric: 'clientCpuUs', title: 'process CPU us', digits: 1 },
    { metric: 'serverCpuUs', title: 'others CPU us', digits: 1 }
  ],
  primary: 'perSecond',
  reference: GROUPED,
  comparisons: IN_FLIGHT.flatMap((inFlight) => [
    ratio('engine full', GROUPED, inFlight),
    ratio('engine full', 'insert single', inFlight),
    ratio('engine full', 'engine normal', inFlight),
    ratio('http full', 'engine full', inFlight),
    ratio('http full', 'http normal', inFlight)
  ]),
  rounds: { quick: 3, full: 7 },
  warmUpRounds: 1,
  prepare
}

function ratio(of: string, to: string, inFlight: number): Comparison {
  const label = `${of} / ${to} @${inFlight}`
  return { label, metric: 'perSecond', variant: variantOf(inFlight), of, to }
}

function variantOf(inFlight: number): string {
  return `${inFlight} at once`
}

/** A design: measures one load and leaves nothing of it behind. */
type Measure = (init: LoadInit) => Promise<Sample>

async function prepare(options: BenchOptions): Promise<Prepared> {
  const processes: BenchProcess[] = []
  const stop = async (): Promise<void> => {
    for (const process of processes.toReversed()) await process.stop()
  }
  const start = async (file: string, init: unknown): Promise<BenchProcess> => {
    const process = await BenchProcess.start(file, init, options)
    processes.push(process)
    return process
  }
  try {
    const designs = new Map<string, Measure>()
    for (const sync of SYNCS) {
      const { engine, http } = await startRouter(sync, options, start)
      designs.set(`engine ${sync}`, (init) => measureLoad(engine, [], init))
      designs.set(`http ${sync}`, (init) => measureHttp(http, engine, init))
    }
    for (const design of ['insert single', GROUPED]) {
      const isGrouped = design === GROUPED
      const init: RawInsertInit = { file: join(options.home, `${design}.db`), isGrouped }
      const process = await start('raw-insert-process.ts', init)
      designs.set(design, (load) => measureLoad(process, [], load))
    }
    return { cells: cellsOf(designs, options), skipped: [], stop }
  } catch (cause) {
    await stop()
    throw cause
  }
}

function cellsOf(designs: ReadonlyMap<string, Measure>, options: BenchOptions): Cell[] {
  const durationMs = options.isQuick ? LOAD_MS.quick : LOAD_MS.full
  return IN_FLIGHT.flatMap((inFlight) =>
    [...designs].map(([design, measure]) => ({
      design,
      variant: variantOf(inFlight),
      measure: () => measure({ inFlight, durationMs })
    }))
  )
}

async function startRouter(
  sync: string,
  options: BenchOptions,
  start: (file: string, init: unknown) => Promise<BenchProcess>
): Promise<{ engine: BenchProcess; http: BenchProcess }> {
  const token = randomBytes(24).toString('base64url')
  const flags: EngineProcessInit['flags'] = {
    home: [join(options.home, sync)],
    listen: ['/ip4/127.0.0.1/tcp/0'],
    http: ['127.0.0.1:0'],
    token: [token],
    sync: [sync]
  }
  const engine = await start('engine-process.ts', { flags } satisfies EngineProcessInit)
  const report = await engine.ask<ReadyReport>('report')
  const visitor: HttpClientInit = { url: report.http ?? '', token }
  return { engine, http: await start('http-submit-process.ts', visitor) }
}

async function measureHttp(
  http: BenchProcess,
  engine: BenchProcess,
  init: LoadInit
): Promise<Sample> {
  const sample = await measureLoad(http, [engine], init)
  await engine.ask('clear', await http.ask<string[]>('takeIds'))
  return sample
}
