/** What a long queue costs: memory for each job that waits, and the pace at its beginning and at its end. */
import { join } from 'node:path'
import { BenchProcess } from './support/bench-process.ts'
import type { Bench, BenchOptions, Cell, Prepared, Sample } from './support/bench.ts'
import type {
  DrainQuestion,
  DrainResult,
  EngineProcessInit,
  FillQuestion,
  FillResult
} from './engine-process.ts'
import type { ReadyReport } from '../../src/roles/role.ts'
import type { RoleProcessInit } from './role-process.ts'

const JOBS = { quick: 20_000, full: 100_000 }
/** Jobs of the beginning and of the end that are timed: far more than are at the worker at a time. */
const EDGE_JOBS = 5_000
/** Bytes of the body of each job. */
const SMALL = { name: 'bodies of 200 B', bodyBytes: 200 }
const LARGE = { name: 'bodies of 20 KB', bodyBytes: 20_000 }
const READY_MS = 20_000

const WAITING = 'waiting'
const LEAVING = 'leaving'

export const queueBench: Bench = {
  name: 'queue',
  title: '100,000 no-op jobs (--quick: 20,000) in one queue: waiting, then leaving for one worker',
  notes: [
    'waiting: a new router is filled, no worker is there. Memory for each job of the second half: by then the cache of',
    'documents and the pages of the store have met their bounds, if they ever do. It must not grow with the bodies.',
    'leaving: the first and the last 5,000 that are sent, and 5,000 that are the whole queue (short), which is the pace',
    'of a router without one. CPU: of the router, all threads.'
  ],
  columns: [
    { metric: 'heapBytes', title: 'heap B/job', digits: 0 },
    { metric: 'rssBytes', title: 'RSS B/job', digits: 0 },
    { metric: 'perSecond', title: 'jobs/s', digits: 0 },
    { metric: 'cpuUs', title: 'router CPU us', digits: 1 }
  ],
  primary: 'perSecond',
  reference: 'short',
  comparisons: [
    {
      label: '20 KB / 200 B, heap',
      metric: 'heapBytes',
      variant: WAITING,
      of: LARGE.name,
      to: SMALL.name,
      goal: '<= 1x'
    },
    ...(['first', 'last'] as const).flatMap((design) => [
      ratio(`${design} / short, pace`, 'perSecond', design),
      ratio(`${design} / short, CPU`, 'cpuUs', design)
    ])
  ],
  rounds: { quick: 1, full: 3 },
  warmUpRounds: 0,
  prepare
}

function ratio(label: string, metric: string, of: string): Bench['comparisons'][number] {
  return { label, metric, variant: LEAVING, of, to: 'short', goal: '1x' }
}

async function prepare(options: BenchOptions): Promise<Prepared> {
  const jobs = options.isQuick ? JOBS.quick : JOBS.full
  const mesh = new QueueMesh(options)
  const waiting = [SMALL, LARGE].map(({ bodyBytes, name }) => ({
    design: name,
    variant: WAITING,
    measure: () => measureWaiting({ count: jobs, bodyBytes }, options)
  }))
  const leaving = (['short', 'first', 'last'] as const).map((design) => ({
    design,
    variant: LEAVING,
    measure: () => mesh.measure(design)
  }))
  return { cells: [...waiting, ...leaving] satisfies Cell[], skipped: [], stop: () => mesh.stop() }
}

/** In a new process, whose memory has not yet grown. */
async function measureWaiting(fill: FillQuestion, options: BenchOptions): Promise<Sample> {
  const router = await startRouter(`waiting-${fill.bodyBytes}`, [], options)
  try {
    return { ...(await router.ask<FillResult>('fill', fill)) }
  } finally {
    await router.stop()
  }
}

/** One router and one worker for all rounds; the first and the last jobs are those of one queue. */
class QueueMesh {
  readonly #options: BenchOptions
  readonly #count: number
  readonly #processes: BenchProcess[] = []
  #router: Promise<BenchProcess> | undefined
  #drained: DrainResult | undefined

  constructor(options: BenchOptions) {
    this.#options = options
    this.#count = options.isQuick ? JOBS.quick : JOBS.full
  }

  async measure(design: 'short' | 'first' | 'last'): Promise<Sample> {
    if (design === 'short') return (await this.#drain(EDGE_JOBS)).first
    const drained = design === 'first' ? await this.#drain(this.#count) : this.#drained
    this.#drained = drained
    return (drained ?? (await this.#drain(this.#count)))[design]
  }

  async stop(): Promise<void> {
    for (const process of this.#processes.toReversed()) await process.stop()
  }

  async #drain(count: number): Promise<DrainResult> {
    this.#router ??= this.#start()
    const router = await this.#router
    const fill: FillQuestion = { count, bodyBytes: SMALL.bodyBytes }
    await router.ask('fill', fill)
    const drain: DrainQuestion = { edge: EDGE_JOBS }
    return await router.ask<DrainResult>('drain', drain)
  }

  /** With a short queue behind it, for the compiler. */
  async #start(): Promise<BenchProcess> {
    const bootstrap = await this.#role('bootstrap', {})
    const { addresses } = await bootstrap.ask<ReadyReport>('report')
    await this.#role('worker', {
      bootstrap: addresses,
      slots: ['256'],
      'queue-slots': ['256'],
      engine: ['builtin']
    })
    const router = await startRouter('leaving', addresses, this.#options)
    this.#processes.push(router)
    await untilWorkerIsKnown(router)
    await router.ask('cordon')
    this.#router = Promise.resolve(router)
    await this.#drain(EDGE_JOBS)
    return router
  }

  async #role(
    role: RoleProcessInit['role'],
    flags: RoleProcessInit['flags']
  ): Promise<BenchProcess> {
    const listen = ['/ip4/127.0.0.1/tcp/0']
    const init: RoleProcessInit = { role, flags: { home: [this.#options.home], listen, ...flags } }
    const process = await BenchProcess.start('role-process.ts', init, this.#options)
    this.#processes.push(process)
    return process
  }
}

async function startRouter(
  name: string,
  bootstrap: readonly string[],
  options: BenchOptions
): Promise<BenchProcess> {
  const init: EngineProcessInit = {
    flags: {
      home: [join(options.home, name)],
      listen: ['/ip4/127.0.0.1/tcp/0'],
      http: ['127.0.0.1:0'],
      bootstrap
    }
  }
  return await BenchProcess.start('engine-process.ts', init, options)
}

async function untilWorkerIsKnown(router: BenchProcess): Promise<void> {
  const endMs = performance.now() + READY_MS
  while ((await router.ask<number>('workers')) === 0) {
    if (performance.now() > endMs) throw new Error('the router found no worker')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
