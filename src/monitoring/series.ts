/** How it went over time: a ring of the last hour in short steps, and one of the last day in long ones. Pure. */
import { Histogram } from './histogram.ts'
import type { JobCounts } from './job-meter.ts'
import type { SeriesSample, SeriesView } from '../model/generated/api-series.ts'

/** What is counted over a step. */
type Counted = Pick<
  SeriesSample,
  | 'attempts_failed'
  | 'bytes_received'
  | 'bytes_sent'
  | 'items_completed'
  | 'items_failed'
  | 'items_submitted'
>

/** What there is at the end of a step, and what was moved in it. */
export type Gauges = Omit<
  SeriesSample,
  'wait_p50_ms' | 'wait_p99_ms' | 'latency_p50_ms' | 'latency_p99_ms' | 'at_ms'
>

export const STEP_MS = 5_000
const FINE_SPAN_MS = 3_600_000
const COARSE_STEP_MS = 120_000
export const COARSE_SPAN_MS = 86_400_000
const FINE_PER_COARSE = COARSE_STEP_MS / STEP_MS

const COUNTED = [
  'items_submitted',
  'items_completed',
  'items_failed',
  'attempts_failed',
  'bytes_received',
  'bytes_sent'
] as const satisfies readonly (keyof Counted)[]

export class Series {
  readonly #fine = new Ring(FINE_SPAN_MS / STEP_MS)
  readonly #coarse = new Ring(COARSE_SPAN_MS / COARSE_STEP_MS)
  /** Of the long step that is not over. */
  #sums: Partial<Counted> = {}
  readonly #waits = new Histogram()
  readonly #latencies = new Histogram()
  #steps = 0

  get latest(): SeriesSample | undefined {
    return this.#fine.latest
  }

  /** One short step is over. @param jobs what happened to jobs in it, on a node that has some */
  add(atMs: number, gauges: Gauges, jobs?: JobCounts): void {
    const own: Gauges = jobs === undefined ? gauges : { ...gauges, ...countsOf(jobs) }
    this.#fine.add({ at_ms: atMs, ...own, ...(jobs && quantilesOf(jobs)) })
    for (const name of COUNTED) {
      const value = own[name]
      if (value !== undefined) this.#sums[name] = (this.#sums[name] ?? 0) + value
    }
    if (jobs !== undefined) {
      this.#waits.merge(jobs.waits)
      this.#latencies.merge(jobs.latencies)
    }
    this.#steps += 1
    if (this.#steps === FINE_PER_COARSE) this.#addCoarse(atMs, own, jobs !== undefined)
  }

  view(spanMs: number): SeriesView {
    return spanMs <= FINE_SPAN_MS
      ? { step_ms: STEP_MS, samples: this.#fine.last(Math.ceil(spanMs / STEP_MS)) }
      : { step_ms: COARSE_STEP_MS, samples: this.#coarse.last(Math.ceil(spanMs / COARSE_STEP_MS)) }
  }

  #addCoarse(atMs: number, gauges: Gauges, hasJobs: boolean): void {
    const times = { waits: this.#waits, latencies: this.#latencies }
    const quantiles = hasJobs ? quantilesOf(times) : {}
    this.#coarse.add({ at_ms: atMs, ...gauges, ...this.#sums, ...quantiles })
    this.#sums = {}
    this.#waits.clear()
    this.#latencies.clear()
    this.#steps = 0
  }
}

function countsOf(jobs: JobCounts): Partial<Counted> {
  return {
    items_submitted: jobs.submitted,
    items_completed: jobs.completed,
    items_failed: jobs.failed,
    attempts_failed: jobs.attemptsFailed
  }
}

function quantilesOf({
  latencies,
  waits
}: Pick<JobCounts, 'latencies' | 'waits'>): Partial<SeriesSample> {
  return {
    wait_p50_ms: waits.quantile(0.5),
    wait_p99_ms: waits.quantile(0.99),
    latency_p50_ms: latencies.quantile(0.5),
    latency_p99_ms: latencies.quantile(0.99)
  }
}

/** The last so many samples, oldest first. */
class Ring {
  readonly #size: number
  readonly #samples: SeriesSample[] = []
  #next = 0

  constructor(size: number) {
    this.#size = size
  }

  get latest(): SeriesSample | undefined {
    return this.#samples[(this.#next + this.#size - 1) % this.#size]
  }

  add(sample: SeriesSample): void {
    this.#samples[this.#next] = sample
    this.#next = (this.#next + 1) % this.#size
  }

  last(count: number): SeriesSample[] {
    const isFull = this.#samples.length === this.#size
    const inOrder = isFull
      ? [...this.#samples.slice(this.#next), ...this.#samples.slice(0, this.#next)]
      : this.#samples
    return inOrder.slice(-count)
  }
}
