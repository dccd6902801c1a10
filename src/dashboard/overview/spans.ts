/** The stretches of time that the plots may show, and how samples that are pushed lengthen what was read. Pure. */
import type { SeriesSample } from '../../model/generated/api-series.ts'

export interface Span {
  /** As the API and the address have it. */
  id: '5m' | '15m' | '1h' | '24h'
  title: string
  ms: number
  /** Between two of its samples, by the API. */
  stepMs: number
}

const MINUTE_MS = 60_000
const FINE_MS = 5_000
const COARSE_MS = 2 * MINUTE_MS

export const SPANS: readonly Span[] = [
  { id: '5m', title: '5 minutes', ms: 5 * MINUTE_MS, stepMs: FINE_MS },
  { id: '15m', title: '15 minutes', ms: 15 * MINUTE_MS, stepMs: FINE_MS },
  { id: '1h', title: '1 hour', ms: 60 * MINUTE_MS, stepMs: FINE_MS },
  { id: '24h', title: '24 hours', ms: 1_440 * MINUTE_MS, stepMs: COARSE_MS }
]

export const DEFAULT_SPAN: Span = SPANS[1] as Span

/** Samples, oldest first, with those of five seconds that came since; of a day those are gathered into its longer steps. */
export class SampleWindow {
  readonly #span: Span
  #samples: readonly SeriesSample[]
  /** Of the step that is not over yet. */
  #gathered: SeriesSample[] = []

  constructor(span: Span, samples: readonly SeriesSample[]) {
    this.#span = span
    this.#samples = samples
  }

  get samples(): readonly SeriesSample[] {
    return this.#samples
  }

  /** @returns whether there is more to see */
  append(sample: SeriesSample): boolean {
    const { ms, stepMs } = this.#span
    const newest = this.#gathered.at(-1) ?? this.#samples.at(-1)
    if (newest !== undefined && sample.at_ms <= newest.at_ms) return false
    this.#gathered.push(sample)
    const sinceMs = this.#samples.at(-1)?.at_ms ?? sample.at_ms - FINE_MS
    // A tick may come a little early.
    if (stepMs > FINE_MS && sample.at_ms - sinceMs < stepMs - FINE_MS / 2) return false
    const fromMs = sample.at_ms - ms
    const merged = stepMs > FINE_MS ? mergeSamples(this.#gathered) : sample
    this.#samples = [...this.#samples.filter(({ at_ms }) => at_ms >= fromMs), merged]
    this.#gathered = []
    return true
  }
}

const SUMS = [
  'items_submitted',
  'items_completed',
  'items_failed',
  'attempts_failed',
  'bytes_received',
  'bytes_sent'
] as const
const WORST = ['wait_p50_ms', 'wait_p99_ms', 'latency_p50_ms', 'latency_p99_ms'] as const

/** One sample of several steps: counts are summed, of quantiles the worst stands, the rest is as it was at the end. */
export function mergeSamples(samples: readonly SeriesSample[]): SeriesSample {
  const last = samples.at(-1) as SeriesSample
  const merged = { ...last }
  for (const key of SUMS) {
    if (last[key] !== undefined) {
      merged[key] = samples.reduce((sum, sample) => sum + (sample[key] ?? 0), 0)
    }
  }
  for (const key of WORST) {
    const known = samples.flatMap((sample) => sample[key] ?? [])
    if (last[key] !== undefined) merged[key] = known.length === 0 ? null : Math.max(...known)
  }
  return merged
}
