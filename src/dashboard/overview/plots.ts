/** What is plotted: which figures of the samples stand in which plot, in which unit, and what a plot says in one sentence. Pure. */
import type { SeriesSample } from '../../model/generated/api-series.ts'

/** How figures are written: by whoever knows the page's formats. */
export type PlotUnit = 'per second' | 'count' | 'duration' | 'bytes per second'

export interface PlotLine {
  title: string
  /** Which of the design's plot colours. */
  tone: 'first' | 'second' | 'bad' | 'quiet'
  value: (sample: SeriesSample, stepSeconds: number) => number | null | undefined
  isDashed?: boolean
}

export interface Plot {
  id: string
  title: string
  unit: PlotUnit
  lines: readonly PlotLine[]
}

const perSecond =
  (pick: (sample: SeriesSample) => number | undefined): PlotLine['value'] =>
  (sample, stepSeconds) => {
    const count = pick(sample)
    return count === undefined ? undefined : count / stepSeconds
  }

export const PLOTS: readonly Plot[] = [
  {
    id: 'throughput',
    title: 'Throughput',
    unit: 'per second',
    lines: [
      {
        title: 'completed',
        tone: 'first',
        value: perSecond(({ items_completed }) => items_completed)
      },
      {
        title: 'submitted',
        tone: 'quiet',
        isDashed: true,
        value: perSecond(({ items_submitted }) => items_submitted)
      }
    ]
  },
  {
    id: 'queue',
    title: 'Queue',
    unit: 'count',
    lines: [
      { title: 'waiting', tone: 'second', value: ({ items_queued }) => items_queued },
      { title: 'running', tone: 'first', value: ({ items_running }) => items_running }
    ]
  },
  {
    id: 'latency',
    title: 'Submission to result',
    unit: 'duration',
    lines: [
      { title: 'half within', tone: 'first', value: ({ latency_p50_ms }) => latency_p50_ms },
      {
        title: '99 of 100 within',
        tone: 'second',
        isDashed: true,
        value: ({ latency_p99_ms }) => latency_p99_ms
      }
    ]
  },
  {
    id: 'wait',
    title: 'Wait for a worker',
    unit: 'duration',
    lines: [
      { title: 'half within', tone: 'first', value: ({ wait_p50_ms }) => wait_p50_ms },
      {
        title: '99 of 100 within',
        tone: 'second',
        isDashed: true,
        value: ({ wait_p99_ms }) => wait_p99_ms
      }
    ]
  },
  {
    id: 'failures',
    title: 'Failures',
    unit: 'per second',
    lines: [
      { title: 'tasks failed', tone: 'bad', value: perSecond(({ items_failed }) => items_failed) },
      {
        title: 'attempts failed',
        tone: 'second',
        isDashed: true,
        value: perSecond(({ attempts_failed }) => attempts_failed)
      }
    ]
  },
  {
    id: 'slots',
    title: 'Slots',
    unit: 'count',
    lines: [
      { title: 'busy', tone: 'first', value: ({ slots_busy }) => slots_busy },
      { title: 'all', tone: 'quiet', isDashed: true, value: ({ slots_total }) => slots_total }
    ]
  },
  {
    id: 'workers',
    title: 'Workers ready',
    unit: 'count',
    lines: [{ title: 'ready', tone: 'first', value: ({ workers_ready }) => workers_ready }]
  },
  {
    id: 'bytes',
    title: 'File traffic',
    unit: 'bytes per second',
    lines: [
      {
        title: 'received',
        tone: 'first',
        value: perSecond(({ bytes_received }) => bytes_received)
      },
      {
        title: 'sent',
        tone: 'second',
        isDashed: true,
        value: perSecond(({ bytes_sent }) => bytes_sent)
      }
    ]
  }
]

/** Seconds since 1970, then each line's values; null where there is none. */
export type PlotData = [number[], ...(number | null)[][]]

/** Several steps without a sample: the node was away, and the line stops there. */
const GAP_STEPS = 2.5

/** The columns of a plot, with a hole wherever samples are missing. */
export function plotData(
  { lines }: Plot,
  samples: readonly SeriesSample[],
  stepMs: number
): PlotData {
  const times: number[] = []
  const columns: (number | null)[][] = lines.map(() => [])
  let beforeMs: number | undefined
  for (const sample of samples) {
    if (beforeMs !== undefined && sample.at_ms - beforeMs > GAP_STEPS * stepMs) {
      times.push((beforeMs + stepMs) / 1_000)
      for (const column of columns) column.push(null)
    }
    beforeMs = sample.at_ms
    times.push(sample.at_ms / 1_000)
    for (const [index, { value }] of lines.entries()) {
      columns[index]?.push(value(sample, stepMs / 1_000) ?? null)
    }
  }
  return [times, ...columns]
}

/** Whether the node tells of it at all: a monitor has no jobs. */
export function isTold({ lines }: Plot, samples: readonly SeriesSample[]): boolean {
  const newest = samples.at(-1)
  return newest !== undefined && lines.some(({ value }) => value(newest, 1) !== undefined)
}

export interface LineFigures {
  title: string
  newest: number | null
  least: number | null
  most: number | null
}

export function figuresOf(plot: Plot, data: PlotData): LineFigures[] {
  return plot.lines.map(({ title }, index) => {
    const values = data[index + 1] ?? []
    const known = values.filter((value) => value !== null)
    if (known.length === 0) return { title, newest: null, least: null, most: null }
    const least = known.reduce((one, other) => Math.min(one, other))
    const most = known.reduce((one, other) => Math.max(one, other))
    return { title, newest: values.at(-1) ?? null, least, most }
  })
}
